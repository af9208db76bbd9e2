import type { Sql } from '../ledger/database.js';
import { equation, type Sides } from './equation.js';

/** A backfill that only compares rejects what is not ours, by intent: its calls count their rows, and name nothing that is owed. */
export const providerToLedger = (db: Sql) =>
  equation(
    'provider to ledger',
    'returned = already known + stored + parked at intake + rejected, and every id returned is held',
    db.$queryRaw<Sides[]>`
      SELECT COALESCE(sum(rows), 0)::int AS left, COALESCE(sum(known + stored + parked + rejected), 0)::int AS right
      FROM provider_call WHERE rows IS NOT NULL`,
    db.$queryRaw<{ id: string }[]>`
      SELECT DISTINCT returned.id FROM (
        SELECT source, unnest(ids) AS id FROM provider_call WHERE operation IN ('listMessages', 'postReply') AND rows IS NOT NULL AND rejected = 0
      ) AS returned
      WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.source = returned.source AND m.provider_message_id = returned.id)
        AND NOT EXISTS (SELECT 1 FROM park p WHERE p.source = returned.source AND p.kind = 'message' AND p.item = returned.id)`,
  );

export const threadsToLedger = (db: Sql) =>
  equation(
    'listings to ledger',
    'every thread that a listing or a look for it named is held or parked, and one that was never read is due for its visit',
    db.$queryRaw<Sides[]>`
      SELECT count(*)::int AS left, count(*) FILTER (WHERE
        EXISTS (SELECT 1 FROM thread t WHERE t.source = returned.source AND t.provider_thread_id = returned.id)
        OR EXISTS (SELECT 1 FROM park p WHERE p.source = returned.source AND p.kind = 'thread' AND p.item = returned.id))::int AS right
      FROM (SELECT DISTINCT source, unnest(ids) AS id FROM provider_call
            WHERE operation IN ('listThreads', 'getThread') AND rows IS NOT NULL AND rejected = 0) AS returned`,
    db.$queryRaw<{ id: string }[]>`
      SELECT DISTINCT returned.id FROM (
        SELECT source, unnest(ids) AS id FROM provider_call WHERE operation IN ('listThreads', 'getThread') AND rows IS NOT NULL AND rejected = 0
      ) AS returned
      WHERE NOT EXISTS (SELECT 1 FROM thread t WHERE t.source = returned.source AND t.provider_thread_id = returned.id)
        AND NOT EXISTS (SELECT 1 FROM park p WHERE p.source = returned.source AND p.kind = 'thread' AND p.item = returned.id)
      UNION ALL
      SELECT t.id::text FROM thread t
      WHERE t.read_whole_at IS NULL AND t.gone_at IS NULL AND NOT EXISTS (SELECT 1 FROM thread_due d WHERE d.thread_id = t.id)`,
  );

export const messagesToBodies = (db: Sql) =>
  equation(
    'messages to bodies',
    'every message is kept as it was received',
    db.$queryRaw<Sides[]>`
      SELECT (SELECT count(*)::int FROM message) AS left,
             (SELECT count(DISTINCT message_id)::int FROM message_body) AS right`,
    db.$queryRaw<{ id: string }[]>`
      SELECT m.id::text FROM message m WHERE NOT EXISTS (SELECT 1 FROM message_body b WHERE b.message_id = m.id)`,
  );

export const goneToEvents = (db: Sql) =>
  equation(
    'gone to events',
    'a message is gone exactly where the newest word about it is that its thread no longer shows it',
    db.$queryRaw<Sides[]>`
      SELECT (SELECT count(*)::int FROM message WHERE gone_at IS NOT NULL) AS left,
             (SELECT count(*)::int FROM (
                SELECT DISTINCT ON (message_id) kind FROM lifecycle_event WHERE kind IN ('gone', 'back')
                ORDER BY message_id, seq DESC) AS newest WHERE kind = 'gone') AS right`,
    db.$queryRaw<{ id: string }[]>`
      SELECT m.id::text FROM message m LEFT JOIN (
        SELECT DISTINCT ON (message_id) message_id, kind FROM lifecycle_event WHERE kind IN ('gone', 'back')
        ORDER BY message_id, seq DESC) AS newest ON newest.message_id = m.id
      WHERE (m.gone_at IS NOT NULL) <> (newest.kind IS NOT DISTINCT FROM 'gone')`,
  );

export const messagesToThreads = (db: Sql) =>
  equation(
    'messages to threads',
    'every message stands in a thread that is held, and one that was moved stands where its newest move took it',
    db.$queryRaw<Sides[]>`
      SELECT (SELECT count(*)::int FROM message) AS left,
             (SELECT count(*)::int FROM message m JOIN thread t ON t.id = m.thread_id AND t.source = m.source) AS right`,
    db.$queryRaw<{ id: string }[]>`
      SELECT m.id::text FROM message m JOIN (
        SELECT DISTINCT ON (message_id) message_id, to_thread_id FROM message_move ORDER BY message_id, id DESC) AS newest
        ON newest.message_id = m.id
      WHERE m.thread_id <> newest.to_thread_id
      UNION ALL
      SELECT o.message_id::text FROM outbox o JOIN message m ON m.id = o.message_id WHERE o.thread_id <> m.thread_id`,
  );

export const parksToRetries = (db: Sql) =>
  equation(
    'parks',
    'parked = asked for again at a set time + only for a person, and what was settled says when',
    db.$queryRaw<Sides[]>`
      SELECT count(*)::int AS left,
             count(*) FILTER (WHERE retry_at IS NOT NULL OR reason = 'id_collision')::int AS right
      FROM park WHERE state = 'parked'`,
    db.$queryRaw<{ id: string }[]>`
      SELECT id::text FROM park
      WHERE (state = 'parked' AND retry_at IS NULL AND reason <> 'id_collision') OR (state = 'resolved' AND resolved_at IS NULL)`,
  );

export const submissionsToMessages = (db: Sql) =>
  equation(
    'submissions',
    'every submission that a vendor listed is held, and each one has its message, is parked, or is a canary of ours',
    db.$queryRaw<Sides[]>`
      SELECT count(*)::int AS left, count(*) FILTER (WHERE state IN ('mapped', 'parked', 'canary'))::int AS right FROM submission`,
    db.$queryRaw<{ id: string }[]>`
      SELECT s.id::text FROM submission s
      WHERE (s.state = 'mapped' AND NOT EXISTS (SELECT 1 FROM message m WHERE m.id = s.message_id))
         OR (s.state = 'parked' AND NOT EXISTS (
               SELECT 1 FROM park p WHERE p.source = s.source AND p.kind = 'submission' AND p.item = s.item))
      UNION ALL
      SELECT DISTINCT listed.id FROM (
        SELECT source, unnest(ids) AS id FROM provider_call WHERE operation = 'listSubmissions' AND rows IS NOT NULL) AS listed
      WHERE NOT EXISTS (SELECT 1 FROM submission s WHERE s.source = listed.source AND s.item = listed.id)
        AND NOT EXISTS (SELECT 1 FROM park p WHERE p.source = listed.source AND p.kind = 'submission' AND p.item = listed.id)`,
  );

/** The newest of those in Postgres are checked byte for byte; all of them by their length. */
const HASHED = 100;

export const attachmentsToBytes = (db: Sql) =>
  equation(
    'attachments',
    'named = fetched + too large + gone + waiting, and every fetched one is held whole, under its hash',
    db.$queryRaw<Sides[]>`
      SELECT count(*)::int AS left,
             count(*) FILTER (WHERE state IN ('fetched', 'too_large', 'gone') OR (state = 'named' AND settled_at IS NULL))::int AS right
      FROM attachment`,
    db.$queryRaw<{ id: string }[]>`
      SELECT a.id::text FROM attachment a
      WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.id = a.message_id)
         OR (a.state = 'fetched' AND a.stored_in = 'postgres' AND a.bytes <> COALESCE(
              (SELECT sum(octet_length(c.data)) FROM attachment_chunk c WHERE c.attachment_id = a.id), 0))
         OR (a.state <> 'fetched' AND EXISTS (SELECT 1 FROM attachment_chunk c WHERE c.attachment_id = a.id))
      UNION
      SELECT id::text FROM (
        SELECT id, sha256 FROM attachment WHERE state = 'fetched' AND stored_in = 'postgres' ORDER BY settled_at DESC LIMIT ${HASHED}
      ) AS a
      WHERE sha256 <> encode(sha256(COALESCE((SELECT string_agg(c.data, ''::bytea ORDER BY c.position) FROM attachment_chunk c
                                              WHERE c.attachment_id = a.id), ''::bytea)), 'hex')`,
  );
