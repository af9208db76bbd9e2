import { cut, gaps, halve, type Interval, overlaps, union, width } from './interval.js';
import type { Timing } from './timing.js';

const DAY_MS = 86_400_000;
const startOfDay = (instantMs: number): number => Math.floor(instantMs / DAY_MS) * DAY_MS;

/** One exhausted reading of a creation interval that is wide enough to count. */
export interface Reading extends Interval {
  /** When its first page was asked for. */
  begunAt: number;
}

export interface OwedInterval extends Interval {
  /** False for a narrow early reading: it finds threads soon and leaves the interval owed. */
  covering: boolean;
}

export interface CoverageInput {
  readings: readonly Reading[];
  /** End of the window, in whole seconds: nothing created at or after it is asked for. */
  end: number;
  /** Readings begun before it do not count: somebody asked for everything to be read again. */
  demandedAt: number | null;
  /** Pages of the newest covering reading; null when there is none. */
  frontierPages: number | null;
  /** What the window before could not exhaust. */
  failed?: readonly Interval[];
  timing: Timing;
}

/**
 * Time between two readings of a creation interval of this age: max(15 min, 0.1 x age), at most a day within the look-back,
 * at most 30 days beyond it. Threads appear late in the list, so no interval is read for good.
 * Source: DESIGN "Workflows", pollWindow.
 */
export function listingGapMs(ageMs: number, timing: Timing): number {
  const gap = Math.max(timing.listingMinGapMs, timing.listingAgeShare * Math.max(0, ageMs));
  return Math.min(gap, ageMs <= timing.lookbackMs ? timing.listingLookbackGapMs : timing.listingMaxGapMs);
}

/** A whole day more than the horizon, at a day's start: what is asked of an earlier instant is covered as well. */
const horizonStart = (end: number, timing: Timing): number => startOfDay(end - timing.horizonMs) - DAY_MS;

/** The UTC days of the horizon; each is due by its own age. */
function cells(horizon: Interval): Interval[] {
  const days: Interval[] = [];
  for (let from = horizon.from; from < horizon.to; ) {
    const to = Math.min(startOfDay(from) + DAY_MS, horizon.to);
    days.push({ from, to });
    from = to;
  }
  return days;
}

/** What no reading that still counts holds: never exhausted, due again, or read before the demand. */
export function owedParts(input: CoverageInput): Interval[] {
  const { readings, end, demandedAt, timing } = input;
  const fresh = readings.filter((reading) => demandedAt === null || reading.begunAt >= demandedAt);
  const owed: Interval[] = [];
  for (const cell of cells({ from: horizonStart(end, timing), to: end })) {
    const valid = fresh.filter((reading) => {
      if (!overlaps(reading, cell)) return false;
      const age = reading.begunAt - Math.min(cell.to, reading.to);
      return reading.begunAt + listingGapMs(age, timing) > end;
    });
    owed.push(...gaps(cell, valid));
  }
  return union(owed);
}

/**
 * The listings that a polling window owes, newest first. Pure: the same ledger and end give the same plan. A part narrower
 * than a covering listing is widened into the past to a UTC day, because only a wide listing shows every thread. The moving
 * edge, where a wide listing costs more than a page, is read narrowly each time and widely every listingMinGapMs; up to a
 * demand it is read widely at once. What the window before could not exhaust comes last and in halves, so that one page which can
 * never be read is closed in on and keeps nothing else from being listed.
 */
export function planWindow(input: CoverageInput): OwedInterval[] {
  const { end, timing, readings, frontierPages, demandedAt } = input;
  const wide: Interval[] = [];
  const plan: OwedInterval[] = [];
  for (const part of owedParts(input)) {
    const isDemanded = demandedAt !== null && part.from < demandedAt;
    const isEdge =
      part.to === end && width(part) < timing.listingMinGapMs && readings.some((one) => one.to === part.from);
    if (isEdge && !isDemanded && frontierPages !== null && frontierPages > 1) {
      plan.push({ from: part.from - timing.pollEveryMs, to: part.to, covering: false });
      continue;
    }
    const from = width(part) >= timing.coveringWidthMs ? part.from : startOfDay(part.to - timing.coveringWidthMs);
    wide.push({ from: Math.min(from, part.from), to: part.to });
  }
  const pieces = union(wide)
    .reverse()
    .flatMap((whole) => cut(whole, timing.listingWidthMs, timing.coveringWidthMs));
  const isSuspect = (piece: Interval) => (input.failed ?? []).some((gap) => overlaps(gap, piece));
  const closedIn = pieces.filter(isSuspect).flatMap((piece) => halve(piece, timing.coveringWidthMs) ?? [piece]);
  const sound = [...pieces.filter((piece) => !isSuspect(piece)), ...closedIn.filter((piece) => !isSuspect(piece))];
  const covering = [...sound, ...closedIn.filter(isSuspect)].map((piece) => ({ ...piece, covering: true }));
  return [...plan, ...covering];
}

/** Parts of `whole` without an exhausted listing begun at or after `since`. */
export function uncoveredSince(whole: Interval, readings: readonly Reading[], since: number): Interval[] {
  return gaps(
    whole,
    readings.filter((reading) => reading.begunAt >= since),
  );
}
