import type { Timing } from '../timing.js';
import { nextVisitAt } from '../visit-schedule.js';
import type { VisitPlan } from './gaps.js';
import { BIN_COUNT } from './silence-bins.js';
import { type ClassedMessage, VISIT_CLASS_NAMES, type VisitClass, visitClassOf } from './visit-class.js';

/** Another way to look for messages, to be tried on arrivals that are known. */
export type Policy = { name: string } & (
  | { kind: 'window'; windowMs: number }
  | { kind: 'visits'; timing: Timing; plan: VisitPlan; hintRecall: number }
);

/** An arrival lies after the last whole reading without the message and no later than its first sight. Milliseconds since 1970. */
export interface Arrival extends ClassedMessage {
  notBefore: number;
  notAfter: number;
  /** In [0, 1), the same in every run: the message is hinted where it is below the recall. */
  draw: number;
}

export interface ReplayedThread {
  status: string;
  createdAt: number;
  /** From when on its arrivals are known, until when. */
  from: number;
  until: number;
  /** Last activity at `from`, and the messages held then, newest first. */
  lastActivityAt: number;
  held: readonly ClassedMessage[];
  /** In order of arrival. */
  arrivals: readonly Arrival[];
}

export interface Outcome {
  calls: number;
  lateMs: number[];
  /** Never found by this policy. */
  missed: number;
  /** Not found yet, and due to be. */
  pending: number;
}

/** The bound of each arrival that is taken for the truth. */
export type Bound = 'notBefore' | 'notAfter';

/** What a policy would have done with one thread. Pure; one call per visit. */
export const replayThread = (thread: ReplayedThread, policy: Policy, bound: Bound, pollEveryMs: number): Outcome =>
  policy.kind === 'window'
    ? replayWindow(thread, policy.windowMs, bound, pollEveryMs)
    : replayVisits(thread, policy, bound);

/** A poller that reads, at fixed times, the threads created within a window: what comes later in their life it never sees. */
function replayWindow(
  { createdAt, from, until, arrivals }: ReplayedThread,
  windowMs: number,
  bound: Bound,
  everyMs: number,
): Outcome {
  const end = createdAt + windowMs;
  const outcome: Outcome = {
    calls: Math.max(0, Math.min(end, until) - from) / everyMs,
    lateMs: [],
    missed: 0,
    pending: 0,
  };
  for (const arrival of arrivals) {
    const at = arrival[bound];
    const seenAt = Math.ceil(at / everyMs) * everyMs;
    if (seenAt > end) outcome.missed += 1;
    else if (seenAt > until) outcome.pending += 1;
    else outcome.lateMs.push(seenAt - at);
  }
  return outcome;
}

function replayVisits(thread: ReplayedThread, policy: Extract<Policy, { kind: 'visits' }>, bound: Bound): Outcome {
  const { timing, hintRecall } = policy;
  const plan = hintRecall > 0 ? slowedByHints(policy.plan, hintRecall) : policy.plan;
  const waiting = [...thread.arrivals].sort((one, other) => one[bound] - other[bound]);
  let held = thread.held;
  let visitClass: VisitClass = visitClassOf(thread.status, held);
  let lastActivityAt = thread.lastActivityAt;
  const outcome: Outcome = { calls: 0, lateMs: [], missed: 0, pending: 0 };
  let now = thread.from;
  for (;;) {
    const due = nextVisitAt(now, lastActivityAt, timing, { visitClass, plan });
    const hint = waiting.find((arrival) => arrival.draw < hintRecall)?.[bound] ?? Number.POSITIVE_INFINITY;
    const next = Math.min(due ?? Number.POSITIVE_INFINITY, Math.max(now, hint));
    if (next > thread.until) {
      const left = next === Number.POSITIVE_INFINITY ? 'missed' : 'pending';
      outcome[left] += waiting.length;
      return outcome;
    }
    now = next;
    outcome.calls += 1;
    for (let first = waiting[0]; first !== undefined && first[bound] <= now; first = waiting[0]) {
      outcome.lateMs.push(now - first[bound]);
      held = [first, ...held];
      lastActivityAt = now;
      visitClass = visitClassOf(thread.status, held);
      waiting.shift();
    }
  }
}

/** At the same scale, a hint of recall r leaves (1 - r) of the hazard, and gaps grow by 1 / sqrt(1 - r). Source: SCHEDULING 3.2. */
function slowedByHints(plan: VisitPlan, recall: number): VisitPlan {
  const slower = 1 / Math.sqrt(Math.max(1e-9, 1 - recall));
  const factorsOf = (name: VisitClass) => plan.factors?.[name] ?? Array<number>(BIN_COUNT).fill(1);
  const entries = VISIT_CLASS_NAMES.map((name) => [name, factorsOf(name).map((factor) => factor * slower)] as const);
  return { ...plan, factors: Object.fromEntries(entries) };
}
