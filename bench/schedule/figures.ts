import type { Timing } from '../../src/domain/timing.js';
import { boundsOf } from './bound.js';
import { type Found, type Policy, type Simulated, simulate } from './simulate.js';
import { DAY, HORIZON, MINUTE, silencesOf, type World } from './world.js';

/** Calls per thread of reading every thread of the last 15 days every 15 minutes. */
export const BRUTE_CALLS = (15 * DAY) / (15 * MINUTE);

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;

export interface Figures {
  callsPerThread: number;
  fewerThanBrute: number;
  found: number;
  lost: number;
  /** Minutes. */
  p50: number;
  p90: number;
  p99: number;
  efficiency: number;
  visitsTimesDelay: number;
  /** Messages later than max(15 min, 17 % of their silence) and one round, and than the share that was stated at the time. */
  beyondGuarantee: number;
  beyondStated: number;
  mostShare: number;
}

const beyond = (found: readonly Found[], timing: Timing, shareOf: (one: Found) => number): number =>
  found.filter((one) => {
    const allowed = Math.max(timing.visitMinGapMs, shareOf(one) * one.silenceMs) + timing.visitEveryMs;
    return one.lateMs > allowed + 1;
  }).length;

/** One run of the product's schedule over a world, in the figures that are asked for. */
export function figuresOf(world: World, policy: Policy): Figures & { simulated: Simulated } {
  const simulated = simulate(world, policy);
  const { found, visits, lost, mostShare } = simulated;
  const late = found.map((one) => one.lateMs / MINUTE).sort((one, other) => one - other);
  const visitsTimesDelay = visits * late.reduce((sum, one) => sum + one, 0);
  const callsPerThread = visits / world.threads.length;
  return {
    callsPerThread,
    fewerThanBrute: BRUTE_CALLS / callsPerThread,
    found: found.length,
    lost,
    p50: quantile(late, 0.5),
    p90: quantile(late, 0.9),
    p99: quantile(late, 0.99),
    efficiency: boundsOf(world.model, silencesOf(world)).ageOnly / visitsTimesDelay,
    visitsTimesDelay,
    beyondGuarantee: beyond(found, policy.timing, () => policy.timing.visitSilenceShare),
    beyondStated: beyond(found, policy.timing, (one) => one.statedShare),
    mostShare,
    simulated,
  };
}

/** Share of the messages that a poller finds which lists the threads created in the last `windowMs`, however often it polls. */
export function windowCoverage({ threads }: World, windowMs: number): number {
  let [found, all] = [0, 0];
  for (const { arrivals } of threads) {
    const created = arrivals[0] ?? 0;
    for (const at of arrivals.slice(1)) {
      all += 1;
      if (at - created <= Math.min(windowMs, HORIZON)) found += 1;
    }
  }
  return all === 0 ? 1 : found / all;
}
