import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains, cut, floorToSecond, gaps, halve, overlaps, union, width } from '../../../src/domain/interval.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Whole-second intervals within about four months, some of them empty. */
const interval = fc
  .tuple(fc.integer({ min: 0, max: 120 * 86_400 }), fc.integer({ min: 0, max: 30 * 86_400 }))
  .map(([from, length]) => ({ from: from * 1000, to: (from + length) * 1000 }));
const wideInterval = fc
  .tuple(fc.integer({ min: 0, max: 86_400 }), fc.integer({ min: 1, max: 120 * 86_400 }))
  .map(([from, length]) => ({ from: from * 1000, to: (from + length) * 1000 }));

describe('union', () => {
  it('merges intervals that touch, overlap or lie inside each other', () => {
    const merged = union([
      { from: 30, to: 40 },
      { from: 0, to: 10 },
      { from: 10, to: 20 },
      { from: 32, to: 35 },
    ]);
    expect(merged).toEqual([
      { from: 0, to: 20 },
      { from: 30, to: 40 },
    ]);
  });

  it('drops empty intervals and leaves its input as it was', () => {
    const input = [
      { from: 5, to: 5 },
      { from: 0, to: 3 },
      { from: 2, to: 9 },
    ];
    expect(union(input)).toEqual([{ from: 0, to: 9 }]);
    expect(input[1]).toEqual({ from: 0, to: 3 });
  });

  it('gives sorted, disjoint intervals that hold exactly the instants of its input', () => {
    fc.assert(
      fc.property(
        fc.array(interval, { maxLength: 12 }),
        fc.integer({ min: 0, max: 160 * DAY }),
        (intervals, instant) => {
          const merged = union(intervals);
          for (const [index, one] of merged.entries()) {
            expect(width(one)).toBeGreaterThan(0);
            const next = merged[index + 1];
            if (next) expect(next.from).toBeGreaterThan(one.to);
          }
          const inside = (one: { from: number; to: number }) => one.from <= instant && instant < one.to;
          expect(merged.some(inside)).toBe(intervals.some(inside));
        },
      ),
    );
  });
});

describe('gaps', () => {
  it('names what lies before, between and after what is covered', () => {
    const covered = [
      { from: 10, to: 20 },
      { from: 40, to: 60 },
    ];
    expect(gaps({ from: 0, to: 100 }, covered)).toEqual([
      { from: 0, to: 10 },
      { from: 20, to: 40 },
      { from: 60, to: 100 },
    ]);
  });

  it('is empty where the whole is covered and the whole where nothing is', () => {
    const whole = { from: 10, to: 20 };
    expect(gaps(whole, [{ from: 0, to: 30 }])).toEqual([]);
    expect(gaps(whole, [])).toEqual([whole]);
    expect(gaps(whole, [{ from: 20, to: 30 }])).toEqual([whole]);
  });

  it('together with what is covered gives the whole, and shares nothing with it', () => {
    fc.assert(
      fc.property(wideInterval, fc.array(interval, { maxLength: 12 }), (whole, covered) => {
        const open = gaps(whole, covered);
        expect(open.every((gap) => contains(whole, gap))).toBe(true);
        expect(open.some((gap) => covered.some((one) => width(one) > 0 && overlaps(gap, one)))).toBe(false);
        expect(gaps(whole, [...covered, ...open])).toEqual([]);
      }),
    );
  });
});

describe('cut', () => {
  it('gives pieces newest first and joins a rest that would be too narrow to its neighbour', () => {
    expect(cut({ from: 0, to: 100 }, 30, 20)).toEqual([
      { from: 70, to: 100 },
      { from: 40, to: 70 },
      { from: 0, to: 40 },
    ]);
  });

  it('leaves an interval alone that is narrower than the least width', () => {
    expect(cut({ from: 0, to: 10 }, 30, 20)).toEqual([{ from: 0, to: 10 }]);
  });

  it('keeps the union, and no piece is narrower than the least width unless the whole is', () => {
    fc.assert(
      fc.property(wideInterval, fc.integer({ min: 2, max: 40 }), (whole, days) => {
        const pieces = cut(whole, days * DAY, DAY);
        expect(union(pieces)).toEqual([whole]);
        expect(pieces.reduce((sum, one) => sum + width(one), 0)).toBe(width(whole));
        expect(Math.min(...pieces.map(width))).toBeGreaterThanOrEqual(Math.min(DAY, width(whole)));
        expect(Math.max(...pieces.map(width))).toBeLessThan((days + 1) * DAY);
      }),
    );
  });
});

describe('halve', () => {
  it('cuts at a whole second, newest half first', () => {
    expect(halve({ from: 0, to: 2 * DAY + 1000 }, DAY)).toEqual([
      { from: DAY, to: 2 * DAY + 1000 },
      { from: 0, to: DAY },
    ]);
  });

  it('refuses where a half would be narrower than the least width', () => {
    expect(halve({ from: 0, to: 2 * DAY - 1000 }, DAY)).toBeNull();
  });

  it('keeps the union and the least width', () => {
    fc.assert(
      fc.property(wideInterval, (whole) => {
        const halves = halve(whole, DAY);
        if (halves === null) {
          expect(width(whole)).toBeLessThan(2 * DAY + 1000);
          return;
        }
        expect(union(halves)).toEqual([whole]);
        for (const half of halves) {
          expect(width(half)).toBeGreaterThanOrEqual(DAY);
          expect(floorToSecond(half.from)).toBe(half.from);
        }
      }),
    );
  });
});

describe('floorToSecond', () => {
  it('cuts downwards, before 1970 as well', () => {
    expect(floorToSecond(1_999)).toBe(1_000);
    expect(floorToSecond(-1)).toBe(-1_000);
  });
});
