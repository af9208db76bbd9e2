import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type VisitPlan, visitGapMs } from '../../../../src/domain/schedule/gaps.js';
import {
  addExposure,
  exposuresOf,
  type Histogram,
  hazardsOf,
  priorHazard,
  weightOf,
} from '../../../../src/domain/schedule/hazards.js';
import { type Cell, callsPerSecond, solvePlan } from '../../../../src/domain/schedule/plan.js';
import { BIN_COUNT, binMiddleMs } from '../../../../src/domain/schedule/silence-bins.js';
import type { VisitClass } from '../../../../src/domain/schedule/visit-class.js';
import { DEFAULT_TIMING } from '../../../../src/domain/timing.js';

const T = DEFAULT_TIMING;
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

/** Threads of both classes in every bin, as many as a steady stream leaves there. */
const population: Cell[] = (['answered', 'awaiting_customer'] as VisitClass[]).flatMap((visitClass) =>
  Array.from({ length: BIN_COUNT }, (_, bin) => ({ visitClass, bin, threads: 2 ** bin / 50, callsPerVisit: 1 })),
);
const input = {
  population,
  histogram: {} as Histogram,
  budgetPerSecond: Number.POSITIVE_INFINITY,
  hintedShare: 0,
  timing: T,
};

/** A class in which messages come so many times as often as the prior expects. */
function taught(times: number): Histogram {
  const histogram: Histogram = {};
  for (let bin = 0; bin < BIN_COUNT; bin++) {
    const minutes = 1_000 / priorHazard(bin, T);
    addExposure(histogram, 'awaiting_customer', { bin, minutes, replies: times * 1_000 });
  }
  return histogram;
}

describe('a plan', () => {
  it('is the reference rule as long as nothing was learnt', () => {
    const plan = solvePlan(input);
    expect(plan.share).toBe(T.visitSilenceShare);
    for (const factor of plan.factors.answered) expect(factor).toBeCloseTo(1, 2);
  });

  it('visits a class nine times as lively about three times as often, within the calls of the reference rule', () => {
    const plan = solvePlan({ ...input, histogram: taught(9) });
    const bin = 12;
    const [lively = 0, other = 0] = [plan.factors.awaiting_customer[bin], plan.factors.answered[bin]];
    expect(other / lively).toBeCloseTo(3, 1);
    expect(plan.predictedPerSecond).toBeLessThanOrEqual(solvePlan(input).predictedPerSecond * 1.001);
    expect(visitGapMs(binMiddleMs(bin), 'awaiting_customer', plan, T)).toBeLessThan(
      visitGapMs(binMiddleMs(bin), 'answered', plan, T),
    );
  });

  it('visits threads that take four calls half as often', () => {
    const costly = population.map((cell) => (cell.visitClass === 'answered' ? { ...cell, callsPerVisit: 4 } : cell));
    const { factors } = solvePlan({ ...input, population: costly });
    expect((factors.answered[12] ?? 0) / (factors.awaiting_customer[12] ?? 1)).toBeCloseTo(2, 2);
  });

  it('spends less where hints tell of most messages, and keeps the guarantee', () => {
    const hinted = solvePlan({ ...input, hintedShare: 0.99 });
    expect(hinted.predictedPerSecond).toBeLessThan(0.8 * solvePlan(input).predictedPerSecond);
    expect(hinted.predictedPerSecond).toBeGreaterThanOrEqual(hinted.neededPerSecond * 0.99);
    expect(hinted.share).toBe(T.visitSilenceShare);
  });

  it('keeps within a budget that carries the guarantee without touching it', () => {
    const { neededPerSecond } = solvePlan(input);
    const plan = solvePlan({ ...input, budgetPerSecond: neededPerSecond * 1.2 });
    expect(plan.share).toBe(T.visitSilenceShare);
    expect(plan.predictedPerSecond).toBeLessThanOrEqual(neededPerSecond * 1.2 * 1.001);
  });

  it('stretches c to the least that fits where the budget cannot carry the guarantee', () => {
    const { neededPerSecond } = solvePlan(input);
    const budgetPerSecond = neededPerSecond / 2;
    const plan = solvePlan({ ...input, budgetPerSecond });
    expect(plan.share).toBeGreaterThan(T.visitSilenceShare);
    expect(plan.predictedPerSecond).toBeLessThanOrEqual(budgetPerSecond * 1.001);
    const less = { share: plan.share * 0.99, factors: plan.factors };
    expect(callsPerSecond(population, less, T)).toBeGreaterThan(budgetPerSecond);
  });

  it('has an answer for every budget, and more budget never means a looser guarantee', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 10, noNaN: true }),
        (one, other) => {
          const [less, more] = [Math.min(one, other), Math.max(one, other)];
          const shareAt = (budgetPerSecond: number) => solvePlan({ ...input, budgetPerSecond }).share;
          expect(shareAt(less)).toBeGreaterThanOrEqual(shareAt(more));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('comes back from a stretched guarantee in steps', () => {
    expect(solvePlan({ ...input, before: 1 }).share).toBeCloseTo(0.95, 5);
    expect(solvePlan({ ...input, before: 0.171 }).share).toBe(T.visitSilenceShare);
  });

  it('visits a class in which an audit missed something twice as often, and the others no less than the guarantee says', () => {
    const plan = solvePlan({ ...input, tightened: { answered: 0.5 } });
    const [bin, gap] = [14, (name: VisitClass, one: VisitPlan) => visitGapMs(binMiddleMs(14), name, one, T)];
    const before = solvePlan(input);
    expect(gap('answered', plan) / gap('awaiting_customer', plan)).toBeCloseTo(0.5, 6);
    expect(gap('answered', plan)).toBeLessThan(gap('answered', before));
    expect(gap('awaiting_customer', plan)).toBeLessThanOrEqual(T.visitSilenceShare * binMiddleMs(bin));
    expect(plan.neededPerSecond).toBeGreaterThan(before.neededPerSecond);
  });

  it('of a source without threads asks for nothing', () => {
    expect(solvePlan({ ...input, population: [], budgetPerSecond: 0 })).toMatchObject({
      share: T.visitSilenceShare,
      predictedPerSecond: 0,
    });
  });
});

describe('what a visit teaches', () => {
  it('is all the silence that it watched, once, spread over the bins', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 * DAY }), fc.integer({ min: 0, max: 100 * DAY }), (from, length) => {
        const watched = exposuresOf(from, from + length, false);
        const minutes = watched.reduce((sum, one) => sum + one.minutes, 0);
        expect(minutes).toBeCloseTo(length / MINUTE, 3);
        expect(watched.every((one) => one.replies === 0)).toBe(true);
      }),
    );
  });

  it('is one end of the silence, halfway between the two visits that enclose it', () => {
    const ended = exposuresOf(10 * MINUTE, 30 * MINUTE, true);
    expect(ended.reduce((sum, one) => sum + one.replies, 0)).toBe(1);
    expect(ended.at(-1)).toMatchObject({ bin: 4, replies: 1 });
    expect(ended.reduce((sum, one) => sum + one.minutes, 0)).toBeCloseTo(10, 6);
  });

  it('outweighs the prior as it grows, and counts half after 90 days', () => {
    const known = hazardsOf(taught(9), 'awaiting_customer', T)[10] ?? 0;
    expect(known / priorHazard(10, T)).toBeCloseTo(9, 1);
    expect(hazardsOf({}, 'closed', T)[10]).toBeCloseTo(priorHazard(10, T), 12);
    expect(weightOf(90 * DAY)).toBe(0.5);
  });
});
