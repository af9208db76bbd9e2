/**
 * How fast a source is called: additive increase, multiplicative decrease between a floor and the ceiling that the operator set, and
 * a breaker for a provider that fails. Pure: the pacer gives what the ledger saw since it last looked, and sets the queue's rate.
 */

/** Whether calls go out at all; docs/reference/pacing.md and a check constraint repeat the table. */
export const BREAKER_STATES = {
  closed: 'calls go out at the rate in force',
  open: 'so many calls failed that none goes out before the stated instant',
  half_open: 'a trickle of calls finds out whether the provider has recovered',
} as const;
export type BreakerState = keyof typeof BREAKER_STATES;

/** Why the rate is what it is. */
export const PACE_REASONS = {
  ceiling: 'the rate is the one that the source is configured for',
  rising: 'nothing speaks against more: the rate rises towards its ceiling',
  refused: 'the provider answered 429',
  failing: 'a tenth of the calls or more failed',
  slow: 'answers take more than three times as long as usual',
  breaker_opened: 'half of the calls or more failed',
  breaker_probing: 'the time of the open breaker has passed',
  breaker_closed: 'most calls of the trickle succeeded',
} as const;
export type PaceReason = keyof typeof PACE_REASONS;

export interface Pace {
  /** Calls per second in force, those of a send included. */
  rate: number;
  breaker: BreakerState;
  reason: PaceReason;
  /** Since when the reason holds, and since when the breaker is in its state; ms. */
  since: number;
  breakerSince: number;
  /** The rate at which the provider last refused a call, and until when it then wanted to be left alone. */
  refusedRate: number | null;
  refusedAt: number | null;
  refusedUntil: number | null;
  openUntil: number | null;
  /** Length of the last opening; doubles while the provider does not recover. */
  openMs: number | null;
  /** Usual time of an answer. */
  baselineMs: number | null;
  /** Calls per second that sends make beyond the one that the queue counts. */
  extraPerSecond: number;
  observedAt: number;
}

/** What the ledger saw since the pacer last looked, and within the breaker's window. */
export interface Seen {
  finished: number;
  failed: number;
  /** 429s of calls that were opened after the last decrease: what was under way then belongs to it. */
  refused: number;
  longestRetryAfterMs: number;
  /** Good answers per second over the last minute; null where there is no whole minute to look at. */
  acceptedPerSecond: number | null;
  medianMs: number | null;
  extra: number;
  /** Calls since the breaker changed, within its window. */
  window: { finished: number; failed: number };
}

export interface PaceLimits {
  /** Calls per second at most. */
  ceiling: number;
  openMs: number;
  openMaxMs: number;
  blockedUntil: number | null;
}

const DECREASE = 0.8;
/** A refusal right after the last one says that the step was too small. */
const DECREASE_AGAIN = 0.5;
const AGAIN_MS = 10_000;
const DECREASE_FAILING = 0.7;
const DECREASE_SLOW = 0.9;
/** From nothing to the ceiling. */
const RISE_SECONDS = 60;
/** Around the rate of the last refusal the rate rises so slowly that the next one is about a minute away. */
const NEAR = { from: 0.85, to: 1.1, seconds: 60 } as const;
/** After so long the last refusal says nothing about now. */
const FORGET_MS = 600_000;
/** A pause as long as this means a limit over a longer time: what was accepted in a minute says more than the rate of a moment. */
const LONG_PAUSE_MS = 5_000;
const FAILING = { share: 0.1, least: 3 } as const;
const SLOW = { times: 3, leastMs: 1_000 } as const;
const LONGEST_STEP_SECONDS = 10;
const BREAKER = { least: 20, share: 0.5, probes: 3, trickle: 1 } as const;

const floorOf = (ceiling: number): number => Math.min(ceiling, Math.max(ceiling / 50, 0.1));

export const freshPace = (ceiling: number, now: number): Pace => ({
  rate: ceiling,
  breaker: 'closed',
  reason: 'ceiling',
  since: now,
  breakerSince: now,
  refusedRate: null,
  refusedAt: null,
  refusedUntil: null,
  openUntil: null,
  openMs: null,
  baselineMs: null,
  extraPerSecond: 0,
  observedAt: now,
});

/** The pace from now on. */
export function nextPace(before: Pace, seen: Seen, limits: PaceLimits, now: number): Pace {
  const adapted = { ...before, ...observe(before, seen, now), ...adapt(before, seen, limits, now), observedAt: now };
  const turned = { ...adapted, ...turnBreaker(adapted, seen, limits, now) };
  return { ...turned, since: turned.reason === before.reason ? before.since : now };
}

/** What the queue may release per second: nothing while the source is paused, a trickle while the breaker probes. */
export function queueRate(
  pace: Pace,
  { ceiling, blockedUntil }: Pick<PaceLimits, 'ceiling' | 'blockedUntil'>,
  now: number,
) {
  const isPaused = (blockedUntil ?? 0) > now || pace.breaker === 'open';
  if (isPaused) return 0;
  const rate = Math.min(pace.rate, ceiling);
  if (pace.breaker === 'half_open') return Math.min(rate, BREAKER.trickle);
  return Math.max(floorOf(ceiling), rate - pace.extraPerSecond);
}

/** Whether nothing has to be watched closely. */
export const isCalm = (pace: Pace, seen: Seen, ceiling: number): boolean =>
  pace.breaker === 'closed' && pace.rate >= ceiling && seen.failed === 0 && seen.refused === 0 && seen.extra === 0;

function observe(before: Pace, { medianMs, extra }: Seen, now: number): Pick<Pace, 'baselineMs' | 'extraPerSecond'> {
  const seconds = Math.max(1, (now - before.observedAt) / 1_000);
  // The least that was seen, forgotten slowly: a provider that has become slower for good is not slow for ever.
  const baselineMs =
    medianMs === null ? before.baselineMs : Math.min(medianMs, (before.baselineMs ?? medianMs) * 1.02 + 0.1);
  return { baselineMs, extraPerSecond: (before.extraPerSecond + extra / seconds) / 2 };
}

function adapt(before: Pace, seen: Seen, { ceiling, blockedUntil }: PaceLimits, now: number): Partial<Pace> {
  const within = (rate: number) => Math.min(ceiling, Math.max(floorOf(ceiling), rate));
  if (seen.refused > 0) {
    const again = before.refusedUntil !== null && now - before.refusedUntil < AGAIN_MS;
    const at = refusedAtRate(before.rate, seen);
    return {
      rate: within(at * (again ? DECREASE_AGAIN : DECREASE)),
      reason: 'refused',
      refusedRate: at,
      refusedAt: now,
      refusedUntil: Math.max(now, blockedUntil ?? 0),
    };
  }
  if (seen.failed >= FAILING.least && seen.failed >= seen.finished * FAILING.share)
    return { rate: within(before.rate * DECREASE_FAILING), reason: 'failing' };
  const usualMs = before.baselineMs ?? seen.medianMs ?? 0;
  if (seen.medianMs !== null && seen.medianMs > Math.max(SLOW.leastMs, SLOW.times * usualMs))
    return { rate: within(before.rate * DECREASE_SLOW), reason: 'slow' };
  // A ceiling that was raised is taken up at once where nothing spoke against the one before.
  if (before.reason === 'ceiling') return { rate: ceiling, reason: 'ceiling' };
  const rate = within(before.rate + rise(before, ceiling, now));
  return { rate, reason: rate >= ceiling ? 'ceiling' : 'rising' };
}

/** Over a longer window the rate of the moment was too high long before it was refused. */
function refusedAtRate(rate: number, { longestRetryAfterMs, acceptedPerSecond }: Seen): number {
  if (longestRetryAfterMs < LONG_PAUSE_MS || acceptedPerSecond === null) return rate;
  return Math.min(rate, Math.max(rate / 4, acceptedPerSecond));
}

function rise(before: Pace, ceiling: number, now: number): number {
  const from = Math.max(before.observedAt, before.refusedUntil ?? 0, before.openUntil ?? 0);
  const seconds = Math.min(LONGEST_STEP_SECONDS, Math.max(0, (now - from) / 1_000));
  const fast = (ceiling / RISE_SECONDS) * seconds;
  const { refusedRate, refusedAt, rate } = before;
  if (refusedRate === null || refusedAt === null || now - refusedAt > FORGET_MS) return fast;
  const [low, high] = [refusedRate * NEAR.from, refusedRate * NEAR.to];
  if (rate < low) return Math.min(fast, low - rate);
  return rate < high ? Math.min(fast, ((high - low) / NEAR.seconds) * seconds) : fast;
}

function turnBreaker(
  pace: Pace,
  { window }: Seen,
  { openMs, openMaxMs, ceiling }: PaceLimits,
  now: number,
): Partial<Pace> {
  const open = (length: number): Partial<Pace> => ({
    breaker: 'open',
    breakerSince: now,
    reason: 'breaker_opened',
    openMs: length,
    openUntil: now + length,
  });
  if (pace.breaker === 'closed') {
    const isBroken = window.finished >= BREAKER.least && window.failed >= window.finished * BREAKER.share;
    return isBroken ? open(openMs) : {};
  }
  if (pace.breaker === 'open')
    return now < (pace.openUntil ?? 0)
      ? { reason: 'breaker_opened' }
      : { breaker: 'half_open', breakerSince: now, reason: 'breaker_probing' };
  if (window.finished < BREAKER.probes) return { reason: 'breaker_probing' };
  if (window.failed * 2 >= window.finished) return open(Math.min(openMaxMs, (pace.openMs ?? openMs) * 2));
  const rate = Math.max(floorOf(ceiling), Math.min(ceiling, pace.rate) / 2);
  return { breaker: 'closed', breakerSince: now, reason: 'breaker_closed', rate };
}
