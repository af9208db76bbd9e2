import type { Timing } from '../../domain/timing.js';
import { only, type Sql } from '../../ledger/database.js';

/** Rows of a full page, by the contract of the dashboard. */
const THREADS_PER_PAGE = 100;
const MESSAGES_PER_PAGE = 25;

export interface CallBound {
  /** Pages of listings, those that confirm included. */
  listPages: number;
  /** Pages of threads, those that confirm included. */
  messagePages: number;
  all: number;
}

export interface BoundInput {
  backfillId: string;
  source: string;
  timing: Pick<Timing, 'coveringWidthMs' | 'listingMinGapMs' | 'safeFrontierMs'>;
}

/**
 * The least number of calls for the part of a backfill that is behind it, had every page been full, nothing moved and no call failed.
 *
 * Of each interval that was listed: its threads at 100 a page, at least one page. A listing of several pages counts only once all of
 * them but the last were seen again, so it costs those too (docs/adr/0010); an empty one is given as often as it has to be believed:
 * three times where nobody had looked, twice where a listing was there, once where a fresh one found it empty. An interval too narrow
 * to count as coverage is confirmed by nothing.
 *
 * Of each thread that was read whole: its messages, and rows that were parked, at 25 a page, and one page more, the first once again,
 * where there are several pages or none. Of each that is gone: the answers that say so, two where we hold the thread.
 *
 * Nothing for intervals that could not be listed and threads that were not read: they cost calls and brought nothing.
 */
export async function boundOf(db: Sql, { backfillId, source, timing }: BoundInput): Promise<CallBound> {
  const { coveringWidthMs, listingMinGapMs, safeFrontierMs } = timing;
  const lists = await db.$queryRaw<{ pages: number }[]>`
    SELECT COALESCE(sum(CASE
        WHEN NOT covering THEN GREATEST(1, full_pages)
        WHEN threads = 0 THEN CASE WHEN is_empty THEN 1 WHEN is_listed THEN 2 ELSE 3 END
        ELSE 2 * full_pages - 1 END), 0)::int AS pages
    FROM (
      SELECT count(t.provider_thread_id) AS threads, ceil(count(t.provider_thread_id) / ${THREADS_PER_PAGE}::numeric) AS full_pages,
             b.to_at - b.from_at >= ${coveringWidthMs}::float8 * interval '1 millisecond' AS covering, known.*
      FROM backfill_listing b
      LEFT JOIN backfill_thread t ON t.backfill_id = b.backfill_id AND t.created_at >= b.from_at AND t.created_at < b.to_at
      CROSS JOIN LATERAL (
        SELECT count(*) > 0 AS is_listed,
               COALESCE(bool_or(l.threads = 0 AND l.to_at >= b.to_at - ${safeFrontierMs}::float8 * interval '1 millisecond'
                                AND l.begun_at >= b.at - ${listingMinGapMs}::float8 * interval '1 millisecond'), false) AS is_empty
        FROM listing l
        WHERE l.source = ${source} AND l.covering AND l.exhausted_at < b.at AND (l.superseded_at IS NULL OR l.superseded_at >= b.at)
          AND l.backfill_id IS DISTINCT FROM b.backfill_id
          AND l.from_at <= b.from_at AND l.to_at > b.from_at
          AND l.to_at >= b.to_at - ${listingMinGapMs}::float8 * interval '1 millisecond') AS known
      WHERE b.backfill_id = ${backfillId}::uuid AND b.outcome = 'listed'
      GROUP BY b.from_at, b.to_at, known.is_listed, known.is_empty) AS listed`;
  const threads = await db.$queryRaw<{ pages: number }[]>`
    SELECT COALESCE(sum(CASE state WHEN 'gone' THEN LEAST(GREATEST(calls, 1), CASE WHEN thread_id IS NULL THEN 1 ELSE 2 END)
                          ELSE full_pages + CASE WHEN full_pages > 1 OR shown + parked = 0 THEN 1 ELSE 0 END END), 0)::int AS pages
    FROM (
      SELECT state, calls, thread_id, shown, parked,
             LEAST(COALESCE(pages, 1), GREATEST(1, ceil((shown + parked) / ${MESSAGES_PER_PAGE}::numeric))) AS full_pages
      FROM backfill_thread WHERE backfill_id = ${backfillId}::uuid AND state IN ('read', 'gone')) AS behind`;
  const listPages = only(lists, 'bound of the listings').pages;
  const messagePages = only(threads, 'bound of the threads').pages;
  return { listPages, messagePages, all: listPages + messagePages };
}
