import type { Timing } from './timing.js';

/** Automatic replies that left, or may have left, within the day before. */
export interface RepliesOfADay {
  inThread: number;
  /** To the same address, over all threads and sources. */
  toCorrespondent: number;
}

/**
 * Which limit the next automatic reply would pass; null where it may go. Two machines that answer each other are stopped by nothing
 * else when neither says that it is one. Pure. Source: RFC 3834 section 2, FAULTS T14.
 */
export function limitPassed(
  { inThread, toCorrespondent }: RepliesOfADay,
  { repliesPerThread, repliesPerCorrespondent }: Pick<Timing, 'repliesPerThread' | 'repliesPerCorrespondent'>,
): string | null {
  if (inThread >= repliesPerThread) return `${inThread} replies in its thread within a day`;
  if (toCorrespondent >= repliesPerCorrespondent) return `${toCorrespondent} replies to its sender within a day`;
  return null;
}
