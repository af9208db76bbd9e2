import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ceilingGapMs, referenceGapMs, type VisitPlan, visitGapMs } from '../../../../src/domain/schedule/gaps.js';
import { sayGuarantee } from '../../../../src/domain/schedule/guarantee.js';
import { BIN_COUNT, binEndMs, binOf, binStartMs } from '../../../../src/domain/schedule/silence-bins.js';
import { rankOf, tightenedDueAt, urgencyOf } from '../../../../src/domain/schedule/urgency.js';
import { DEFAULT_TIMING } from '../../../../src/domain/timing.js';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const T = DEFAULT_TIMING;
const silence = fc.integer({ min: 0, max: 400 * DAY });

describe('the gap to the next visit', () => {
  it('is never below P and never beyond the guarantee, whatever a plan says', () => {
    fc.assert(
      fc.property(
        silence,
        fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
        fc.double({ min: 0.01, max: 50, noNaN: true }),
        (a, factor, share) => {
          const plan: VisitPlan = { share, factors: { answered: Array<number>(BIN_COUNT).fill(factor) } };
          const gap = visitGapMs(a, 'answered', plan, T);
          expect(gap).toBeGreaterThanOrEqual(T.visitMinGapMs);
          expect(gap).toBeLessThanOrEqual(Math.max(T.visitMinGapMs, share * a));
        },
      ),
    );
  });

  it('follows the reference rule where a plan says nothing of a class', () => {
    const plan: VisitPlan = { share: T.visitSilenceShare, factors: { closed: Array<number>(BIN_COUNT).fill(9) } };
    expect(visitGapMs(10 * DAY, 'answered', plan, T)).toBe(referenceGapMs(10 * DAY, T));
    expect(visitGapMs(10 * DAY, 'closed', plan, T)).toBe(ceilingGapMs(10 * DAY, plan.share, T));
  });

  it('grows with the silence, and the reference rule stays within the guarantee', () => {
    fc.assert(
      fc.property(silence, silence, (one, other) => {
        const [less, more] = one < other ? [one, other] : [other, one];
        expect(referenceGapMs(less, T)).toBeLessThanOrEqual(referenceGapMs(more, T));
        expect(referenceGapMs(more, T)).toBeLessThanOrEqual(Math.max(T.visitMinGapMs, T.visitSilenceShare * more) + 1);
      }),
    );
  });
});

describe('bins of silence', () => {
  it('hold every silence in exactly one bin', () => {
    fc.assert(
      fc.property(silence, (a) => {
        const bin = binOf(a);
        expect(bin).toBeGreaterThanOrEqual(0);
        expect(bin).toBeLessThan(BIN_COUNT);
        expect(a).toBeGreaterThanOrEqual(binStartMs(bin));
        expect(a).toBeLessThan(binEndMs(bin));
      }),
    );
  });
});

describe('the order of due threads', () => {
  it('of two that have just fallen due the one with the shorter gap goes first', () => {
    expect(urgencyOf(0, 0, T)).toBeGreaterThan(urgencyOf(0, 5, T));
    expect(urgencyOf(60 * MINUTE, 8, T)).toBeLessThan(urgencyOf(MINUTE, 0, T));
  });

  it('a thread that waits goes before any fresh one in the end, so that none starves', () => {
    for (let rank = 0; rank < 16; rank++) {
      const freshest = urgencyOf(60 * MINUTE, 0, T);
      const patience = 2 ** rank * 5 * T.visitMinGapMs;
      expect(urgencyOf(patience, rank, T)).toBeGreaterThanOrEqual(freshest);
    }
  });

  it('ranks by powers of two of P', () => {
    expect([1, 15, 30, 60, 15 * 2 ** 20].map((minutes) => rankOf(minutes * MINUTE, T))).toEqual([0, 0, 1, 2, 15]);
  });

  it('a tighter guarantee brings a visit forward, never to before now, and never puts one off', () => {
    expect(tightenedDueAt(100 * DAY, 10 * DAY, 5 * DAY, 12 * DAY)).toBe(15 * DAY);
    expect(tightenedDueAt(100 * DAY, 10 * DAY, DAY, 12 * DAY)).toBe(12 * DAY);
    expect(tightenedDueAt(11 * DAY, 10 * DAY, 5 * DAY, 12 * DAY)).toBe(11 * DAY);
  });
});

describe('the guarantee in words', () => {
  it('names P and the share, and says when it is stretched', () => {
    expect(sayGuarantee(0.17, 0.17, T)).toBe('a message is found at most 15 min or 17 % of its silence late');
    expect(sayGuarantee(1.254, 0.17, T)).toBe(
      'a message is found at most 15 min or 125 % of its silence late, stretched from 17 %',
    );
  });
});
