import { unplanned, type VisitPlan } from '../domain/schedule/gaps.js';
import type { Timing } from '../domain/timing.js';
import type { Sql } from './database.js';

/** The plan of a source as it stands in the ledger. */
export interface StoredPlan extends VisitPlan {
  source: string;
  plannedAt: Date;
  /** c that holds for every thread: a visit that was set under an earlier plan keeps that plan's promise. */
  statedShare: number;
  wantedShare: number;
  threads: number;
  /** Calls per second that visits may take. */
  budgetPerSecond: number;
  /** Calls per second that the wished guarantee needs. */
  neededPerSecond: number;
  predictedPerSecond: number;
  /** Calls per second of everything else, measured. */
  otherPerSecond: number;
}

export async function readStoredPlans(db: Sql): Promise<StoredPlan[]> {
  return db.$queryRaw<StoredPlan[]>`
    SELECT source, planned_at AS "plannedAt", share, stated_share AS "statedShare", wanted_share AS "wantedShare", factors, tightened, threads,
           budget_per_second AS "budgetPerSecond", needed_per_second AS "neededPerSecond",
           predicted_per_second AS "predictedPerSecond", other_per_second AS "otherPerSecond"
    FROM visit_plan ORDER BY source`;
}

/** The plan under which the threads of a source are visited; the reference rule before there is one. */
export async function readVisitPlan(db: Sql, source: string, timing: Timing): Promise<VisitPlan> {
  const rows = await db.$queryRaw<
    VisitPlan[]
  >`SELECT share, factors, tightened FROM visit_plan WHERE source = ${source}`;
  return rows[0] ?? unplanned(timing);
}

export async function storePlan(tx: Sql, plan: StoredPlan): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO visit_plan (source, planned_at, share, stated_share, wanted_share, factors, tightened, threads, budget_per_second,
                            needed_per_second, predicted_per_second, other_per_second)
    VALUES (${plan.source}, ${plan.plannedAt}, ${plan.share}, ${plan.statedShare}, ${plan.wantedShare},
            ${JSON.stringify(plan.factors)}::jsonb, ${JSON.stringify(plan.tightened ?? {})}::jsonb, ${plan.threads}, ${plan.budgetPerSecond}, ${plan.neededPerSecond},
            ${plan.predictedPerSecond}, ${plan.otherPerSecond})
    ON CONFLICT (source) DO UPDATE
      SET planned_at = excluded.planned_at, share = excluded.share, stated_share = excluded.stated_share,
          wanted_share = excluded.wanted_share, factors = excluded.factors, tightened = excluded.tightened, threads = excluded.threads,
          budget_per_second = excluded.budget_per_second, needed_per_second = excluded.needed_per_second,
          predicted_per_second = excluded.predicted_per_second, other_per_second = excluded.other_per_second`;
}
