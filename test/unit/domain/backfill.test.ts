import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leaveFor } from '../../../src/domain/backfill.js';
import { causeOf } from '../../../src/domain/backfill-cause.js';
import { etaOf } from '../../../src/domain/backfill-eta.js';
import { readOrder } from '../../../src/domain/backfill-orders.js';
import { narrowerWidth, nextInterval, nextWidth, ownShare, withinHours } from '../../../src/domain/backfill-walk.js';
import type { Interval } from '../../../src/domain/interval.js';

const DAY = 86_400_000;

describe('the walk', () => {
  it('lists every instant of its interval exactly once, from either end, however its widths change', () => {
    const directions = fc.constantFrom('newest_first' as const, 'oldest_first' as const);
    fc.assert(
      fc.property(
        directions,
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 40, maxLength: 40 }),
        (direction, widths) => {
          const whole = { from: 0, to: 400 };
          const listed: Interval[] = [];
          for (const widthMs of [...widths, ...Array.from({ length: 400 }, () => 1)]) {
            const next = nextInterval(whole, listed, { direction, widthMs });
            if (!next) break;
            expect(listed.some((one) => one.from < next.to && next.from < one.to)).toBe(false);
            listed.push(next);
          }
          expect(listed.reduce((sum, one) => sum + one.to - one.from, 0)).toBe(400);
          const starts = listed.map((one) => one.from);
          expect(starts).toEqual([...starts].sort((a, b) => (direction === 'newest_first' ? b - a : a - b)));
        },
      ),
    );
  });

  it('walks what is added on the side that is behind it', () => {
    const listed = [{ from: 50, to: 100 }];
    expect(nextInterval({ from: 0, to: 120 }, listed, { direction: 'newest_first', widthMs: 10 })).toEqual({
      from: 110,
      to: 120,
    });
    expect(nextInterval({ from: 50, to: 100 }, listed, { direction: 'newest_first', widthMs: 10 })).toBeNull();
  });

  it('leaves no rest that is narrower than what covers, whatever its widths, and comes to an end where nothing can be listed', () => {
    const directions = fc.constantFrom('newest_first' as const, 'oldest_first' as const);
    fc.assert(
      fc.property(
        directions,
        fc.integer({ min: 24, max: 9_000 }),
        fc.array(fc.boolean()),
        (direction, hours, fails) => {
          const whole = { from: 0, to: (hours * DAY) / 24 };
          const listed: Interval[] = [];
          let widthMs = DAY;
          for (let turn = 0; turn < 2_000; turn += 1) {
            const next = nextInterval(whole, listed, { direction, widthMs, coveringWidthMs: DAY });
            if (!next) return;
            const length = next.to - next.from;
            expect(length).toBeGreaterThanOrEqual(DAY);
            const isListed = turn < fails.length && !fails[turn];
            widthMs = isListed ? nextWidth(widthMs, turn * 7, DAY) : narrowerWidth(length, DAY);
            if (isListed || length < 2 * widthMs) listed.push(next);
          }
          throw new Error('it does not come to an end');
        },
      ),
    );
  });

  it('never lists less than what covers, nor more than a month', () => {
    expect(nextWidth(DAY, 500, DAY)).toBe(DAY);
    expect(nextWidth(DAY, 3, DAY)).toBe(2 * DAY);
    expect(nextWidth(30 * DAY, 0, DAY)).toBe(30 * DAY);
    expect(nextWidth(4 * DAY, 101, DAY)).toBe(2 * DAY);
    expect(nextWidth(4 * DAY, 60, DAY)).toBe(4 * DAY);
  });
});

describe('hours of the day', () => {
  it.each([
    [{ from: 540, to: 1_020 }, 540, true, 480],
    [{ from: 540, to: 1_020 }, 1_020, false, 960],
    [{ from: 1_320, to: 360 }, 1_380, true, 420],
    [{ from: 1_320, to: 360 }, 360, false, 960],
    [{ from: 0, to: 1_440 }, 720, true, 720],
  ])('%j at minute %i', (hours, minute, open, changesIn) => {
    expect(withinHours(hours, minute)).toEqual({ open, changesIn });
  });
});

describe('orders', () => {
  it('reads what is well formed and names who asked', () => {
    expect(readOrder('pause', { by: 'night shift' })).toEqual({ verb: 'pause', by: 'night shift' });
    expect(readOrder('resume', undefined)).toEqual({ verb: 'resume', by: 'temporal' });
    expect(readOrder('pace', { perSecond: null, batchPauseMs: 0 })).toMatchObject({
      pace: { perSecond: null, batchPauseMs: 0 },
    });
    expect(readOrder('extend', { from: '2025-01-01T00:00:00+01:00' })).toMatchObject({
      from: '2024-12-31T23:00:00.000Z',
    });
  });

  it('refuses anything else in one sentence, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('pause' as const, 'pace' as const, 'extend' as const),
        fc.anything(),
        (verb, payload) => {
          const read = readOrder(verb, payload);
          if ('problem' in read) expect(read.problem.length).toBeGreaterThan(0);
          else expect(read.by.length).toBeGreaterThan(0);
        },
      ),
    );
    for (const payload of [
      { perSecond: 0 },
      { perSecond: 'fast' },
      { batchThreads: 1.5 },
      {},
      { rate: 1 },
      [],
      'x',
      { hours: { from: 1 } },
    ])
      expect(readOrder('pace', payload)).toHaveProperty('problem');
    for (const payload of [{}, { from: 'yesterday' }, { to: '2025-13-01T00:00:00Z' }])
      expect(readOrder('extend', payload)).toHaveProperty('problem');
  });
});

describe('causes', () => {
  const facts = {
    threadKnown: true,
    dayAskedFor: true,
    readWholeAt: 1_000,
    wasParked: false,
    wasReturned: false,
    originAt: 500,
    receivedAt: null,
  };

  it.each([
    [{}, 'undecidable'],
    [{ originAt: null }, 'undecidable'],
    [{ originAt: 2_000 }, 'not_revisited'],
    [{ readWholeAt: null }, 'not_revisited'],
    [{ receivedAt: 900 }, 'overlooked'],
    [{ receivedAt: 1_500 }, 'not_revisited'],
    [{ threadKnown: false }, 'not_returned'],
    [{ threadKnown: false, dayAskedFor: false }, 'never_asked_for'],
    [{ wasParked: true }, 'parked'],
    [{ wasReturned: true }, 'lost_inside'],
  ] as const)('%j is %s', (more, cause) => {
    expect(causeOf({ ...facts, ...more })).toBe(cause);
  });
});

describe('policies', () => {
  it('lets something leave by itself only under answer, and only what is young enough', () => {
    const old = { maxAgeDays: 365, replies: 'answer', answerYoungerThanDays: 7 } as const;
    expect(leaveFor(old, 6.9 * DAY)).toBe('as_usual');
    expect(leaveFor(old, 7 * DAY)).toBe('nothing');
    expect(leaveFor({ ...old, answerYoungerThanDays: null }, 0)).toBe('nothing');
    expect(leaveFor({ ...old, replies: 'never' }, 0)).toBe('nothing');
    expect(leaveFor({ ...old, replies: 'draft' }, 300 * DAY)).toBe('draft');
  });
});

describe('time and budget', () => {
  it('tells the time left from what was walked, and nothing before anything was', () => {
    const half = { walked: 0.5, listed: 100, closed: 50, calls: 100, perSecond: 2, spread: { slow: 1, fast: 4 } };
    expect(etaOf(half)).toEqual({ seconds: 150, least: 75, most: 300 });
    expect(etaOf({ ...half, walked: 0 })).toBeNull();
    expect(etaOf({ ...half, perSecond: 0 })).toBeNull();
  });

  it('leaves live work at least half of what both share', () => {
    expect(ownShare(10, null)).toBe(5);
    expect(ownShare(10, 1)).toBe(1);
    expect(ownShare(0, 1)).toBe(0);
  });
});
