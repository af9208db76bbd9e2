import { LINE_SHARE } from '../domain/schedule/gaps.js';
import { addExposure, type Histogram, weightOf } from '../domain/schedule/hazards.js';
import { type Cell, solvePlan } from '../domain/schedule/plan.js';
import { BIN_BOUNDS_MINUTES } from '../domain/schedule/silence-bins.js';
import { FIRST_CLASS, type VisitClass } from '../domain/schedule/visit-class.js';
import type { Timing } from '../domain/timing.js';
import { quenchAlarm, raiseAlarm } from './alarms.js';
import { readTightening } from './audit-results.js';
import { type Database, only, type Sql } from './database.js';
import { readStoredPlans, type StoredPlan, storePlan } from './visit-plans.js';

export interface PlanContext {
  source: string;
  now: Date;
  timing: Timing;
}

/** Plans the visits of a source anew where the plan is older than its period, or knew of no thread; gives the plan in force. */
export async function planVisits(db: Database, { source, now, timing }: PlanContext): Promise<StoredPlan> {
  const before = (await readStoredPlans(db)).find((plan) => plan.source === source) ?? null;
  const isFresh = before !== null && now.getTime() - before.plannedAt.getTime() < timing.visitPlanEveryMs;
  if (before && isFresh && before.threads > 0) return before;
  return db.transaction(async (tx) => {
    const { histogram, costs, hintedShare } = await readLessons(tx, source, now);
    const { population, promisedShare } = await readPopulation(tx, source, now, costs);
    const { budgetPerSecond, otherPerSecond, ratePerSecond } = await readBudget(tx, source, now, timing);
    const solved = solvePlan({
      population,
      histogram,
      budgetPerSecond,
      hintedShare,
      timing,
      tightened: Object.fromEntries(await readTightening(tx, source)),
      ...(before ? { before: before.share } : {}),
    });
    const plan: StoredPlan = {
      ...solved,
      source,
      plannedAt: now,
      statedShare: Math.max(solved.share, promisedShare),
      threads: population.reduce((sum, cell) => sum + cell.threads, 0),
      budgetPerSecond,
      otherPerSecond,
    };
    await storePlan(tx, plan);
    if (promisedShare > plan.share) await tighten(tx, { source, now, timing }, plan.share);
    await tellOfGuarantee(tx, plan, ratePerSecond, timing);
    return plan;
  });
}

interface Learnt {
  histogram: Histogram;
  /** Calls per visit by class and bin. */
  costs: ReadonlyMap<string, number>;
  hintedShare: number;
}

const cellKey = (visitClass: string, bin: number): string => `${visitClass} ${bin}`;

async function readLessons(tx: Sql, source: string, now: Date): Promise<Learnt> {
  const rows = await tx.$queryRaw<
    {
      class: VisitClass;
      bin: number;
      monthMs: number;
      minutes: number;
      replies: number;
      hinted: number;
      visits: number;
      calls: number;
    }[]
  >`SELECT class, bin, EXTRACT(epoch FROM month)::float8 * 1000 AS "monthMs", minutes, replies, hinted, visits, calls FROM visit_exposure WHERE source = ${source}`;
  const histogram: Histogram = {};
  const sums = new Map<string, { visits: number; calls: number }>();
  let [hinted, found] = [0, 0];
  for (const row of rows) {
    const weight = weightOf(now.getTime() - row.monthMs);
    addExposure(histogram, row.class, row, weight);
    const sum = sums.get(cellKey(row.class, row.bin)) ?? { visits: 0, calls: 0 };
    sums.set(cellKey(row.class, row.bin), { visits: sum.visits + row.visits, calls: sum.calls + row.calls });
    hinted += weight * row.hinted;
    found += weight * row.replies;
  }
  const costs = new Map(
    [...sums].map(([key, { visits, calls }]) => [key, (Math.max(calls, visits) + 1) / (visits + 1)]),
  );
  return { histogram, costs, hintedShare: hinted / (hinted + found + 1) };
}

/** Threads that will be visited, by class and bin, and the largest share that any of their next visits was promised with. */
async function readPopulation(
  tx: Sql,
  source: string,
  now: Date,
  costs: Learnt['costs'],
): Promise<{ population: Cell[]; promisedShare: number }> {
  const rows = await tx.$queryRaw<{ class: VisitClass; bin: number; threads: number; promised: number }[]>`
    SELECT COALESCE(t.visit_class, ${FIRST_CLASS}) AS class,
           width_bucket(EXTRACT(epoch FROM ${now}::timestamptz - COALESCE(t.last_activity_at, t.created_at))::float8 / 60,
                        ${BIN_BOUNDS_MINUTES}::float8[]) AS bin,
           count(*)::int AS threads, max(d.promised_share) AS promised
    FROM thread_due d JOIN thread t ON t.id = d.thread_id WHERE d.source = ${source} GROUP BY 1, 2`;
  const population = rows.map(({ class: visitClass, bin, threads }): Cell => {
    return { visitClass, bin, threads, callsPerVisit: costs.get(cellKey(visitClass, bin)) ?? 1 };
  });
  return { population, promisedShare: Math.max(0, ...rows.map((row) => row.promised)) };
}

/** Over so much time the calls that are no visits are measured. */
const MEASURED_MS = 3_600_000;

/** Part of the rate that visits are planned with at least: an hour of listings alone is no reason to give threads up. */
const LEAST_REST = 0.1;

/**
 * The rate to plan with: what the pacer has in force, or, where that has just dipped, what the last hour carried. One planning in the
 * minutes of an outage would stretch the guarantee for a day, since it comes back by steps; trouble that lasts is followed in an hour.
 */
async function readBudget(tx: Sql, source: string, now: Date, timing: Timing) {
  const since = new Date(now.getTime() - MEASURED_MS);
  const rows = await tx.$queryRaw<
    { ceiling: number; inForce: number; createdAt: Date; others: number; visits: number }[]
  >`
    SELECT source.rate_per_second AS ceiling, COALESCE(pacer.rate, source.rate_per_second) AS "inForce",
           source.created_at AS "createdAt", made.others, made.visits
    FROM source LEFT JOIN pacer ON pacer.source = source.name CROSS JOIN (
      SELECT count(*) FILTER (WHERE round_id IS NULL)::int AS others,
             count(*) FILTER (WHERE round_id IS NOT NULL AND finished_at IS NOT NULL AND failure IS NULL)::int AS visits
      FROM provider_call WHERE source = ${source} AND opened_at > ${since} AND opened_at <= ${now}) AS made
    WHERE name = ${source}`;
  const { ceiling, inForce, createdAt, others, visits } = only(rows, `source ${source}`);
  const seconds = Math.min(MEASURED_MS, Math.max(timing.visitPlanEveryMs, now.getTime() - createdAt.getTime())) / 1_000;
  const otherPerSecond = others / seconds;
  const carried = otherPerSecond + visits / seconds / timing.visitBudgetShare;
  const ratePerSecond = Math.min(ceiling, Math.max(inForce, carried));
  const rest = Math.max(LEAST_REST * ratePerSecond, ratePerSecond - otherPerSecond);
  return { budgetPerSecond: timing.visitBudgetShare * rest, otherPerSecond, ratePerSecond };
}

/**
 * The guarantee became tighter: what is due later than it allows is brought forward, not to before now. The promise of those rows stays
 * the old one until their visit, because until then nothing better can be said.
 */
async function tighten(tx: Sql, { source, now, timing }: PlanContext, share: number): Promise<void> {
  await tx.$executeRaw`
    UPDATE thread_due d SET due_at = GREATEST(${now}::timestamptz, t.read_whole_at + gap.length)
    FROM thread t CROSS JOIN LATERAL (
      SELECT GREATEST(${timing.visitMinGapMs}::float8 * interval '1 millisecond',
                      ${(1 - LINE_SHARE) * share}::float8 * (t.read_whole_at - COALESCE(t.last_activity_at, t.created_at))) AS length
    ) AS gap
    WHERE t.id = d.thread_id AND d.source = ${source} AND d.promised_share > ${share} AND t.read_whole_at IS NOT NULL
      AND d.due_at > GREATEST(${now}::timestamptz, t.read_whole_at + gap.length)`;
}

/** By so much c may exceed what is wished before anybody is told: planning is not that exact. */
const TOLERANCE = 1.01;

async function tellOfGuarantee(tx: Sql, plan: StoredPlan, ratePerSecond: number, timing: Timing): Promise<void> {
  const alarm = { kind: 'guarantee_stretched' as const, source: plan.source, subject: 'visits', now: plan.plannedAt };
  if (plan.statedShare <= plan.wantedShare * TOLERANCE) {
    await quenchAlarm(tx, alarm);
    return;
  }
  const { statedShare, share, wantedShare, threads, budgetPerSecond, neededPerSecond, otherPerSecond } = plan;
  await raiseAlarm(tx, {
    ...alarm,
    evidence: {
      statedShare,
      plannedShare: share,
      wantedShare,
      threads,
      budgetPerSecond,
      neededPerSecond,
      ratePerSecond,
      otherPerSecond,
      rateThatRestoresIt: otherPerSecond + neededPerSecond / timing.visitBudgetShare,
      otherwise: 'hints by webhook make new messages known at once, whatever the share',
    },
  });
}
