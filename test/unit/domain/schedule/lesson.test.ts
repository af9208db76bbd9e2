import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ClassedMessage, VISIT_CLASSES, visitClassOf } from '../../../../src/domain/schedule/visit-class.js';
import { lessonOf, type VisitedMessage } from '../../../../src/domain/schedule/visit-lesson.js';

const HOUR = 3_600_000;
const inbound: ClassedMessage = { direction: 'inbound', reason: null };
const outbound: ClassedMessage = { direction: 'outbound', reason: 'person_reply' };

describe('the class of a thread', () => {
  it.each<[string, string, ClassedMessage[], string]>([
    ['whose last word is the customer’s', 'open', [inbound, outbound, inbound], 'awaiting_us'],
    ['that was answered once', 'open', [outbound, inbound], 'answered'],
    [
      'in which the customer came back after an answer',
      'open',
      [outbound, inbound, outbound, inbound],
      'awaiting_customer',
    ],
    ['that we began', 'open', [outbound], 'awaiting_customer'],
    ['that the provider has closed', 'closed', [inbound], 'closed'],
    ['under spam', 'spam', [inbound], 'no_reply'],
    ['of a mailing list', 'open', [{ direction: 'inbound', reason: 'bulk_mail' }], 'no_reply'],
    ['of a status that nobody knows', 'waiting', [outbound, inbound], 'answered'],
    ['without messages', 'open', [], 'awaiting_us'],
  ])('%s', (_, status, messages, visitClass) => {
    expect(visitClassOf(status, messages)).toBe(visitClass);
  });
});

describe('docs/reference/scheduling.md', () => {
  it('says of every class what its table says', () => {
    const page = readFileSync('docs/reference/scheduling.md', 'utf8')
      .split(/^## /m)
      .find((one) => one.startsWith('Classes'));
    const rows = [...(page ?? '').matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, name, meaning]) => [name, meaning]);
    expect(rows).toEqual(Object.entries(VISIT_CLASSES));
  });
});

describe('a whole reading', () => {
  const begunAt = 100 * HOUR;
  const message = (more: Partial<VisitedMessage>): VisitedMessage => ({
    direction: 'inbound',
    reason: null,
    activityAt: 50 * HOUR,
    firstSeenAt: 50 * HOUR,
    firstSeenBy: 'poll',
    isOurs: false,
    ...more,
  });
  const old = message({});
  const news = message({ activityAt: begunAt + 1, firstSeenAt: begunAt + 1 });
  const visit = { status: 'open', classBefore: 'answered' as const, previousAt: 90 * HOUR, begunAt };
  const replies = (messages: VisitedMessage[]) =>
    lessonOf({ ...visit, messages }).exposures.reduce((sum, one) => sum + one.replies, 0);
  const minutes = (messages: VisitedMessage[]) =>
    lessonOf({ ...visit, messages }).exposures.reduce((sum, one) => sum + one.minutes, 0);

  it('teaches of the class that the thread had, and says the one that it has', () => {
    expect(lessonOf({ ...visit, messages: [news, old] })).toMatchObject({
      learntOf: 'answered',
      visitClass: 'awaiting_us',
    });
  });

  it('that finds nothing new watched the silence since the reading before', () => {
    expect([replies([old]), minutes([old])]).toEqual([0, 600]);
  });

  it('that finds a message saw the silence end, half of the time unwatched', () => {
    expect(replies([news, old])).toBe(1);
    expect(minutes([news, old])).toBeLessThan(600);
  });

  it('does not take our own reply for news', () => {
    expect(replies([{ ...news, direction: 'outbound', isOurs: true }, old])).toBe(0);
  });

  it('that a hint led to leaves nothing for visits to find, and counts as hinted', () => {
    const lesson = lessonOf({ ...visit, messages: [{ ...news, firstSeenBy: 'webhook' }, old] });
    expect(lesson.hinted).toBe(1);
    expect(lesson.exposures.every((one) => one.replies === 0)).toBe(true);
  });

  it('teaches nothing the first time, nor of a thread that was empty', () => {
    expect(lessonOf({ ...visit, previousAt: null, messages: [news, old] }).exposures).toEqual([]);
    expect(lessonOf({ ...visit, messages: [news] }).exposures).toEqual([]);
  });

  it('teaches nothing after a backfill or an audit found something, whose arrival nobody knows', () => {
    for (const firstSeenBy of ['backfill', 'audit'] as const) {
      const found = message({ activityAt: 95 * HOUR, firstSeenAt: 95 * HOUR, firstSeenBy });
      expect(lessonOf({ ...visit, messages: [news, found, old] }).exposures).toEqual([]);
    }
  });
});
