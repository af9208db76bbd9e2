import { shareOf } from '../../domain/backfill-figures.js';
import type { Timing } from '../../domain/timing.js';
import { only, type Sql } from '../../ledger/database.js';
import { boundOf, type CallBound } from './bound.js';

export interface BackfillCalls {
  listPages: number;
  /** Confirming pages included. */
  messagePages: number;
  confirming: number;
  /** Of all of them: those that gave no rows, and of those the ones that the provider refused with 429. */
  failed: number;
  refused: number;
  all: number;
  /** Rows of calls that are past their time of keeping: the figures above lack at least so many message pages. */
  expired: number;
  bound: CallBound;
  /** Used beside the bound; null where the bound is nothing. */
  ratio: { messages: number | null; all: number | null };
  /** From its beginning to its end, or to now, pauses included. */
  tookMs: number;
  perSecond: number | null;
  /** Share of the calls that the source's rate allowed in that time, and of those that were made. */
  budgetShare: number | null;
  madeShare: number | null;
}

export interface CallsInput {
  backfillId: string;
  source: string;
  begunAt: Date | null;
  until: Date;
  timing: Timing;
}

/** What a backfill asked of the provider, beside the least that its task takes. Calls that failed are counted as used. */
export async function readCalls(
  db: Sql,
  { backfillId, source, begunAt, until, timing }: CallsInput,
): Promise<BackfillCalls> {
  const bound = await boundOf(db, { backfillId, source, timing });
  const from = begunAt ?? until;
  const counts = await db.$queryRaw<
    Omit<BackfillCalls, 'bound' | 'ratio' | 'tookMs' | 'perSecond' | 'budgetShare' | 'madeShare' | 'expired'>[]
  >`
    SELECT (count(*) FILTER (WHERE operation = 'listThreads'))::int AS "listPages",
           (count(*) FILTER (WHERE operation = 'listMessages'))::int AS "messagePages",
           (count(*) FILTER (WHERE operation = 'listMessages' AND parameters ->> 'purpose' = 'confirm'))::int AS confirming,
           (count(*) FILTER (WHERE failure IS NOT NULL))::int AS failed,
           (count(*) FILTER (WHERE failure = 'SourceRateLimited'))::int AS refused, count(*)::int AS all
    FROM provider_call
    WHERE source = ${source} AND opened_at >= ${from} AND opened_at <= ${until} AND parameters ->> 'backfill' = ${backfillId}`;
  const around = await db.$queryRaw<{ made: number; rate: number | null; counted: number }[]>`
    SELECT (SELECT count(*)::int FROM provider_call WHERE source = ${source} AND opened_at >= ${from} AND opened_at <= ${until}) AS made,
           (SELECT rate_per_second FROM source WHERE name = ${source}) AS rate,
           (SELECT COALESCE(sum(calls), 0)::int FROM backfill_thread WHERE backfill_id = ${backfillId}::uuid) AS counted`;
  const used = only(counts, `calls of backfill ${backfillId}`);
  const { made, rate, counted } = only(around, `calls of ${source}`);
  const tookMs = until.getTime() - from.getTime();
  return {
    ...used,
    expired: Math.max(0, counted - used.messagePages),
    bound,
    ratio: { messages: shareOf(used.messagePages, bound.messagePages), all: shareOf(used.all, bound.all) },
    tookMs,
    perSecond: shareOf(used.all, tookMs / 1000),
    budgetShare: rate === null ? null : shareOf(used.all, (tookMs / 1000) * rate),
    madeShare: shareOf(used.all, made),
  };
}
