import { only, type Sql } from './database.js';

/** Cases that bear on a statement, and an id that leads to one of those against it. */
export interface Cases {
  supports: number;
  contradicts: number;
  example: string | null;
}

export interface Span {
  since: Date;
  /** What is younger may still come. */
  settled: Date;
}

/**
 * Of the submissions that something else than a webhook shows, those that a webhook brought too: rows of the vendor's list, our own
 * canaries, and numbers of the sequence. Without one of the three nobody can tell, and there are no cases.
 */
export async function submissionsPushed(db: Sql, source: string, { since, settled }: Span): Promise<Cases> {
  const rows = await db.$queryRaw<Cases[]>`
    WITH listed AS (
      SELECT item, bool_or(pushed_at IS NOT NULL) AS pushed, min(id::text) AS id FROM submission
      WHERE source = ${source} AND way = 'direct' AND submission_ref IS NOT NULL AND state <> 'canary'
        AND received_at >= ${since}
      GROUP BY item HAVING bool_or(listed_at IS NOT NULL) AND min(LEAST(listed_at, pushed_at)) <= ${settled}),
    canaries AS (
      SELECT id::text AS id, came_at IS NOT NULL AS pushed FROM form_canary
      WHERE source = ${source} AND submitted_at >= ${since} AND (came_at IS NOT NULL OR due_at <= ${settled})),
    numbers AS (
      SELECT sequence, min(received_at) AS at, bool_or(pushed_at IS NOT NULL) AS pushed, bool_or(listed_at IS NOT NULL) AS listed
      FROM submission WHERE source = ${source} AND sequence IS NOT NULL AND received_at >= ${since} GROUP BY sequence),
    steps AS (SELECT lag(sequence) OVER (ORDER BY sequence) AS before, sequence, at FROM numbers),
    gaps AS (SELECT before + 1 AS first, sequence - before - 1 AS n FROM steps WHERE sequence > before + 1 AND at <= ${settled}),
    cases (pushed, n, id) AS (
      SELECT pushed, 1, id FROM listed UNION ALL SELECT pushed, 1, id FROM canaries
      -- a number that the list shows too is counted there
      UNION ALL SELECT true, count(*), NULL FROM numbers WHERE pushed AND NOT listed AND (SELECT count(*) FROM numbers) > 1
      UNION ALL SELECT false, n, 'number ' || first FROM gaps)
    SELECT COALESCE(sum(n) FILTER (WHERE pushed), 0)::int AS supports, COALESCE(sum(n) FILTER (WHERE NOT pushed), 0)::int AS contradicts,
           max(id) FILTER (WHERE NOT pushed) AS example FROM cases`;
  return only(rows, `webhooks of ${source}`);
}

/**
 * Of the submissions that a webhook brought and a later reading of the list had to show, those that it showed: made after the
 * instant from which the list was read, and pushed a while before the reading began. Ids alone tell one submission from another.
 */
export async function submissionsListed(
  db: Sql,
  source: string,
  { since, settleMs, at }: { since: Date; settleMs: number; at: Date },
): Promise<Cases> {
  const rows = await db.$queryRaw<Cases[]>`
    WITH pushed AS (
      SELECT item, min(id::text) AS id, min(pushed_at) AS at, min(COALESCE(submitted_at, pushed_at)) AS made, bool_or(listed_at <= ${at}) AS listed
      FROM submission
      WHERE source = ${source} AND way = 'direct' AND submission_ref IS NOT NULL AND state <> 'canary' AND pushed_at >= ${since}
      GROUP BY item),
    owed AS (
      SELECT * FROM pushed WHERE listed IS TRUE OR EXISTS (
        SELECT 1 FROM form_round r WHERE r.source = ${source} AND r.exhausted_at <= ${at} AND r.since_at <= pushed.made
          AND r.opened_at > GREATEST(pushed.at, pushed.made) + ${settleMs}::float8 * interval '1 millisecond'))
    SELECT count(*) FILTER (WHERE listed IS TRUE)::int AS supports, count(*) FILTER (WHERE listed IS NOT TRUE)::int AS contradicts,
           max(id) FILTER (WHERE listed IS NOT TRUE) AS example FROM owed`;
  return only(rows, `list of ${source}`);
}
