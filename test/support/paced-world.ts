import { freshPace, isCalm, nextPace, type Pace, queueRate, type Seen } from '../../src/domain/pacing.js';

/** A provider's limit in virtual time: 0 lets a request pass, otherwise the milliseconds of the Retry-After that it is refused with. */
export type HiddenLimit = (now: number) => number;

/** At most so many requests in any second; Retry-After in whole seconds. */
export function perSecond(limitAt: (now: number) => number): HiddenLimit {
  const recent: number[] = [];
  return (now) => {
    while (recent.length > 0 && (recent[0] ?? 0) <= now - 1_000) recent.shift();
    if (recent.length >= limitAt(now)) return 1_000;
    recent.push(now);
    return 0;
  };
}

/** At most so many requests in each minute of the clock; Retry-After names the rest of the minute. */
export function perMinute(limit: number): HiddenLimit {
  let [minute, used] = [-1, 0];
  return (now) => {
    const at = Math.floor(now / 60_000);
    if (at !== minute) [minute, used] = [at, 0];
    if (used >= limit) return Math.ceil((60_000 - (now % 60_000)) / 1_000) * 1_000;
    used += 1;
    return 0;
  };
}

/** The same over any sixty seconds. */
export function perSlidingMinute(limit: number): HiddenLimit {
  const recent: number[] = [];
  return (now) => {
    while (recent.length > 0 && (recent[0] ?? 0) <= now - 60_000) recent.shift();
    if (recent.length >= limit) return Math.ceil((60_000 - (now - (recent[0] ?? 0))) / 1_000) * 1_000;
    recent.push(now);
    return 0;
  };
}

interface Call {
  openedAt: number;
  finishedAt: number;
  pauseMs: number;
}

export interface PacedRun {
  calls: Call[];
  /** The rate in force at each look of the pacer. */
  rates: { at: number; rate: number }[];
}

const WAKE_MS = 80;
const TICK_MS = 5_000;
/** The server's bucket starts so much later when its rate is raised from nothing. */
const START_AGAIN_MS = 1_000;

/**
 * Endless demand against a hidden limit, in virtual time: the queue releases at the rate that the pacer sets, an answer takes
 * `latencyMs`, a 429 pauses the source from its arrival on.
 */
export function runPaced(
  limit: HiddenLimit,
  options: { ceiling: number; seconds: number; latencyMs: number },
): PacedRun {
  const { ceiling, seconds, latencyMs } = options;
  const calls: Call[] = [];
  const rates: PacedRun['rates'] = [];
  let pace: Pace = freshPace(ceiling, 0);
  let blockedUntil = 0;
  let [nextLook, nextCall, released] = [0, 0, queueRate(pace, { ceiling, blockedUntil: null }, 0)];
  for (let now = 0; now < seconds * 1_000; now += 1) {
    for (let at = calls.length - 1; at >= 0 && (calls[at]?.finishedAt ?? 0) >= now; at -= 1) {
      const call = calls[at];
      if (call?.finishedAt !== now || call.pauseMs === 0) continue;
      if (blockedUntil <= now) nextLook = Math.min(nextLook, now + WAKE_MS);
      blockedUntil = Math.max(blockedUntil, now + call.pauseMs);
    }
    if (now >= nextLook) {
      const seen = look(calls, pace, now);
      const limits = { ceiling, openMs: 30_000, openMaxMs: 600_000, blockedUntil };
      pace = nextPace(pace, seen, limits, now);
      rates.push({ at: now, rate: pace.rate });
      const rate = queueRate(pace, limits, now);
      if (released === 0 && rate > 0) nextCall = Math.max(nextCall, now + START_AGAIN_MS);
      released = rate;
      nextLook = now + (blockedUntil > now ? blockedUntil - now : isCalm(pace, seen, ceiling) ? 60_000 : TICK_MS);
    }
    while (released > 0 && nextCall <= now) {
      nextCall = Math.max(nextCall, now - 1_000) + 1_000 / released;
      if (blockedUntil > now) continue;
      calls.push({ openedAt: now, finishedAt: now + latencyMs, pauseMs: limit(now) });
    }
  }
  return { calls, rates };
}

function look(calls: readonly Call[], { observedAt, refusedAt }: Pace, now: number): Seen {
  const seen = { finished: 0, refused: 0, longestRetryAfterMs: 0, accepted: 0 };
  for (let at = calls.length - 1; at >= 0; at -= 1) {
    const call = calls[at];
    if (!call || call.openedAt < now - 70_000) break;
    if (call.finishedAt > now) continue;
    if (call.pauseMs === 0 && call.finishedAt > now - 60_000) seen.accepted += 1;
    if (call.finishedAt <= observedAt) continue;
    seen.finished += 1;
    if (call.pauseMs === 0 || call.openedAt <= (refusedAt ?? -1)) continue;
    seen.refused += 1;
    seen.longestRetryAfterMs = Math.max(seen.longestRetryAfterMs, call.pauseMs);
  }
  return {
    finished: seen.finished,
    failed: 0,
    refused: seen.refused,
    longestRetryAfterMs: seen.longestRetryAfterMs,
    acceptedPerSecond: now < 60_000 ? null : seen.accepted / 60,
    medianMs: 20,
    extra: 0,
    window: { finished: seen.finished, failed: 0 },
  };
}

/** Share of the calls that were refused. */
export const refusedShare = ({ calls }: PacedRun): number =>
  calls.filter((call) => call.pauseMs > 0).length / calls.length;

/** Accepted calls per second within [from, to), in seconds of the run. */
export const acceptedPerSecond = ({ calls }: PacedRun, from: number, to: number): number =>
  calls.filter((call) => call.pauseMs === 0 && call.openedAt >= from * 1_000 && call.openedAt < to * 1_000).length /
  (to - from);
