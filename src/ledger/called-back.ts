import { FINAL_STATUSES } from '../domain/calls.js';
import { only, type Sql } from './database.js';
import type { Cases, Span } from './pushed-submissions.js';

/**
 * Statuses of our calls that were called back, and those that were not: numbers that are missing below one that came, and ends that
 * only another way told. Calls about which something was told lately are left out: their callbacks may be on their way.
 */
export async function statusesCalledBack(db: Sql, provider: string, { since, settled }: Span): Promise<Cases> {
  const rows = await db.$queryRaw<Cases[]>`
    WITH told AS (
      SELECT sid, max(sequence) AS top, count(DISTINCT sequence)::int AS came,
             bool_or(status = ANY (${[...FINAL_STATUSES]}::text[])) AS ended,
             bool_or(via = 'webhook' AND status = ANY (${[...FINAL_STATUSES]}::text[])) AS end_came
      FROM call_report WHERE provider = ${provider} AND at >= ${since} GROUP BY sid HAVING max(at) <= ${settled}),
    counted AS (
      SELECT sid, came, GREATEST(0, COALESCE(top + 1, 0) - came) + (ended AND NOT end_came)::int AS lost FROM told)
    SELECT COALESCE(sum(came), 0)::int AS supports, COALESCE(sum(lost), 0)::int AS contradicts,
           max(sid) FILTER (WHERE lost > 0) AS example FROM counted`;
  return only(rows, `callbacks of ${provider}`);
}

export interface ListedInTime extends Cases {
  /** The longest that a list lacked a call after its acceptance; null where none did. */
  longestMs: number | null;
}

/**
 * Of our calls that the provider had accepted when a list that had to show them was asked for, at least so long before, those that it
 * showed. Whole comparisons count, and looks between the two numbers of a call. A list that is no longer kept proves nothing.
 */
export async function callsListed(
  db: Sql,
  provider: string,
  { since, afterMs }: { since: Date; afterMs: number },
): Promise<ListedInTime> {
  const rows = await db.$queryRaw<ListedInTime[]>`
    WITH lists AS (
      SELECT reading_id, begun_at, since_at, NULL::text AS call, from_hash FROM call_comparison
      WHERE provider = ${provider} AND begun_at >= ${since}
      UNION ALL
      SELECT reading_id, min(opened_at), '-infinity'::timestamptz, max(parameters ->> 'call'), NULL FROM provider_call
      WHERE source = ${provider} AND opened_at >= ${since} AND operation = 'listCalls' AND parameters ->> 'purpose' = 'look'
      GROUP BY reading_id HAVING bool_or(rows IS NOT NULL AND next_cursor IS NULL)),
    shown AS (
      SELECT lists.*, array_agg(DISTINCT listed.sid) AS ids FROM lists
      JOIN provider_call page ON page.reading_id = lists.reading_id AND page.rows IS NOT NULL
      LEFT JOIN LATERAL unnest(page.ids) AS listed (sid) ON true
      GROUP BY lists.reading_id, begun_at, since_at, call, from_hash),
    pairs AS (
      SELECT one.sid, shown.begun_at - one.accepted_at AS age, one.sid = ANY (shown.ids) AS listed
      FROM call_attempt one JOIN call ON call.id = one.call_id JOIN shown ON one.accepted_at > shown.since_at + interval '1 minute'
        AND one.accepted_at <= shown.begun_at - ${afterMs}::float8 * interval '1 millisecond'
        AND (shown.call = one.call_id::text OR shown.from_hash = encode(sha256(convert_to(call.from_number, 'UTF8')), 'hex'))
      WHERE one.provider = ${provider} AND one.first_seen_by IN ('answer', 'webhook', 'poll')),
    calls AS (SELECT sid, bool_and(listed IS TRUE) AS listed, max(age) FILTER (WHERE listed IS NOT TRUE) AS age FROM pairs GROUP BY sid)
    SELECT count(*) FILTER (WHERE listed)::int AS supports, count(*) FILTER (WHERE NOT listed)::int AS contradicts,
           max(sid) FILTER (WHERE NOT listed) AS example, (extract(epoch FROM max(age)) * 1000)::float8 AS "longestMs" FROM calls`;
  return only(rows, `list of ${provider}`);
}
