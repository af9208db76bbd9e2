import type { Sql } from '../../ledger/database.js';
import { type CountRow, type Look, type Scan, seen } from './evidence.js';

/** After so long a body that has not come is none: late bodies come within minutes. */
const BODY_MINUTES = 10;

/** What messages say: complete, lasting, in their place, with what they must have. */
export const lookAtMessages: Look = async (db, scan) => {
  const changes = await lookAtChanges(db, scan);
  const [arrivals] = await lookAtArrivals(db, scan);
  const fields = await lookAtFields(db, scan);
  return {
    ...changes,
    messages_stay: seen((await vanished(db, scan))[0]),
    newest_arrival_first: seen({
      supports: 0,
      contradicts: arrivals?.below ?? 0,
      example: arrivals?.belowExample ?? null,
    }),
    received_at_is_receipt: seen(
      { supports: 0, contradicts: arrivals?.stamped ?? 0, example: arrivals?.stampedExample ?? null },
      arrivals?.farthestMs == null ? {} : { farthestMs: arrivals.farthestMs },
    ),
    message_has_body: seen({ supports: fields.bodies, contradicts: fields.noBody, example: fields.noBodyExample }),
    message_has_subject: seen({ supports: fields.n, contradicts: fields.noSubject, example: fields.noSubjectExample }),
    sender_is_address: seen({ supports: fields.n, contradicts: fields.noSender, example: fields.noSenderExample }),
  };
};

/** Bodies that came late, messages that moved to another thread, ids that stood for two messages: each is an event. */
async function lookAtChanges(db: Sql, { source, since }: Scan) {
  const events = await db.$queryRaw<{ kind: string; n: number; example: string | null }[]>`
    SELECT e.kind, count(*)::int AS n, max(e.message_id::text) AS example
    FROM lifecycle_event e JOIN message m ON m.id = e.message_id
    WHERE e.at >= ${since} AND e.kind IN ('body_arrived', 'moved', 'collided') AND m.source = ${source} GROUP BY e.kind`;
  const [again] = await db.$queryRaw<{ known: number; fresh: number }[]>`
    SELECT COALESCE(sum(known), 0)::int AS known,
           (SELECT count(*)::int FROM message WHERE source = ${source} AND first_seen_at >= ${since} AND arrival_known AND has_body) AS fresh
    FROM provider_call WHERE source = ${source} AND opened_at >= ${since} AND operation = 'listMessages' AND rows IS NOT NULL`;
  const of = (kind: string, supports: number) => {
    const found = events.find((row) => row.kind === kind);
    return seen({ supports, contradicts: found?.n ?? 0, example: found?.example ?? null });
  };
  return {
    complete_at_first: of('body_arrived', again?.fresh ?? 0),
    threads_stay_apart: of('moved', again?.known ?? 0),
    ids_are_unique: of('collided', again?.known ?? 0),
  };
}

/**
 * Messages that a reading of their thread showed and a later whole one does not. Only threads that fit on a page: rows that move
 * between pages are another matter. An answer without any row has to come twice.
 */
const vanished = (db: Sql, { source, since }: Scan) => db.$queryRaw<CountRow[]>`
  WITH whole AS (
    SELECT id, thread_id, opened_at, finished_at, ids, row_number() OVER (PARTITION BY thread_id ORDER BY opened_at DESC) AS recency
    FROM provider_call
    WHERE source = ${source} AND opened_at >= ${since} AND operation = 'listMessages' AND page = 0 AND next_cursor IS NULL AND rows IS NOT NULL),
  newest AS (
    SELECT * FROM whole WHERE recency = 1 AND (cardinality(ids) > 0 OR EXISTS (
      SELECT 1 FROM whole other WHERE other.thread_id = whole.thread_id AND other.recency = 2 AND cardinality(other.ids) = 0))),
  gone AS (
    SELECT m.id FROM newest n JOIN message m ON m.thread_id = n.thread_id
    WHERE m.first_seen_at < n.opened_at AND NOT m.provider_message_id = ANY (n.ids) AND EXISTS (
      SELECT 1 FROM provider_call p
      WHERE p.thread_id = n.thread_id AND p.operation = 'listMessages' AND p.finished_at < n.opened_at
        AND m.provider_message_id = ANY (p.ids)
        -- what an empty second reading repeats has to have been there before the first of the two
        AND (cardinality(n.ids) > 0 OR p.finished_at < (SELECT min(o.opened_at) FROM whole o WHERE o.thread_id = n.thread_id AND o.recency <= 2))))
  SELECT (SELECT COALESCE(sum(cardinality(ids)), 0)::int FROM newest) AS supports, count(*)::int AS contradicts,
         max(id::text) AS example FROM gone`;

interface Arrivals {
  below: number;
  belowExample: string | null;
  stamped: number;
  stampedExample: string | null;
  farthestMs: number | null;
}

/**
 * Messages that a visit found on a known thread: they arrived after the reading before it and before this one. Whether they stand
 * above everything which that reading had shown, and whether their stamp lies between the two, give or take two minutes. Readings
 * that also moved messages here are left out: a merge brings old ones.
 */
const lookAtArrivals = (db: Sql, { source, since }: Scan) => db.$queryRaw<Arrivals[]>`
  WITH arrived AS (
    SELECT m.id, m.provider_message_id AS pid, m.origin_at, m.first_seen_at, shown.ids AS ids, before.ids AS known, before.opened_at AS after_at
    FROM message m JOIN provider_call shown ON shown.id = m.first_call_id AND shown.page = 0,
    LATERAL (SELECT ids, opened_at FROM provider_call p
             WHERE p.thread_id = m.thread_id AND p.operation = 'listMessages' AND p.page = 0 AND p.next_cursor IS NULL
               AND p.rows IS NOT NULL AND p.finished_at < shown.opened_at
             ORDER BY p.opened_at DESC LIMIT 1) AS before
    WHERE m.source = ${source} AND m.first_seen_at >= ${since} AND m.direction = 'inbound' AND shown.operation = 'listMessages'
      AND NOT m.provider_message_id = ANY (before.ids) AND cardinality(before.ids) > 0
      AND NOT EXISTS (SELECT 1 FROM lifecycle_event e WHERE e.kind = 'moved' AND e.at >= ${since} AND e.detail ->> 'to' = m.thread_id::text)),
  placed AS (
    SELECT *, EXISTS (SELECT 1 FROM unnest(known) AS old WHERE array_position(ids, old) < array_position(ids, pid)) AS below,
           CASE WHEN origin_at < after_at - interval '2 minutes' THEN after_at - origin_at
                WHEN origin_at > first_seen_at + interval '2 minutes' THEN origin_at - first_seen_at END AS off
    FROM arrived)
  SELECT count(*) FILTER (WHERE below)::int AS below, max(id::text) FILTER (WHERE below) AS "belowExample",
         count(off)::int AS stamped, max(id::text) FILTER (WHERE off IS NOT NULL) AS "stampedExample",
         (extract(epoch FROM max(off)) * 1000)::float8 AS "farthestMs"
  FROM placed`;

interface Fields {
  n: number;
  bodies: number;
  noBody: number;
  noBodyExample: string | null;
  noSubject: number;
  noSubjectExample: string | null;
  noSender: number;
  noSenderExample: string | null;
}

/** The newest version of each message seen since; a body counts as missing only when it had its time to come. */
async function lookAtFields(db: Sql, { source, since }: Scan): Promise<Fields> {
  const rows = await db.$queryRaw<Fields[]>`
    WITH newest AS (
      SELECT DISTINCT ON (m.id) m.id, m.has_body, m.direction, b.subject, b.from_address ->> 'kind' AS sender,
        t.read_whole_at > m.first_seen_at + make_interval(mins => ${BODY_MINUTES}::int)
          OR (m.origin_at < m.first_seen_at - interval '1 day' AND m.origin_at >= t.created_at - interval '1 hour') AS settled
      FROM message m JOIN message_body b ON b.message_id = m.id JOIN thread t ON t.id = m.thread_id
      WHERE m.source = ${source} AND m.first_seen_at >= ${since} AND m.direction = 'inbound' AND t.gone_at IS NULL
      ORDER BY m.id, b.version DESC)
    SELECT count(*)::int AS n, count(*) FILTER (WHERE has_body)::int AS bodies,
           count(*) FILTER (WHERE NOT has_body AND settled)::int AS "noBody",
           max(id::text) FILTER (WHERE NOT has_body AND settled) AS "noBodyExample",
           count(*) FILTER (WHERE subject IS NULL)::int AS "noSubject", max(id::text) FILTER (WHERE subject IS NULL) AS "noSubjectExample",
           count(*) FILTER (WHERE sender IS DISTINCT FROM 'email')::int AS "noSender",
           max(id::text) FILTER (WHERE sender IS DISTINCT FROM 'email') AS "noSenderExample"
    FROM newest`;
  const none = { noBodyExample: null, noSubjectExample: null, noSenderExample: null };
  return rows[0] ?? { n: 0, bodies: 0, noBody: 0, noSubject: 0, noSender: 0, ...none };
}
