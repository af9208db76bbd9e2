import type { Timing } from '../timing.js';
import { referenceGapMs, type VisitPlan, visitGapMs } from './gaps.js';
import { type Histogram, hazardsOf } from './hazards.js';
import { BIN_COUNT, binMiddleMs } from './silence-bins.js';
import { VISIT_CLASS_NAMES, type VisitClass } from './visit-class.js';

/** Threads of one class that have been silent about equally long. */
export interface Cell {
  visitClass: VisitClass;
  bin: number;
  threads: number;
  /** Calls that a visit takes: more than one where threads are long. */
  callsPerVisit: number;
}

export interface PlanInput {
  population: readonly Cell[];
  histogram: Histogram;
  /** Calls per second that visits may take; infinite where only the wish counts. */
  budgetPerSecond: number;
  /** Share of the messages that a hint announces: visits need not look for them. */
  hintedShare: number;
  /** c to solve for; the configured one unless another policy is compared. */
  wantedShare?: number;
  /** c of the plan before: a stretched guarantee comes back in steps, so that not everything falls due at once. */
  before?: number;
  /** Classes that an audit tightened. */
  tightened?: NonNullable<VisitPlan['tightened']>;
  timing: Timing;
}

export interface SolvedPlan extends VisitPlan {
  factors: Record<VisitClass, number[]>;
  tightened: NonNullable<VisitPlan['tightened']>;
  /** c as it is wished for. */
  wantedShare: number;
  /** Calls per second that the guarantee needs at the wished share. */
  neededPerSecond: number;
  /** Calls per second of this plan, for the threads as they are now. */
  predictedPerSecond: number;
}

/** c beyond which a stretched guarantee says nothing more: a visit, and none before the horizon has passed. */
const mostShare = (timing: Timing): number => timing.horizonMs / timing.visitMinGapMs;
/** Below it a share of the silence is no time worth speaking of. */
const LEAST_SHARE = 1e-6;
/** Least part of c that a plan keeps of the one before. */
const STEP_DOWN = 0.95;
const HALVINGS = 60;
/** So many times the reference gap: always beyond the guarantee. */
const NEVER = 1e9;

/** The least value in [low, high] that fits, on the scale of its logarithm; high where none does. */
function leastFitting(low: number, high: number, fits: (value: number) => boolean): number {
  if (fits(low)) return low;
  let [bad, good] = [Math.log(Math.max(low, LEAST_SHARE)), Math.log(high)];
  for (let step = 0; step < HALVINGS; step++) {
    const middle = (bad + good) / 2;
    if (fits(Math.exp(middle))) good = middle;
    else bad = middle;
  }
  return Math.exp(good);
}

/** Calls per second for these threads under a plan. */
export function callsPerSecond(population: readonly Cell[], plan: VisitPlan, timing: Timing): number {
  let calls = 0;
  for (const { visitClass, bin, threads, callsPerVisit } of population)
    calls += (threads * callsPerVisit * 1_000) / visitGapMs(binMiddleMs(bin), visitClass, plan, timing);
  return calls;
}

/** Every gap as long as the guarantee allows. */
const allNever = Object.fromEntries(VISIT_CLASS_NAMES.map((name) => [name, Array<number>(BIN_COUNT).fill(NEVER)]));

/** By class and bin, sqrt(cost / hazard) in reference gaps: the gaps of the square-root rule, but for the scale. */
function wishesOf(population: readonly Cell[], histogram: Histogram, timing: Timing): Record<VisitClass, number[]> {
  const costs = new Map(population.map((cell) => [`${cell.visitClass} ${cell.bin}`, cell.callsPerVisit]));
  const entries = VISIT_CLASS_NAMES.map((name) => {
    const hazards = hazardsOf(histogram, name, timing);
    const gaps = Array.from({ length: BIN_COUNT }, (_, bin) => {
      const cost = costs.get(`${name} ${bin}`) ?? 1;
      return Math.sqrt(cost / (hazards[bin] ?? 1)) / (referenceGapMs(binMiddleMs(bin), timing) / 60_000);
    });
    return [name, gaps] as const;
  });
  return Object.fromEntries(entries) as Record<VisitClass, number[]>;
}

/** Factors of the square-root rule: visits per time in proportion to sqrt(hazard / cost), scaled by one number for all. */
function factorsAt(scale: number, wishes: Record<VisitClass, number[]>): Record<VisitClass, number[]> {
  const entries = VISIT_CLASS_NAMES.map(
    (name) => [name, wishes[name].map((wish) => Math.min(NEVER, scale * wish))] as const,
  );
  return Object.fromEntries(entries) as Record<VisitClass, number[]>;
}

/**
 * Solves for the visits of a source. The calls of the reference rule, less what hints save, are shared out in proportion to
 * sqrt(hazard / cost), between P and the guarantee; one scale is found by halving. Where the budget cannot carry even the guarantee,
 * c is the least that fits, equally for every thread. Pure. Source: DESIGN "Which threads to visit", SCHEDULING 3.2.
 */
export function solvePlan({
  population,
  histogram,
  budgetPerSecond,
  hintedShare,
  timing,
  ...more
}: PlanInput): SolvedPlan {
  const wantedShare = more.wantedShare ?? timing.visitSilenceShare;
  const tightened = more.tightened ?? {};
  /** Calls per second at the longest gaps that a share allows: the least with which its guarantee can be kept. */
  const guaranteeCalls = (share: number) => callsPerSecond(population, { share, factors: allNever, tightened }, timing);
  const neededPerSecond = guaranteeCalls(wantedShare);
  const least = Math.max(wantedShare, Number.isFinite(more.before) ? STEP_DOWN * (more.before ?? 0) : 0);
  const share = leastFitting(
    least,
    Math.max(least, mostShare(timing)),
    (one) => guaranteeCalls(one) <= budgetPerSecond,
  );
  const wishes = wishesOf(population, histogram, timing);
  const referenceCalls = callsPerSecond(
    population,
    { share: Number.POSITIVE_INFINITY, factors: null, tightened },
    timing,
  );
  const calls = Math.min(budgetPerSecond, referenceCalls * Math.sqrt(1 - hintedShare));
  const scale = leastFitting(
    LEAST_SHARE,
    NEVER,
    (one) => callsPerSecond(population, { share, factors: factorsAt(one, wishes), tightened }, timing) <= calls,
  );
  const factors = factorsAt(scale, wishes);
  return {
    share,
    factors,
    tightened,
    wantedShare,
    neededPerSecond,
    predictedPerSecond: callsPerSecond(population, { share, factors, tightened }, timing),
  };
}
