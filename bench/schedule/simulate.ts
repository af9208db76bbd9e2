import { ceilingGapMs, unplanned, type VisitPlan } from '../../src/domain/schedule/gaps.js';
import { addExposure, exposuresOf, type Histogram } from '../../src/domain/schedule/hazards.js';
import { type Cell, solvePlan } from '../../src/domain/schedule/plan.js';
import { BIN_COUNT, binOf } from '../../src/domain/schedule/silence-bins.js';
import { rankOf, tightenedDueAt } from '../../src/domain/schedule/urgency.js';
import { VISIT_CLASS_NAMES, type VisitClass } from '../../src/domain/schedule/visit-class.js';
import type { Timing } from '../../src/domain/timing.js';
import { activityAt, nextVisitAt } from '../../src/domain/visit-schedule.js';
import { DueQueue } from './due-queue.js';
import { DAY, type World } from './world.js';

export interface Policy {
  timing: Timing;
  /** Whether the schedule knows the kind of a thread, or the age of its silence alone. */
  classes: boolean;
  /** Whether visits are planned from what was learnt, or follow the reference rule. */
  learns: boolean;
  /** False: no guarantee holds gaps down, only hazard and cost count. */
  guarantee: boolean;
  /** Calls per second of the source; visits are planned for `visitBudgetShare` of it. Infinite where only the wish counts. */
  ratePerSecond: number;
  /** Period of planning while new threads come; later on it is a quarter of a day. The product plans every 15 minutes. */
  planEveryMs: number;
}

/** A message that a visit had to find. */
export interface Found {
  arrivedAt: number;
  lateMs: number;
  /** From the last activity known before the visit that found it to its arrival. */
  silenceMs: number;
  /** The largest c that was stated from its arrival until it was found. */
  statedShare: number;
}

export interface Simulated {
  visits: number;
  found: Found[];
  /** Messages of the world that no visit found. */
  lost: number;
  /** The largest c that was ever stated. */
  mostShare: number;
}

const LATER_PLAN_MS = DAY / 4;

/** The product's rules on a virtual clock: rounds of `visitEveryMs`, one call per visit. */
export function simulate(world: World, policy: Policy): Simulated {
  const { timing } = policy;
  const { threads } = world;
  const queue = new DueQueue(threads.length, timing);
  const activity = new Float64Array(threads.length);
  const visitedAt = new Float64Array(threads.length).fill(Number.NaN);
  const share = new Float64Array(threads.length);
  const taken = new Int32Array(threads.length);
  const histogram: Histogram = {};
  const found: Found[] = [];
  const stated: { at: number; share: number }[] = [];
  let plan: VisitPlan = { ...unplanned(timing), ...(policy.guarantee ? {} : { share: Number.POSITIVE_INFINITY }) };
  let visits = 0;
  let created = 0;
  let tokens = 0;
  let plannedAt = Number.NEGATIVE_INFINITY;
  const classOf = (thread: number): VisitClass =>
    policy.classes ? (threads[thread]?.kind.visitClass ?? 'answered') : 'answered';

  function replan(now: number): void {
    const counts = new Map<VisitClass, Int32Array>(VISIT_CLASS_NAMES.map((name) => [name, new Int32Array(BIN_COUNT)]));
    let most = 0;
    for (let thread = 0; thread < created; thread++) {
      if (Number.isNaN(queue.dueAt(thread))) continue;
      const row = counts.get(classOf(thread));
      const bin = binOf(now - (activity[thread] ?? now));
      if (row) row[bin] = (row[bin] ?? 0) + 1;
      most = Math.max(most, share[thread] ?? 0);
    }
    const population: Cell[] = [...counts].flatMap(([visitClass, bins]) =>
      [...bins].map((n, bin) => ({ visitClass, bin, threads: n, callsPerVisit: 1 })).filter((cell) => cell.threads > 0),
    );
    const solved = solvePlan({
      population,
      histogram,
      budgetPerSecond: timing.visitBudgetShare * policy.ratePerSecond,
      hintedShare: 0,
      timing,
      before: plan.share,
      ...(policy.guarantee ? {} : { wantedShare: 1e9 }),
    });
    plan = policy.learns ? solved : { share: solved.share, factors: null };
    if (most > plan.share) tighten(now);
    stated.push({ at: now, share: Math.max(plan.share, most) });
    plannedAt = now;
  }

  function tighten(now: number): void {
    for (let thread = 0; thread < created; thread++) {
      const due = queue.dueAt(thread);
      if (Number.isNaN(due) || (share[thread] ?? 0) <= plan.share || Number.isNaN(visitedAt[thread])) continue;
      const at = visitedAt[thread] ?? 0;
      const gap = ceilingGapMs(at - (activity[thread] ?? at), plan.share, timing);
      const sooner = tightenedDueAt(due, at, gap, now);
      if (sooner < due) queue.set(thread, sooner, rankOf(gap, timing));
    }
  }

  /** The largest share that a person could have read from then until now. */
  function statedSince(at: number): number {
    let most = 0;
    for (let index = stated.length - 1; index >= 0; index--) {
      const one = stated[index];
      most = Math.max(most, one?.share ?? 0);
      if ((one?.at ?? 0) <= at) break;
    }
    return most;
  }

  function visit(thread: number, now: number): void {
    visits += 1;
    const { arrivals } = threads[thread] as World['threads'][number];
    const before = visitedAt[thread] ?? Number.NaN;
    const onRevisit = !Number.isNaN(before);
    const known = activity[thread] ?? 0;
    let ended = false;
    for (let at = arrivals[taken[thread] ?? 0]; at !== undefined && at <= now; at = arrivals[taken[thread] ?? 0]) {
      taken[thread] = (taken[thread] ?? 0) + 1;
      const input = { originAt: at, receivedAt: null, firstSeenAt: now, threadCreatedAt: arrivals[0] ?? at, onRevisit };
      activity[thread] = Math.max(activity[thread] ?? 0, activityAt(input));
      if (!onRevisit) continue;
      ended = true;
      found.push({ arrivedAt: at, lateMs: now - at, silenceMs: at - known, statedShare: statedSince(at) });
    }
    if (onRevisit)
      for (const one of exposuresOf(before - known, now - known, ended)) addExposure(histogram, classOf(thread), one);
    visitedAt[thread] = now;
    share[thread] = plan.share;
    const next = nextVisitAt(now, activity[thread] ?? now, timing, { visitClass: classOf(thread), plan });
    if (next !== null) queue.set(thread, next, rankOf(next - now, timing));
  }

  const round = timing.visitEveryMs;
  for (let now = 0; ; now += round) {
    const due = Math.min(queue.next(), threads[created]?.arrivals[0] ?? Number.POSITIVE_INFINITY);
    if (due === Number.POSITIVE_INFINITY) break;
    now = Math.max(now, Math.ceil(due / round) * round);
    for (; (threads[created]?.arrivals[0] ?? Number.POSITIVE_INFINITY) <= now; created++) {
      activity[created] = threads[created]?.arrivals[0] ?? 0;
      queue.set(created, activity[created] ?? 0, 0);
    }
    if (now - plannedAt >= (created < threads.length ? policy.planEveryMs : LATER_PLAN_MS)) replan(now);
    tokens = Math.min(tokens, 1) + (policy.ratePerSecond * round) / 1_000;
    for (; tokens >= 1; tokens--) {
      const thread = queue.take(now);
      if (thread === null) break;
      visit(thread, now);
    }
  }
  const lost = threads.reduce((sum, thread, index) => sum + thread.arrivals.length - (taken[index] ?? 0), 0);
  return { visits, found, lost, mostShare: Math.max(...stated.map((one) => one.share)) };
}
