import { FINAL_STATUSES } from '../../domain/calls.js';
import { callsListed, statusesCalledBack } from '../../ledger/called-back.js';
import type { Sql } from '../../ledger/database.js';
import { type CountRow, type Look, type Scan, seen } from './evidence.js';
import { withShare } from './look-at-forms.js';

const MINUTE_MS = 60_000;
/** A callback may come so long after the last thing that was told of its call. */
const SETTLE_MS = 15 * MINUTE_MS;

/** What calls say of the provider that calls back and lists them. */
export const lookAtPhone: Look = async (db, scan) => {
  const { source, since, now } = scan;
  const settled = new Date(now.getTime() - SETTLE_MS);
  const listed = async (afterMs: number) => {
    const { longestMs, ...cases } = await callsListed(db, source, { since, afterMs });
    return seen(cases, longestMs === null ? {} : { longestMs });
  };
  return {
    every_status_called_back: withShare(await statusesCalledBack(db, source, { since, settled })),
    call_listed_at_once: await listed(0),
    call_listed_in_time: await listed(MINUTE_MS),
    call_ids_unique: seen((await sharedIds(db, scan))[0]),
    call_ends_once: seen((await severalEnds(db, scan))[0]),
  };
};

/** The numbers that the provider shows under the id of a call, against those that we had called. */
const sharedIds = (db: Sql, { source, since }: Scan) => db.$queryRaw<CountRow[]>`
  WITH ids AS (
    SELECT one.sid, shown.from_hash = encode(sha256(convert_to(call.from_number, 'UTF8')), 'hex')
                AND shown.to_hash = encode(sha256(convert_to(call.to_number, 'UTF8')), 'hex') AS same
    FROM call_attempt one JOIN call ON call.id = one.call_id
    JOIN phone_call shown ON shown.provider = one.provider AND shown.sid = one.sid
    WHERE one.provider = ${source} AND one.accepted_at >= ${since})
  SELECT count(*) FILTER (WHERE same)::int AS supports, count(*) FILTER (WHERE NOT same)::int AS contradicts,
         max(sid) FILTER (WHERE NOT same) AS example FROM ids`;

const severalEnds = (db: Sql, { source, since }: Scan) => db.$queryRaw<CountRow[]>`
  WITH ends AS (
    SELECT sid, count(DISTINCT status) AS n FROM call_report
    WHERE provider = ${source} AND at >= ${since} AND status = ANY (${[...FINAL_STATUSES]}::text[]) GROUP BY sid)
  SELECT count(*) FILTER (WHERE n = 1)::int AS supports, count(*) FILTER (WHERE n > 1)::int AS contradicts,
         max(sid) FILTER (WHERE n > 1) AS example FROM ends`;
