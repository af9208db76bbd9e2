import { describe, expect, it } from 'vitest';
import { unplanned } from '../../../../src/domain/schedule/gaps.js';
import { LateHistogram } from '../../../../src/domain/schedule/late-histogram.js';
import {
  type Arrival,
  type Policy,
  type ReplayedThread,
  replayThread,
} from '../../../../src/domain/schedule/replay-policy.js';
import { DEFAULT_TIMING } from '../../../../src/domain/timing.js';

const T = DEFAULT_TIMING;
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const P = T.visitMinGapMs;

const arrival = (day: number, more: Partial<Arrival> = {}): Arrival => ({
  direction: 'inbound',
  reason: null,
  notBefore: (day - 0.5) * DAY,
  notAfter: day * DAY,
  draw: 0.5,
  ...more,
});
const thread = (arrivals: Arrival[], more: Partial<ReplayedThread> = {}): ReplayedThread => ({
  status: 'open',
  createdAt: 0,
  from: MINUTE,
  until: 100 * DAY,
  lastActivityAt: 0,
  held: [{ direction: 'inbound', reason: null }],
  arrivals,
  ...more,
});
const windowOf = (days: number): Policy => ({ name: 'window', kind: 'window', windowMs: days * DAY });
const visitsOf = (share: number, hintRecall = 0): Policy => {
  const timing = { ...T, visitSilenceShare: share };
  return { name: 'visits', kind: 'visits', timing, plan: unplanned(timing), hintRecall };
};

describe('a policy replayed over known arrivals', () => {
  it('of a window by creation date loses every reply on an older thread, and finds the rest within its period', () => {
    const outcome = replayThread(thread([arrival(0.9), arrival(2), arrival(20)]), windowOf(1), 'notAfter', P);
    expect(outcome).toMatchObject({ missed: 2, pending: 0 });
    expect(outcome.lateMs).toHaveLength(1);
    expect(outcome.lateMs[0]).toBeLessThanOrEqual(P);
  });

  it('gives a band where a window ends between the two instants that enclose an arrival', () => {
    const doubtful = thread([arrival(1.2)]);
    expect(replayThread(doubtful, windowOf(1), 'notBefore', P).missed).toBe(0);
    expect(replayThread(doubtful, windowOf(1), 'notAfter', P).missed).toBe(1);
  });

  it('of visits finds everything, later by at most its share of the silence', () => {
    const outcome = replayThread(thread([arrival(2), arrival(20), arrival(60)]), visitsOf(0.1), 'notAfter', P);
    expect(outcome).toMatchObject({ missed: 0, pending: 0 });
    expect(Math.max(...outcome.lateMs)).toBeLessThanOrEqual(0.1 * 60 * DAY);
  });

  it('costs less with a larger share, and less again with hints, which find at once what they announce', () => {
    const arrivals = [arrival(2, { draw: 0.1 }), arrival(20, { draw: 0.1 })];
    const [often, seldom, hinted] = [visitsOf(0.05), visitsOf(0.5), visitsOf(0.5, 0.9)].map((policy) =>
      replayThread(thread(arrivals), policy, 'notAfter', P),
    );
    expect(often?.calls).toBeGreaterThan(seldom?.calls ?? 0);
    expect(hinted?.calls).toBeLessThan((seldom?.calls ?? 0) + arrivals.length + 1);
    expect(hinted?.lateMs).toEqual([0, 0]);
  });

  it('counts what is not due yet apart from what is lost', () => {
    const outcome = replayThread(thread([arrival(99.9)]), visitsOf(0.5), 'notAfter', P);
    expect(outcome).toMatchObject({ missed: 0, pending: 1, lateMs: [] });
    const retired = replayThread(thread([arrival(500)], { until: 2_000 * DAY }), visitsOf(0.17), 'notAfter', P);
    expect(retired).toMatchObject({ missed: 1, pending: 0 });
  });
});

describe('quantiles without a list', () => {
  it('are exact to a few percent', () => {
    const histogram = new LateHistogram();
    for (let minute = 1; minute <= 1_000; minute++) histogram.add(minute * MINUTE);
    expect((histogram.quantile(0.5) ?? 0) / MINUTE / 500).toBeCloseTo(1, 1);
    expect((histogram.quantile(0.99) ?? 0) / MINUTE / 990).toBeCloseTo(1, 1);
    expect(new LateHistogram().quantile(0.5)).toBeNull();
  });
});
