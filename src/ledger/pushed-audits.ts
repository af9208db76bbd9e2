import type { Sql } from './database.js';

/** What a whole reading of a vendor's list found. Submissions are told apart by their id, else by what stands in them. */
export interface ListAudit {
  roundId: string;
  begunAt: Date;
  sinceAt: Date;
  /** Submissions that the list showed. */
  shown: number;
  /** Of these, new to us though an earlier reading had to bring them. */
  missed: number;
  /** New to us, and not owed yet: the next reconciliation would have brought them. */
  late: number;
  /** Held as they came, since they do not fit their form. */
  parked: number;
  /** Our ids of the first of those that were missed. */
  ids: string[];
}

const NAMED = 20;

/**
 * The newest audit of a form whose list was read to its end by an instant; null where there is none. A submission is owed that was
 * made before the last whole reading before the audit, or two periods before it: a reconciliation that fails excuses nothing.
 */
export async function lastListAudit(
  db: Sql,
  source: string,
  { at, periodMs }: { at: Date; periodMs: number },
): Promise<ListAudit | null> {
  const rows = await db.$queryRaw<ListAudit[]>`
    WITH audit AS (
      SELECT id, opened_at, since_at, exhausted_at FROM form_round
      WHERE source = ${source} AND audit AND exhausted_at <= ${at} ORDER BY opened_at DESC LIMIT 1),
    owed AS (
      SELECT audit.*, GREATEST(
        (SELECT max(r.opened_at) FROM form_round r
         WHERE r.source = ${source} AND r.opened_at < audit.opened_at AND r.exhausted_at <= audit.opened_at),
        audit.opened_at - 2 * ${periodMs}::float8 * interval '1 millisecond') AS until FROM audit),
    shown AS (
      SELECT DISTINCT item FROM owed JOIN provider_call page ON page.round_id = owed.id AND page.operation = 'listSubmissions'
        AND page.rows IS NOT NULL, unnest(page.ids) AS item),
    first AS (
      SELECT DISTINCT ON (one.item) one.id, one.item, one.state, COALESCE(one.submitted_at, '-infinity') AS made,
             one.first_seen_by = 'poll' AND one.received_at >= owed.opened_at AS is_new
      FROM owed, shown JOIN submission one ON one.source = ${source} AND one.way = 'direct' AND one.item = shown.item
      ORDER BY one.item, one.received_at, one.id)
    SELECT owed.id AS "roundId", owed.opened_at AS "begunAt", owed.since_at AS "sinceAt", count(first.id)::int AS shown,
           count(*) FILTER (WHERE is_new AND made <= owed.until)::int AS missed,
           count(*) FILTER (WHERE is_new AND made > owed.until)::int AS late,
           count(*) FILTER (WHERE first.state = 'parked')::int AS parked,
           COALESCE((array_agg(first.id::text ORDER BY first.id) FILTER (WHERE is_new AND made <= owed.until))[1:${NAMED}::int], '{}') AS ids
    FROM owed LEFT JOIN first ON true GROUP BY owed.id, owed.opened_at, owed.since_at`;
  return rows[0] ?? null;
}

/** Canaries that came or were due within [since, at], and how many of them never came. */
export async function canariesDue(
  db: Sql,
  source: string,
  { since, at }: { since: Date; at: Date },
): Promise<{ due: number; lost: number; newest: Date | null }> {
  const [row] = await db.$queryRaw<{ due: number; lost: number; newest: Date | null }[]>`
    SELECT count(*)::int AS due, count(*) FILTER (WHERE came_at IS NULL OR came_at > ${at})::int AS lost, max(submitted_at) AS newest
    FROM form_canary WHERE source = ${source} AND submitted_at >= ${since} AND submitted_at <= ${at} AND (came_at <= ${at} OR due_at <= ${at})`;
  return row ?? { due: 0, lost: 0, newest: null };
}
