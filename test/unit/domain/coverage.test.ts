import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CoverageInput,
  listingGapMs,
  owedParts,
  planWindow,
  type Reading,
  uncoveredSince,
} from '../../../src/domain/coverage.js';
import { contains, gaps, overlaps, union, width } from '../../../src/domain/interval.js';
import { DEFAULT_TIMING, type Timing } from '../../../src/domain/timing.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const END = Date.UTC(2026, 2, 2, 12, 34, 56);
const HORIZON = { from: END - DEFAULT_TIMING.horizonMs, to: END };

const input = (readings: readonly Reading[], more: Partial<CoverageInput> = {}): CoverageInput => ({
  readings,
  end: END,
  demandedAt: null,
  frontierPages: 1,
  timing: DEFAULT_TIMING,
  ...more,
});

/** What the ledger holds after every listing of a plan was exhausted at this instant. */
const readAll = (plan: ReturnType<typeof planWindow>, begunAt: number): Reading[] =>
  plan.filter((one) => one.covering).map(({ from, to }) => ({ from, to, begunAt }));

describe('a source that was never read', () => {
  it('owes the whole horizon, newest first, in listings wide enough to cover', () => {
    const plan = planWindow(input([]));
    expect(union(plan)).toHaveLength(1);
    expect(gaps(HORIZON, plan)).toEqual([]);
    expect(plan[0]?.to).toBe(END);
    expect(plan.every((one) => one.covering && width(one) >= DAY)).toBe(true);
    expect([...plan].sort((a, b) => b.to - a.to)).toEqual(plan);
    expect(Math.max(...plan.map(width))).toBeLessThan(DEFAULT_TIMING.listingWidthMs + DAY);
  });

  it('owes nothing a moment later, once every listing was exhausted', () => {
    const readings = readAll(planWindow(input([])), END);
    expect(owedParts(input(readings))).toEqual([]);
    expect(planWindow(input(readings))).toEqual([]);
  });
});

describe('after exhausted listings', () => {
  const whole: Reading[] = readAll(planWindow(input([])), END);

  it('a minute later only the moving edge is owed, in one listing of at least a day that begins at a UTC day', () => {
    const later = END + MINUTE;
    expect(owedParts(input(whole, { end: later }))).toEqual([{ from: END, to: later }]);
    const plan = planWindow(input(whole, { end: later }));
    expect(plan).toEqual([{ from: Date.UTC(2026, 2, 1), to: later, covering: true }]);
  });

  it('an edge that costs several pages is read narrowly, which leaves it owed, until the least gap has passed', () => {
    const later = END + MINUTE;
    const plan = planWindow(input(whole, { end: later, frontierPages: 3 }));
    expect(plan).toEqual([{ from: END - DEFAULT_TIMING.pollEveryMs, to: later, covering: false }]);
    const wide = planWindow(input(whole, { end: END + 16 * MINUTE, frontierPages: 3 }));
    expect(wide[0]).toEqual({ from: Date.UTC(2026, 2, 1), to: END + 16 * MINUTE, covering: true });
  });

  it('the youngest day is due again after 15 minutes and an old one only after a share of its age', () => {
    const parts = owedParts(input(whole, { end: END + 16 * MINUTE }));
    expect(gaps({ from: Date.UTC(2026, 2, 2), to: END }, parts)).toEqual([]);
    expect(parts.some((part) => overlaps(part, { from: HORIZON.from, to: END - 2 * DAY }))).toBe(false);
  });

  it('each day within the look-back is due again within a day, each beyond it within thirty', () => {
    const parts = owedParts(input(whole, { end: END + DAY }));
    expect(gaps({ from: END - 14 * DAY, to: END + DAY }, parts)).toEqual([]);
    const month = owedParts(input(whole, { end: END + 30 * DAY + HOUR }));
    expect(gaps({ from: END + 30 * DAY + HOUR - DEFAULT_TIMING.horizonMs, to: END + 30 * DAY + HOUR }, month)).toEqual(
      [],
    );
  });

  it('a demand makes everything owed again, and only readings begun at or after it meet it', () => {
    const demandedAt = END + 5_000;
    const again = input(whole, { end: END + 10_000, demandedAt });
    expect(gaps({ from: END + 10_000 - DEFAULT_TIMING.horizonMs, to: END + 10_000 }, owedParts(again))).toEqual([]);
    const met = readAll(planWindow(again), demandedAt);
    expect(planWindow({ ...again, readings: [...whole, ...met] })).toEqual([]);
    const tooEarly = readAll(planWindow(again), demandedAt - 1);
    expect(planWindow({ ...again, readings: [...whole, ...tooEarly] })).not.toEqual([]);
  });

  it('an edge from before a demand is read widely at once, because a narrow reading would not meet it', () => {
    const end = END + MINUTE;
    const plan = planWindow(input(whole, { end, demandedAt: END + 30_000, frontierPages: 3 }));
    expect(plan.every((one) => one.covering)).toBe(true);
    const met = readAll(plan, end);
    expect(owedParts(input([...whole, ...met], { end, demandedAt: END + 30_000 }))).toEqual([]);
  });

  it('a gap of an hour inside the horizon is owed as a listing of at least a day', () => {
    const hole = { from: Date.UTC(2026, 1, 10, 3), to: Date.UTC(2026, 1, 10, 4) };
    const readings = [
      { from: HORIZON.from - 3 * DAY, to: hole.from, begunAt: END },
      { from: hole.to, to: END, begunAt: END },
    ];
    expect(owedParts(input(readings))).toEqual([hole]);
    const plan = planWindow(input(readings));
    expect(plan).toHaveLength(1);
    expect(plan.every((one) => one.covering && width(one) >= DAY && contains(one, hole))).toBe(true);
  });
});

describe('what the window before could not exhaust', () => {
  const first = planWindow(input([]));
  const failed = first.slice(0, 1);

  it('comes last and in halves, so that everything else is listed before it', () => {
    const plan = planWindow(input([], { failed }));
    expect(union(plan)).toEqual(union(first));
    expect(plan.slice(0, first.length - 1)).toEqual(first.slice(1));
    expect(plan.slice(first.length - 1).map(width)).toHaveLength(2);
    for (const half of plan.slice(first.length - 1)) expect(overlaps(half, failed[0] ?? half)).toBe(true);
  });

  it('is closed in on, window by window, to a listing that cannot be halved any more', () => {
    const poison = END - 12 * DAY;
    let gap = failed;
    let readings: Reading[] = [];
    for (let window = 0; window < 6; window++) {
      const plan = planWindow(input(readings, { failed: gap }));
      gap = plan.filter((one) => one.from <= poison && poison < one.to);
      readings = [...readings, ...readAll(plan, END).filter((one) => !(one.from <= poison && poison < one.to))];
    }
    expect(gap).toHaveLength(1);
    expect(gap.map(width).every((one) => one < 2 * DAY + 1_000)).toBe(true);
    expect(owedParts(input(readings))).toEqual(gap.map(({ from, to }) => ({ from, to })));
  });
});

describe('listingGapMs', () => {
  it('grows with the age between its least and its longest, which is a day within the look-back', () => {
    const gap = (age: number) => listingGapMs(age, DEFAULT_TIMING);
    expect(gap(0)).toBe(15 * MINUTE);
    expect(gap(-HOUR)).toBe(15 * MINUTE);
    expect(gap(150 * MINUTE)).toBe(15 * MINUTE);
    expect(gap(10 * HOUR)).toBe(HOUR);
    expect(gap(15 * DAY)).toBe(DAY);
    expect(gap(15 * DAY + 1)).toBeGreaterThan(DAY);
    expect(gap(365 * DAY)).toBe(30 * DAY);
  });
});

describe('uncoveredSince', () => {
  it('counts only listings begun at or after the instant', () => {
    const whole = { from: 0, to: 100 };
    const readings = [
      { from: 0, to: 50, begunAt: 10 },
      { from: 50, to: 100, begunAt: 20 },
    ];
    expect(uncoveredSince(whole, readings, 10)).toEqual([]);
    expect(uncoveredSince(whole, readings, 11)).toEqual([{ from: 0, to: 50 }]);
  });
});

/** A short horizon, so that many ledgers can be tried. */
const SHORT: Timing = { ...DEFAULT_TIMING, horizonMs: 40 * DAY, listingWidthMs: 10 * DAY };
const reading = fc
  .record({
    from: fc.integer({ min: -3_000, max: 42 * 1_440 }),
    length: fc.integer({ min: 1, max: 12 * 1_440 }),
    ago: fc.integer({ min: 0, max: 12 * 1_440 }),
  })
  .map(({ from, length, ago }): Reading => {
    const begunAt = END - ago * MINUTE;
    const start = END - from * MINUTE;
    return { from: start, to: Math.max(start + 1_000, Math.min(start + length * MINUTE, begunAt)), begunAt };
  });
const ledger = fc.record({
  readings: fc.array(reading, { maxLength: 15 }),
  demandedAt: fc.option(fc.integer({ min: 0, max: 6 * 1_440 }).map((ago) => END - ago * MINUTE)),
  frontierPages: fc.option(fc.integer({ min: 1, max: 5 })),
});
const shortInput = (one: Pick<CoverageInput, 'readings' | 'demandedAt' | 'frontierPages'>): CoverageInput =>
  input(one.readings, { ...one, timing: SHORT });

describe('for any ledger', () => {
  it('the plan holds every part that is owed, and every covering listing is at least a day wide', () => {
    fc.assert(
      fc.property(ledger, (one) => {
        const plan = planWindow(shortInput(one));
        const owed = owedParts(shortInput(one));
        expect(owed.flatMap((part) => gaps(part, plan))).toEqual([]);
        for (const listing of plan.filter((entry) => entry.covering))
          expect(width(listing)).toBeGreaterThanOrEqual(DAY);
      }),
      { numRuns: 60 },
    );
  });

  it('nothing is owed twice and nothing beyond the end of the window', () => {
    fc.assert(
      fc.property(ledger, (one) => {
        const owed = owedParts(shortInput(one));
        expect(union(owed)).toEqual(owed);
        const plan = planWindow(shortInput(one));
        const covering = plan.filter((entry) => entry.covering);
        expect(union(covering).reduce((sum, entry) => sum + width(entry), 0)).toBe(
          covering.reduce((sum, entry) => sum + width(entry), 0),
        );
        expect(plan.every((entry) => entry.to <= END && entry.from < entry.to)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('once the plan is exhausted nothing but an edge read narrowly is owed', () => {
    fc.assert(
      fc.property(ledger, (one) => {
        const plan = planWindow(shortInput(one));
        const after = shortInput({ ...one, readings: [...one.readings, ...readAll(plan, END)] });
        const left = owedParts(after).flatMap((part) =>
          gaps(
            part,
            plan.filter((entry) => !entry.covering),
          ),
        );
        expect(left).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('the same ledger gives the same plan, in whatever order its readings stand', () => {
    fc.assert(
      fc.property(ledger, (one) => {
        const reversed = { ...one, readings: [...one.readings].reverse() };
        expect(planWindow(shortInput(reversed))).toEqual(planWindow(shortInput(one)));
      }),
      { numRuns: 30 },
    );
  });
});
