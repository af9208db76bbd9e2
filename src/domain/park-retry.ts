import type { Timing } from './timing.js';

/** Gaps between the attempts, in first waits: with a first wait of a minute 1, 5 and 30 minutes, 2, 5 and 10 hours, then daily. */
const GAPS = [1, 5, 30, 120, 300, 600, 1440];

/** After so many attempts an attachment is no longer asked for: its row stays, with the reason. What is parked never gives up. */
export const ATTACHMENT_ATTEMPTS = GAPS.length;

/** Milliseconds from each attempt, the first seeing being attempt 0, to the next one; from the last entry on it stays the same. */
export const retryGapsMs = (timing: Pick<Timing, 'parkRetryMs'>): number[] =>
  GAPS.map((gap) => gap * timing.parkRetryMs);

/** When to ask again after so many attempts. */
export const retryAt = (now: Date, attempts: number, timing: Pick<Timing, 'parkRetryMs'>): Date =>
  new Date(now.getTime() + (GAPS[Math.min(attempts, GAPS.length - 1)] ?? 1) * timing.parkRetryMs);
