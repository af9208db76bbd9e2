import type { Timing } from '../timing.js';

/** Ranks of thread_due: powers of two of P. */
export const RANK_COUNT = 16;

/** How long the gap of a thread is, in powers of two of P. */
export const rankOf = (gapMs: number, timing: Timing): number =>
  gapMs <= timing.visitMinGapMs ? 0 : Math.min(RANK_COUNT - 1, Math.round(Math.log2(gapMs / timing.visitMinGapMs)));

/**
 * How urgent a due thread is: by how much of its own gap it is overdue, counting P from the start, so that of two that have just fallen
 * due the one with the shorter gap goes first. A thread that nobody visits grows more urgent without end, so none starves; and a
 * backlog is waited off where gaps are long, before it makes anybody noticeably later. In units of P.
 */
export const urgencyOf = (overdueMs: number, rank: number, timing: Timing): number =>
  (overdueMs / timing.visitMinGapMs + 1) / 2 ** rank;

/**
 * When a thread is visited under a guarantee that became tighter since its last visit: by the new gap, not before now, so that
 * what is brought forward is not taken for overdue, and never later than it was due.
 */
export const tightenedDueAt = (dueAt: number, visitedAt: number, gapMs: number, now: number): number =>
  Math.min(dueAt, Math.max(now, visitedAt + gapMs));
