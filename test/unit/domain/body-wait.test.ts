import { describe, expect, it } from 'vitest';
import { bodyWait } from '../../../src/domain/body-wait.js';
import type { ConversationMessage } from '../../../src/domain/conversation.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const NOW = Date.UTC(2026, 2, 2, 12);
const CREATED = NOW - 10 * DAY;

const fresh: ConversationMessage = {
  id: 'a',
  direction: 'inbound',
  originAt: NOW,
  firstSeenAt: NOW,
  activityAt: NOW,
  arrivalKnown: true,
  readingId: 'reading 1',
  state: 'carried',
  waitingKind: null,
  isOurs: false,
};
const look = (message: ConversationMessage, waits: number, now = NOW) =>
  bodyWait(message, CREATED, waits, now, DEFAULT_TIMING);

describe('bodyWait', () => {
  it('looks again after 1, 5 and 30 minutes, then gives up', () => {
    expect([0, 1, 2, 3].map((waits) => look(fresh, waits))).toEqual([
      NOW + MINUTE,
      NOW + 5 * MINUTE,
      NOW + 30 * MINUTE,
      null,
    ]);
  });

  it('gives up as soon as all waits together have passed since its arrival', () => {
    expect(look(fresh, 0, NOW + 36 * MINUTE)).not.toBeNull();
    expect(look(fresh, 0, NOW + 36 * MINUTE + 1)).toBeNull();
  });

  it('does not wait for the body of old mail, whose time has passed before we saw it', () => {
    const old = { ...fresh, arrivalKnown: false, originAt: NOW - DAY, activityAt: NOW - DAY };
    expect(look(old, 0)).toBeNull();
  });

  it('a stamp of 2099 or 1970 on old mail buys no wait', () => {
    const old = { ...fresh, arrivalKnown: false };
    expect(look({ ...old, originAt: Date.UTC(2099, 0, 1), activityAt: NOW }, 0)).toBeNull();
    expect(look({ ...old, originAt: 0, activityAt: CREATED }, 0)).toBeNull();
  });
});
