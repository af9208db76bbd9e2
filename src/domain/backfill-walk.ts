import type { BackfillDirection, BackfillHours } from './backfill.js';
import { gaps, type Interval } from './interval.js';

/** A listing that fits on one page needs no second reading. */
const FULL_PAGE = 100;
const WIDEST_MS = 30 * 86_400_000;

/**
 * The creation interval that a walk lists next: the near end of what is not listed yet, in its direction. Null where all of it is;
 * an interval that was widened meanwhile, on either side, is walked like the rest. It leaves no rest narrower than what covers, since
 * the listing of that would prove nothing.
 */
export function nextInterval(
  whole: Interval,
  listed: readonly Interval[],
  {
    direction,
    widthMs,
    coveringWidthMs = 0,
  }: { direction: BackfillDirection; widthMs: number; coveringWidthMs?: number },
): Interval | null {
  const open = gaps(whole, listed);
  const near = direction === 'newest_first' ? open.at(-1) : open[0];
  if (!near) return null;
  if (near.to - near.from < widthMs + coveringWidthMs) return near;
  return direction === 'newest_first'
    ? { from: near.to - widthMs, to: near.to }
    : { from: near.from, to: near.from + widthMs };
}

/** Wider after a listing that left most of its page empty, narrower after one that did not fit, never narrower than what covers. */
export function nextWidth(widthMs: number, threads: number, coveringWidthMs: number): number {
  if (threads > FULL_PAGE) return Math.max(coveringWidthMs, Math.floor(widthMs / 2));
  if (threads * 2.5 <= FULL_PAGE) return Math.max(coveringWidthMs, Math.min(WIDEST_MS, widthMs * 2));
  return widthMs;
}

/** Half of what could not be listed, down to what covers. */
export const narrowerWidth = (intervalMs: number, coveringWidthMs: number): number =>
  Math.max(coveringWidthMs, Math.floor(intervalMs / 2_000) * 1_000);

/**
 * Whether an instant lies in the hours of the day of a backfill, and when that changes next. `minuteAt` gives the minute of the day
 * in its zone, which a workflow cannot know by itself.
 */
export function withinHours(
  hours: Pick<BackfillHours, 'from' | 'to'>,
  minute: number,
): { open: boolean; changesIn: number } {
  const { from, to } = hours;
  const open = from < to ? minute >= from && minute < to : minute >= from || minute < to;
  const next = open ? to : from;
  const changesIn = (next - minute + 1_440) % 1_440 || 1_440;
  return { open, changesIn };
}

/** Live work keeps at least half of the budget that it shares with a backfill on another queue. */
export const ownShare = (rate: number, perSecond: number | null): number =>
  Math.min(rate / 2, perSecond ?? Number.POSITIVE_INFINITY);
