import type { Sql } from '../../ledger/database.js';
import { type Cases, submissionsListed, submissionsPushed } from '../../ledger/pushed-submissions.js';
import { type CountRow, type Look, type Scan, seen } from './evidence.js';

/** A vendor delivers within seconds; what the claim says is what its customers rely on. */
const IN_TIME_MINUTES = 5;

/** What submissions say of the vendor that pushes and lists them: delivered, in time, told apart, and listed. */
export const lookAtForms: Look = async (db, scan) => {
  const { source, since, now, timing } = scan;
  const settled = new Date(now.getTime() - timing.formGapMs);
  const [late] = await lateWebhooks(db, scan);
  return {
    every_submission_pushed: withShare(await submissionsPushed(db, source, { since, settled })),
    pushed_in_time: seen(late, late?.longestMs == null ? {} : { longestMs: late.longestMs }),
    submission_ids_unique: seen((await sharedIds(db, scan))[0]),
    sequence_numbers_once: seen((await sharedNumbers(db, scan))[0]),
    list_holds_pushed: withShare(await submissionsListed(db, source, { since, settleMs: timing.formGapMs, at: now })),
  };
};

/** With the share of cases that fit, in the evidence. */
export function withShare(cases: Cases) {
  const all = cases.supports + cases.contradicts;
  return seen(cases, all > 0 ? { share: cases.supports / all } : {});
}

/** Submissions whose vendor says when they were made, and our own canaries. */
const lateWebhooks = (db: Sql, { source, since }: Scan) => db.$queryRaw<(CountRow & { longestMs: number | null })[]>`
  WITH took (id, time) AS (
    SELECT id::text, pushed_at - submitted_at FROM submission
    WHERE source = ${source} AND way = 'direct' AND state <> 'canary' AND submitted_at IS NOT NULL AND pushed_at >= ${since}
    UNION ALL SELECT id::text, came_at - submitted_at FROM form_canary WHERE source = ${source} AND came_at >= ${since})
  SELECT count(*) FILTER (WHERE NOT late)::int AS supports, count(*) FILTER (WHERE late)::int AS contradicts,
         max(id) FILTER (WHERE late) AS example, (extract(epoch FROM max(time)) * 1000)::float8 AS "longestMs"
  FROM (SELECT *, time > make_interval(mins => ${IN_TIME_MINUTES}::int) AS late FROM took) AS judged`;

/** Other words under a known id are an edit; another sender is another submission. */
const sharedIds = (db: Sql, { source, since }: Scan) => db.$queryRaw<CountRow[]>`
  WITH ids AS (
    SELECT submission_ref, count(DISTINCT COALESCE(lower(fields ->> 'email'), fields ->> 'phone')) AS senders, min(id::text) AS id
    FROM submission
    WHERE source = ${source} AND way = 'direct' AND submission_ref IS NOT NULL AND fields IS NOT NULL AND received_at >= ${since}
    GROUP BY submission_ref)
  SELECT count(*) FILTER (WHERE senders <= 1)::int AS supports, count(*) FILTER (WHERE senders > 1)::int AS contradicts,
         max(id) FILTER (WHERE senders > 1) AS example FROM ids`;

const sharedNumbers = (db: Sql, { source, since }: Scan) => db.$queryRaw<CountRow[]>`
  WITH numbers AS (
    SELECT sequence, count(DISTINCT item) AS items, min(id::text) AS id FROM submission
    WHERE source = ${source} AND way = 'direct' AND sequence IS NOT NULL AND received_at >= ${since} GROUP BY sequence)
  SELECT count(*) FILTER (WHERE items = 1)::int AS supports, count(*) FILTER (WHERE items > 1)::int AS contradicts,
         max(id) FILTER (WHERE items > 1) AS example FROM numbers`;
