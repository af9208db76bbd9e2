import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';
import { type ActivityInput, activityAt, clamp, nextVisitAt } from '../../../src/domain/visit-schedule.js';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const NOW = Date.UTC(2026, 2, 2, 12);
const YEAR_1970 = 0;
const YEAR_2099 = Date.UTC(2099, 0, 1);

const seen = (more: Partial<ActivityInput> = {}): ActivityInput => ({
  originAt: NOW - 3 * DAY,
  receivedAt: null,
  firstSeenAt: NOW,
  threadCreatedAt: NOW - 10 * DAY,
  onRevisit: false,
  ...more,
});

describe('activityAt', () => {
  it('takes the claimed stamp at first enumeration, as far as it can be true', () => {
    expect(activityAt(seen())).toBe(NOW - 3 * DAY);
  });

  it('a stamp of 1970 counts as the creation of the thread, one of 2099 as the moment it was first seen', () => {
    expect(activityAt(seen({ originAt: YEAR_1970 }))).toBe(NOW - 10 * DAY);
    expect(activityAt(seen({ originAt: YEAR_2099 }))).toBe(NOW);
  });

  it('a stamp written in another zone is the same instant', () => {
    const originAt = Date.parse('2026-02-28T23:30:00+11:00');
    expect(activityAt(seen({ originAt }))).toBe(Date.parse('2026-02-28T12:30:00Z'));
  });

  it('what comes on a re-visit counts when it was first seen, whatever its stamp says', () => {
    for (const originAt of [YEAR_1970, NOW - DAY, YEAR_2099, null])
      expect(activityAt(seen({ originAt, onRevisit: true }))).toBe(NOW);
  });

  it('a verified receipt goes before everything else', () => {
    expect(activityAt(seen({ receivedAt: NOW - MINUTE, onRevisit: true, originAt: YEAR_2099 }))).toBe(NOW - MINUTE);
  });

  it('a receipt that cannot be true neither retires a thread nor keeps it hot, however good the claim was so far', () => {
    expect(activityAt(seen({ receivedAt: YEAR_2099 }))).toBe(NOW);
    expect(activityAt(seen({ receivedAt: YEAR_1970 }))).toBe(NOW - 10 * DAY);
  });

  it('without a readable stamp it is the moment it was first seen', () => {
    expect(activityAt(seen({ originAt: null }))).toBe(NOW);
  });

  it('lies between the creation of the thread and first seen for every stamp there can be', () => {
    fc.assert(
      fc.property(fc.integer({ min: -8.64e15, max: 8.64e15 }), fc.integer({ min: 0, max: 400 }), (originAt, age) => {
        const at = activityAt(seen({ originAt, threadCreatedAt: NOW - age * DAY }));
        expect(at).toBeGreaterThanOrEqual(NOW - age * DAY);
        expect(at).toBeLessThanOrEqual(NOW);
      }),
    );
  });

  it('a thread that claims to be created in the future counts from its claim, never from 1970', () => {
    expect(activityAt(seen({ originAt: YEAR_1970, threadCreatedAt: NOW + DAY }))).toBe(NOW);
  });
});

describe('clamp', () => {
  it('keeps a value within its bounds, and within them as a range where they are crossed', () => {
    expect(clamp(5, 0, 10)).toBe(5);
    expect(clamp(-5, 0, 10)).toBe(0);
    expect(clamp(15, 0, 10)).toBe(10);
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.integer(), (value, from, to) => {
        const inside = clamp(value, from, to);
        expect(inside).toBeGreaterThanOrEqual(Math.min(from, to));
        expect(inside).toBeLessThanOrEqual(Math.max(from, to));
      }),
    );
  });
});

describe('nextVisitAt', () => {
  it('comes after 15 minutes while the thread is fresh, and after a falling share of its silence later on', () => {
    const wait = (silence: number) =>
      Math.round(((nextVisitAt(NOW, NOW - silence, DEFAULT_TIMING) ?? 0) - NOW) / MINUTE);
    expect(wait(0)).toBe(15);
    expect(wait(88 * MINUTE)).toBe(15);
    expect(wait(DAY)).toBe(161);
    expect(wait(10 * DAY)).toBe(1_140);
    expect(wait(300 * DAY)).toBe(20_533);
  });

  it('an activity in the future counts as none at all', () => {
    expect(nextVisitAt(NOW, YEAR_2099, DEFAULT_TIMING)).toBe(NOW + 15 * MINUTE);
  });

  it('retires a thread only with a visit at or after the horizon', () => {
    const { horizonMs } = DEFAULT_TIMING;
    expect(nextVisitAt(NOW, NOW - horizonMs + 1, DEFAULT_TIMING)).not.toBeNull();
    expect(nextVisitAt(NOW, NOW - horizonMs, DEFAULT_TIMING)).toBeNull();
  });

  it('visits a thread about a hundred times in a year of silence, and for the last time at or after the horizon', () => {
    const visits: number[] = [];
    for (let at: number | null = NOW; at !== null; at = nextVisitAt(at, NOW, DEFAULT_TIMING)) visits.push(at);
    expect(visits.length).toBeGreaterThan(100);
    expect(visits.length).toBeLessThan(120);
    expect(visits.at(-1)).toBeGreaterThanOrEqual(NOW + DEFAULT_TIMING.horizonMs);
  });

  it('a message is found late by at most a share of the silence that it ended, or by the least gap', () => {
    const { visitMinGapMs, visitSilenceShare, horizonMs } = DEFAULT_TIMING;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: horizonMs - 1 }), (arrivesAfter) => {
        let visit = NOW;
        while (visit < NOW + arrivesAfter) visit = nextVisitAt(visit, NOW, DEFAULT_TIMING) ?? Number.POSITIVE_INFINITY;
        const late = visit - (NOW + arrivesAfter);
        expect(late).toBeLessThanOrEqual(Math.max(visitMinGapMs, visitSilenceShare * arrivesAfter) + 1);
      }),
    );
  });
});
