import type { Timing } from '../timing.js';
import { referenceGapMs } from './gaps.js';
import { BIN_COUNT, binEndMs, binMiddleMs, binOf, binStartMs } from './silence-bins.js';
import type { VisitClass } from './visit-class.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** What a visit teaches about one bin of silence. */
export interface Exposure {
  bin: number;
  /** Minutes of silence that were watched in this bin. */
  minutes: number;
  /** 1 where the silence was ended in it. */
  replies: number;
}

/**
 * What one visit adds to the histogram: the silence from the visit before to this one, by bins; where it was ended, at the middle of
 * the two, since an arrival is known only to lie between them.
 */
export function exposuresOf(fromMs: number, toMs: number, ended: boolean): Exposure[] {
  const from = Math.max(0, fromMs);
  const to = ended ? (from + Math.max(from, toMs)) / 2 : toMs;
  const last = binOf(to);
  const exposures: Exposure[] = [];
  for (let bin = binOf(from); bin <= last; bin++) {
    const minutes = (Math.min(to, binEndMs(bin)) - Math.max(from, binStartMs(bin))) / MINUTE_MS;
    exposures.push({ bin, minutes: Math.max(0, minutes), replies: ended && bin === last ? 1 : 0 });
  }
  return exposures;
}

/** Sums of exposures by class and bin. */
export type Histogram = Partial<Record<VisitClass, { minutes: number[]; replies: number[] }>>;

/** Adds to the sums of a class; the weight makes what is old count less. */
export function addExposure(histogram: Histogram, visitClass: VisitClass, exposure: Exposure, weight = 1): void {
  histogram[visitClass] ??= { minutes: Array<number>(BIN_COUNT).fill(0), replies: Array<number>(BIN_COUNT).fill(0) };
  const { minutes, replies } = histogram[visitClass];
  minutes[exposure.bin] = (minutes[exposure.bin] ?? 0) + weight * exposure.minutes;
  replies[exposure.bin] = (replies[exposure.bin] ?? 0) + weight * exposure.replies;
}

/** Half of what was learnt is forgotten in this time: customers change with seasons and products. */
const HALF_LIFE_MS = 90 * DAY_MS;

/** Weight of what was learnt so long ago: the exponentially weighted mean of the histogram. */
export const weightOf = (ageMs: number): number => 0.5 ** (Math.max(0, ageMs) / HALF_LIFE_MS);

/** Messages that the prior expects in a whole silence. With it the best gaps of the prior are those of the reference rule. */
const PRIOR_MESSAGES = 0.5;

/** Hazard before anything is known, per minute: the one for which the square-root rule gives the reference rule. */
export const priorHazard = (bin: number, timing: Timing): number =>
  PRIOR_MESSAGES / (referenceGapMs(binMiddleMs(bin), timing) / MINUTE_MS) ** 2;

/**
 * Hazards per minute of silence, by bin: (replies + 1) / (watched minutes + prior minutes), the prior being worth one reply. A class
 * of which nothing is known has the prior. Source: SCHEDULING 3.2.
 */
export function hazardsOf(histogram: Histogram, visitClass: VisitClass, timing: Timing): number[] {
  const seen = histogram[visitClass];
  return Array.from({ length: BIN_COUNT }, (_, bin) => {
    const priorMinutes = 1 / priorHazard(bin, timing);
    return ((seen?.replies[bin] ?? 0) + 1) / ((seen?.minutes[bin] ?? 0) + priorMinutes);
  });
}
