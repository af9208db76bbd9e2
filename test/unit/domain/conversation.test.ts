import { describe, expect, it } from 'vitest';
import {
  answeredAlong,
  arrivalEstimate,
  type ConversationMessage,
  orderAt,
  standingOf,
} from '../../../src/domain/conversation.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const NOW = Date.UTC(2026, 2, 2, 12);
const CREATED = NOW - 10 * DAY;

/** Written a day ago, first seen half a day later at the first reading of its thread. */
const inbound = (id: string, more: Partial<ConversationMessage> = {}): ConversationMessage => {
  const originAt = more.originAt === undefined ? NOW - DAY : more.originAt;
  return {
    id,
    direction: 'inbound',
    originAt,
    firstSeenAt: NOW - DAY / 2,
    activityAt: originAt ?? NOW - DAY / 2,
    arrivalKnown: false,
    readingId: 'reading 1',
    state: 'carried',
    waitingKind: null,
    isOurs: false,
    ...more,
  };
};
const outbound = (id: string, more: Partial<ConversationMessage> = {}): ConversationMessage =>
  inbound(id, { direction: 'outbound', state: 'ended', ...more });

const standing = (message: ConversationMessage, others: ConversationMessage[] = [], now = NOW) =>
  standingOf(message, { threadCreatedAt: CREATED, messages: [message, ...others] }, now, DEFAULT_TIMING);

describe('a message that is carried another way than by a reply', () => {
  it.each(['callback', 'business_hours', 'outcome'] as const)(
    'waits for its %s whatever is replied to another one, and holds nobody up',
    (waitingKind) => {
      const called = inbound('called', { state: 'waiting', waitingKind, originAt: NOW - DAY / 2 });
      const later = inbound('later', { originAt: NOW - DAY / 3, firstSeenAt: NOW - DAY / 4 });
      const earlier = inbound('earlier', { originAt: NOW - DAY });
      expect(answeredAlong(later, { threadCreatedAt: CREATED, messages: [later, called, earlier] })).toEqual([earlier]);
      expect(standing(earlier, [called])).toEqual({ to: 'act' });
    },
  );
});

describe('standingOf', () => {
  it('a message that stands alone in a quiet thread is answered', () => {
    expect(standing(inbound('a'))).toEqual({ to: 'act' });
  });

  it('a reply of a person that follows it in the same reading supersedes it', () => {
    const reply = outbound('reply', { originAt: NOW - DAY + MINUTE });
    expect(standing(inbound('a'), [reply])).toEqual({ to: 'supersede', other: 'reply', reason: 'person_replied' });
  });

  it('a reply of a person that came before it changes nothing', () => {
    expect(standing(inbound('a'), [outbound('reply', { originAt: NOW - 2 * DAY })])).toEqual({ to: 'act' });
  });

  it('what is first seen after we held a later outbound message was overlooked: a person judges', () => {
    const held = outbound('reply', {
      originAt: NOW - DAY + MINUTE,
      firstSeenAt: NOW - DAY / 2 - MINUTE,
      readingId: 'reading 0',
    });
    expect(standing(inbound('a'), [held])).toEqual({ to: 'escalate', reason: 'seen_after_reply' });
    expect(standing(inbound('a'), [{ ...held, isOurs: true }])).toEqual({ to: 'escalate', reason: 'seen_after_reply' });
  });

  it('a reply of a person first seen later than the message supersedes it', () => {
    const reply = outbound('reply', {
      originAt: NOW - MINUTE,
      firstSeenAt: NOW,
      activityAt: NOW,
      readingId: 'reading 2',
    });
    expect(standing(inbound('a'), [reply])).toEqual({ to: 'supersede', other: 'reply', reason: 'person_replied' });
  });

  it('a later reply of Waybill in the same reading does not pass for a person', () => {
    const ours = outbound('ours', { originAt: NOW - DAY + MINUTE, isOurs: true });
    expect(standing(inbound('a'), [ours])).toEqual({ to: 'act' });
  });

  it('of several open messages the newest is answered and the others wait for it', () => {
    const older = inbound('a', { originAt: NOW - 2 * DAY });
    const newer = inbound('b');
    expect(standing(older, [newer])).toEqual({ to: 'await', newer: 'b' });
    expect(standing(newer, [older])).toEqual({ to: 'act' });
  });

  it('of two with the same stamp exactly one goes first', () => {
    expect(standing(inbound('a'), [inbound('b')])).toEqual({ to: 'await', newer: 'b' });
    expect(standing(inbound('b'), [inbound('a')])).toEqual({ to: 'act' });
  });

  it('nobody waits for a newer message that has ended or still has no body', () => {
    const older = inbound('a', { originAt: NOW - 2 * DAY });
    expect(standing(older, [inbound('b', { state: 'ended' })])).toEqual({ to: 'act' });
    expect(standing(older, [inbound('b', { state: 'parked' })])).toEqual({ to: 'act' });
    expect(standing(older, [inbound('b', { state: 'waiting', waitingKind: 'body' })])).toEqual({ to: 'act' });
    expect(standing(older, [inbound('b', { state: 'waiting', waitingKind: 'settle' })])).toEqual({
      to: 'await',
      newer: 'b',
    });
  });

  it('a thread that was active a moment ago settles for two minutes first', () => {
    const fresh = inbound('a', { originAt: NOW - MINUTE, firstSeenAt: NOW, activityAt: NOW - MINUTE });
    expect(standing(fresh)).toEqual({ to: 'settle', until: NOW + MINUTE });
    expect(standing(fresh, [], NOW + MINUTE)).toEqual({ to: 'act' });
  });

  it('any other message of the thread keeps it from settling, an answered one as well', () => {
    const stirring = inbound('b', { state: 'ended', originAt: NOW - 2 * DAY, activityAt: NOW, arrivalKnown: true });
    expect(standing(inbound('a'), [stirring])).toEqual({ to: 'settle', until: NOW + DEFAULT_TIMING.settleMs });
  });

  it('a stamp of 2099 neither keeps a thread from settling nor makes a message the newest for ever', () => {
    const dated = inbound('a', { originAt: Date.UTC(2099, 0, 1), firstSeenAt: NOW, activityAt: NOW });
    expect(standing(dated)).toEqual({ to: 'act' });
    const newer = inbound('b', { originAt: NOW + MINUTE, firstSeenAt: NOW + MINUTE, activityAt: NOW + MINUTE });
    expect(standing(dated, [newer], NOW + DAY)).toEqual({ to: 'await', newer: 'b' });
  });

  it('a stamp of 1970 stands at the beginning of the thread, not before it', () => {
    const ancient = inbound('a', { originAt: 0, activityAt: CREATED });
    expect(standing(ancient, [outbound('reply')])).toEqual({
      to: 'supersede',
      other: 'reply',
      reason: 'person_replied',
    });
    expect(orderAt(ancient, CREATED)).toBe(CREATED);
  });
});

describe('arrivalEstimate', () => {
  it('is first seen on a re-visit, the claimed stamp where it can be true, and the creation of the thread otherwise', () => {
    const at = (more: Partial<ConversationMessage>) => arrivalEstimate(inbound('a', more), CREATED, DEFAULT_TIMING);
    expect(at({ arrivalKnown: true, activityAt: NOW, originAt: 0 })).toBe(NOW);
    expect(at({})).toBe(NOW - DAY);
    expect(at({ originAt: Date.UTC(2099, 0, 1) })).toBe(CREATED);
    expect(at({ originAt: null })).toBe(CREATED);
  });
});

describe('answeredAlong', () => {
  const along = (message: ConversationMessage, others: ConversationMessage[]) =>
    answeredAlong(message, { threadCreatedAt: CREATED, messages: [message, ...others] }).map((one) => one.id);

  it('names earlier open messages, and neither later, ended nor outbound ones', () => {
    const others = [
      inbound('earlier', { originAt: NOW - 2 * DAY, state: 'waiting', waitingKind: 'turn' }),
      inbound('recorded', { originAt: NOW - 3 * DAY, state: 'recorded' }),
      inbound('later', { originAt: NOW - DAY + 1 }),
      inbound('ended', { originAt: NOW - 2 * DAY, state: 'ended' }),
      inbound('parked', { originAt: NOW - 2 * DAY, state: 'parked' }),
      outbound('reply', { originAt: NOW - 2 * DAY }),
    ];
    expect(along(inbound('a'), others)).toEqual(['earlier', 'recorded']);
  });

  it('leaves a message without a body to itself: nobody knows yet what it asks', () => {
    expect(along(inbound('a'), [inbound('b', { originAt: CREATED, state: 'waiting', waitingKind: 'body' })])).toEqual(
      [],
    );
  });
});
