import type { BackfillThreadState } from '../domain/backfill.js';
import type { IncomingThread } from '../domain/message.js';
import type { Timing } from '../domain/timing.js';
import { youngerThanPolling } from './backfill-terms.js';
import { pagesOfReading } from './calls.js';
import { type Database, only, type Sql } from './database.js';
import { hurryThreads } from './hurry.js';

/** Writes down the threads that a listing named, once each, with whether we knew them before this backfill. */
export async function listBackfillThreads(
  tx: Sql,
  backfillId: string,
  source: string,
  threads: readonly IncomingThread[],
): Promise<number> {
  return tx.$executeRaw`
    INSERT INTO backfill_thread (backfill_id, provider_thread_id, thread_id, created_at, state, known)
    SELECT ${backfillId}::uuid, row.id, t.id, row.created_at, 'listed',
           t.id IS NOT NULL AND (t.first_seen_by <> 'backfill' OR t.first_seen_at < b.begun_at)
    FROM unnest(${threads.map((one) => one.providerThreadId)}::text[], ${threads.map((one) => one.createdAt)}::timestamptz[])
           WITH ORDINALITY AS row (id, created_at, place)
    JOIN backfill b ON b.id = ${backfillId}::uuid
    LEFT JOIN thread t ON t.source = ${source} AND t.provider_thread_id = row.id
    ORDER BY place
    ON CONFLICT (backfill_id, provider_thread_id) DO NOTHING`;
}

/** What live intake would have found next is live traffic: it is read at once, however slowly the backfill goes. */
export async function hurryYoungThreads(
  tx: Sql,
  { source, threads, now, timing }: { source: string; threads: readonly IncomingThread[]; now: Date; timing: Timing },
): Promise<void> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM thread WHERE source = ${source} AND provider_thread_id = ANY (${threads.map((one) => one.providerThreadId)}::text[])
      AND first_seen_by = 'backfill' AND first_seen_at = ${now}`;
  const ids = rows.map((row) => row.id);
  if (ids.length > 0) await hurryThreads(tx, await youngerThanPolling(tx, ids, timing), now);
}

/** Takes the next listed threads into hand, in the order of the walk, and keeps when each was last read whole. */
export async function takeBackfillThreads(db: Database, backfillId: string, limit: number): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string; position: bigint }[]>`
    UPDATE backfill_thread b SET state = 'taken', read_whole_at = COALESCE(b.read_whole_at,
      (SELECT t.read_whole_at FROM thread t WHERE t.id = b.thread_id))
    WHERE b.backfill_id = ${backfillId}::uuid AND b.provider_thread_id IN (
      SELECT provider_thread_id FROM backfill_thread WHERE backfill_id = ${backfillId}::uuid AND state = 'listed'
      ORDER BY position LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING b.id, b.position`;
  return rows.sort((a, b) => Number(a.position - b.position)).map((row) => row.id);
}

export interface BackfillThread {
  id: string;
  providerThreadId: string;
  threadId: string | null;
  createdAt: Date;
  known: boolean;
  readWholeAt: Date | null;
  state: BackfillThreadState;
}

export async function readBackfillThread(db: Sql, id: string): Promise<BackfillThread> {
  return only(
    await db.$queryRaw<BackfillThread[]>`
      SELECT id, provider_thread_id AS "providerThreadId", thread_id AS "threadId", created_at AS "createdAt", known,
             read_whole_at AS "readWholeAt", state
      FROM backfill_thread WHERE id = ${id}::uuid`,
    `thread ${id} of a backfill`,
  );
}

export const countBackfillPage = (tx: Sql, id: string, { parked }: { parked: number }): Promise<number> =>
  tx.$executeRaw`UPDATE backfill_thread SET calls = calls + 1, parked = parked + ${parked}::int WHERE id = ${id}::uuid`;

/**
 * Closes a thread that was read whole. Its messages are counted by the month of their stamp, in UTC, and one without a stamp by that
 * of its thread: all that the reading showed, and those of them that we held before this backfill. Rows that it showed and nobody
 * could read count once, however often pages were read again.
 */
export async function closeBackfillThread(
  tx: Sql,
  id: string,
  { source, readingId, now }: { source: string; readingId: string; now: Date },
): Promise<void> {
  const pages = await pagesOfReading(tx, readingId);
  const shown = [...new Set(pages.flatMap((page) => page.ids))];
  await tx.$executeRaw`
    WITH held AS (
      SELECT date_trunc('month', COALESCE(f.origin_at, m.origin_at, b.created_at), 'UTC') AS month, f.cause IS NULL AS known,
             COALESCE(f.direction, m.direction) = 'inbound' AS inbound
      FROM unnest(${shown}::text[]) AS named (id)
      JOIN backfill_thread b ON b.id = ${id}::uuid
      LEFT JOIN message m ON m.source = ${source} AND m.provider_message_id = named.id
      LEFT JOIN backfill_find f ON f.backfill_id = b.backfill_id AND f.provider_message_id = named.id
      WHERE m.id IS NOT NULL OR f.cause IS NOT NULL),
    monthly AS (
      SELECT to_char(month AT TIME ZONE 'UTC', 'YYYY-MM') AS month, count(*) AS shown, count(*) FILTER (WHERE known) AS known,
             count(*) FILTER (WHERE inbound) AS inbound, count(*) FILTER (WHERE inbound AND known) AS "knownInbound"
      FROM held GROUP BY 1)
    UPDATE backfill_thread SET state = 'read', closed_at = ${now}, pages = ${pages.length}, because = NULL,
      shown = (SELECT count(*) FROM held), parked = ${shown.length} - (SELECT count(*) FROM held), missed = (SELECT count(*) FROM held WHERE NOT known),
      months = COALESCE((SELECT jsonb_object_agg(month, jsonb_build_object('shown', shown, 'known', known, 'shownInbound', inbound,
                                                                           'knownInbound', "knownInbound")) FROM monthly), '{}')
    WHERE id = ${id}::uuid`;
}

/** The thread gave nothing: the provider does not know it, or it could not be read whole. */
export const endBackfillThread = (
  db: Sql,
  id: string,
  { state, because, now }: { state: 'gone' | 'unread'; because: string; now: Date },
): Promise<number> =>
  db.$executeRaw`
    UPDATE backfill_thread SET state = ${state}, because = ${because}, closed_at = ${now}
    WHERE id = ${id}::uuid AND state <> 'read'`;

export interface BackfillProgress {
  /** Threads that were listed, and what became of them. */
  threads: { listed: number; read: number; gone: number; unread: number };
  messages: { shown: number; known: number; missed: number; parked: number };
  /** Creation time that is behind it, ms. */
  walkedMs: number;
  unlisted: number;
  messageCalls: number;
}

/** How far it has come. */
export async function readBackfillProgress(db: Sql, backfillId: string): Promise<BackfillProgress> {
  const [threads] = await db.$queryRaw<
    {
      listed: number;
      read: number;
      gone: number;
      unread: number;
      shown: number;
      missed: number;
      parked: number;
      calls: number;
    }[]
  >`
    SELECT count(*)::int AS listed, (count(*) FILTER (WHERE state = 'read'))::int AS read, (count(*) FILTER (WHERE state = 'gone'))::int AS gone,
           (count(*) FILTER (WHERE state = 'unread'))::int AS unread, COALESCE(sum(shown), 0)::int AS shown,
           COALESCE(sum(missed), 0)::int AS missed, COALESCE(sum(parked), 0)::int AS parked, COALESCE(sum(calls), 0)::int AS calls
    FROM backfill_thread WHERE backfill_id = ${backfillId}::uuid`;
  const [walked] = await db.$queryRaw<{ ms: number; unlisted: number }[]>`
    SELECT COALESCE(sum(EXTRACT(epoch FROM to_at - from_at) * 1000), 0)::float8 AS ms,
           (count(*) FILTER (WHERE outcome = 'unlisted'))::int AS unlisted
    FROM backfill_listing WHERE backfill_id = ${backfillId}::uuid`;
  const { listed = 0, read = 0, gone = 0, unread = 0, shown = 0, missed = 0, parked = 0, calls = 0 } = threads ?? {};
  return {
    threads: { listed, read, gone, unread },
    messages: { shown, known: shown - missed, missed, parked },
    walkedMs: walked?.ms ?? 0,
    unlisted: walked?.unlisted ?? 0,
    messageCalls: calls,
  };
}
