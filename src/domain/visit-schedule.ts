import { unplanned, type VisitPlan, visitGapMs } from './schedule/gaps.js';
import { FIRST_CLASS, type VisitClass } from './schedule/visit-class.js';
import type { Timing } from './timing.js';

/** What of a message bears on when its thread was last active; all instants in milliseconds since 1970. */
export interface ActivityInput {
  originAt: number | null;
  /** Receipt at the provider, only where that claim is verified. */
  receivedAt: number | null;
  firstSeenAt: number;
  threadCreatedAt: number;
  /** Whether the thread had been read whole before this message came. */
  onRevisit: boolean;
}

/** Into [from, to]; where the bounds cross, the later one wins. */
export const clamp = (value: number, from: number, to: number): number =>
  Math.max(Math.min(value, to), Math.min(from, to));

/**
 * Instant at which a message counts as activity. Never a raw origin stamp, which may lie in 1970 or 2099 and would retire a
 * thread or keep it hot. Source: DESIGN "Which threads to visit".
 */
export function activityAt(message: ActivityInput): number {
  if (message.receivedAt !== null) return clamp(message.receivedAt, message.threadCreatedAt, message.firstSeenAt);
  if (message.onRevisit || message.originAt === null) return message.firstSeenAt;
  return clamp(message.originAt, message.threadCreatedAt, message.firstSeenAt);
}

/** How a thread is looked at: its class and the plan of its source. */
export interface Standing {
  visitClass: VisitClass;
  plan: VisitPlan;
}

/**
 * The next visit: the gap of the plan, at least P, at most what the guarantee max(P, c x silence) allows; before there is a plan, the
 * reference rule. Null when the silence reached the horizon: the visit just made was the last one, until a hint.
 */
export function nextVisitAt(now: number, lastActivityAt: number, timing: Timing, standing?: Standing): number | null {
  const silence = Math.max(0, now - lastActivityAt);
  if (silence >= timing.horizonMs) return null;
  const { visitClass, plan } = standing ?? { visitClass: FIRST_CLASS, plan: unplanned(timing) };
  return now + visitGapMs(silence, visitClass, plan, timing);
}
