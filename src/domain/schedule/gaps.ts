import type { Timing } from '../timing.js';
import { binOf } from './silence-bins.js';
import type { VisitClass } from './visit-class.js';

/** Part of the guaranteed gap that planned gaps leave free for waiting in line: a round takes what is due, not what it wishes. */
export const LINE_SHARE = 0.03;

/** What a plan says of the next visits of a source. */
export interface VisitPlan {
  /** c in force: no message is later than max(P, c x silence), and one round. */
  share: number;
  /** By class and bin of silence: how many times the reference gap passes until the next visit. Null before the first plan. */
  factors: Readonly<Partial<Record<VisitClass, readonly number[]>>> | null;
  /** Classes in which an audit found messages that visits should have: their gaps are multiplied with this, below 1. */
  tightened?: Readonly<Partial<Record<VisitClass, number>>>;
}

/** What holds until a source has a plan: the reference rule for every thread. */
export const unplanned = (timing: Timing): VisitPlan => ({ share: timing.visitSilenceShare, factors: null });

/**
 * The rule without any knowledge of a source: P x (c x silence / P)^e, at least P. With e below 1 the share of the silence falls
 * as the silence grows. Milliseconds. Source: SCHEDULING 3.2, "recommended default".
 */
export const referenceGapMs = (silenceMs: number, timing: Timing): number => {
  const { visitMinGapMs, visitSilenceShare, visitSilencePower } = timing;
  const relative = (visitSilenceShare * silenceMs) / visitMinGapMs;
  return relative <= 1 ? visitMinGapMs : visitMinGapMs * relative ** visitSilencePower;
};

/** The longest gap that keeps the guarantee max(P, c x silence), with room for waiting in line. Milliseconds. */
export const ceilingGapMs = (silenceMs: number, share: number, timing: Timing): number =>
  Math.max(timing.visitMinGapMs, (1 - LINE_SHARE) * share * silenceMs);

/** Time to the next visit of a thread of this class that has been silent so long: by the plan, never beyond the guarantee. */
export function visitGapMs(silenceMs: number, visitClass: VisitClass, plan: VisitPlan, timing: Timing): number {
  const factor = plan.factors?.[visitClass]?.[binOf(silenceMs)] ?? 1;
  const wished = factor * referenceGapMs(silenceMs, timing);
  const gap = Math.min(wished, ceilingGapMs(silenceMs, plan.share, timing));
  return Math.max(timing.visitMinGapMs, gap * (plan.tightened?.[visitClass] ?? 1));
}
