import { createHash } from 'node:crypto';
import { collidedId, unreadableId } from '../domain/identity.js';
import type { IncomingMessage, Item } from '../domain/message.js';
import { retryAt, retryGapsMs } from '../domain/park-retry.js';
import type { ParkKind } from '../domain/states.js';
import { DEFAULT_TIMING, type Timing } from '../domain/timing.js';
import type { Sql } from './database.js';

export type UnreadableItem = Extract<Item<never>, { ok: false }>;

/** What stands for an item that could not be read: its own id where there is one, else a hash of what came. */
export const parkedItemId = (item: UnreadableItem): string =>
  item.providerId ?? unreadableId(createHash('sha256').update(item.raw).digest('hex'));

export interface ParkContext {
  source: string;
  kind: ParkKind;
  callId: string;
  threadId: string | null;
  now: Date;
  /** `unreadable_row` unless given. */
  reason?: 'unreadable_row' | 'unreadable_answer' | 'vanished' | 'submission_invalid';
  timing?: Pick<Timing, 'parkRetryMs'>;
}

/**
 * Keeps items as they came, once each, and sets when they are asked for again. What a person has settled stays settled as long as
 * the same comes again.
 */
export async function parkItems(tx: Sql, items: readonly UnreadableItem[], context: ParkContext): Promise<string[]> {
  const byId = new Map(items.map((item) => [parkedItemId(item), item]));
  if (byId.size === 0) return [];
  const { source, kind, callId, threadId, now, reason = 'unreadable_row', timing = DEFAULT_TIMING } = context;
  const ids = [...byId.keys()];
  const values = [...byId.values()];
  await tx.$executeRaw`
    INSERT INTO park (source, item, kind, reason, state, call_id, thread_id, raw, problem, parked_at, last_seen_at, retry_at)
    SELECT ${source}, item, ${kind}, ${reason}, 'parked', ${callId}::uuid, ${threadId}::uuid, raw, problem,
           ${now}::timestamptz, ${now}::timestamptz, ${retryAt(now, 0, timing)}::timestamptz
    FROM unnest(${ids}::text[], ${values.map((v) => v.raw)}::text[], ${values.map((v) => v.problem)}::text[])
      AS row (item, raw, problem)
    ORDER BY item
    ON CONFLICT (source, kind, item) DO UPDATE
      SET last_seen_at = excluded.last_seen_at, thread_id = COALESCE(excluded.thread_id, park.thread_id),
          reason = excluded.reason, raw = excluded.raw, problem = excluded.problem, call_id = excluded.call_id,
          state = CASE WHEN park.resolved_by IS NOT NULL AND park.raw = excluded.raw THEN park.state ELSE 'parked' END,
          resolved_at = CASE WHEN park.resolved_by IS NOT NULL AND park.raw = excluded.raw THEN park.resolved_at END,
          resolved_by = CASE WHEN park.raw = excluded.raw THEN park.resolved_by END,
          attempts = CASE WHEN park.state = 'parked' THEN park.attempts ELSE 0 END,
          retry_at = CASE WHEN park.state = 'parked' THEN park.retry_at
                          WHEN park.resolved_by IS NOT NULL AND park.raw = excluded.raw THEN NULL
                          ELSE excluded.retry_at END`;
  return ids;
}

/** A row that can be read after all needs nobody any more. A listing that shows a vanished thread says nothing of its messages. */
export async function resolveParks(
  tx: Sql,
  source: string,
  kind: 'thread' | 'message' | 'submission',
  ids: readonly string[],
  now: Date,
): Promise<void> {
  if (ids.length === 0) return;
  await tx.$executeRaw`
    UPDATE park SET state = 'resolved', resolved_at = ${now}, retry_at = NULL
    WHERE source = ${source} AND kind = ${kind} AND item = ANY (${[...ids]}::text[]) AND state = 'parked'
      AND reason NOT IN ('id_collision', 'vanished')`;
}

/**
 * So many pages of the thread were read from its newest on: it has not vanished, and none of these is unreadable any more. A deeper
 * one stays parked until its own range is read.
 */
export async function resolveThreadParks(tx: Sql, threadId: string, pages: number, now: Date): Promise<void> {
  await tx.$executeRaw`
    UPDATE park SET state = 'resolved', resolved_at = ${now}, retry_at = NULL
    WHERE thread_id = ${threadId}::uuid AND state = 'parked'
      AND (reason = 'vanished' OR reason = 'unreadable_answer' AND ${pages} > COALESCE(
        (SELECT page FROM provider_call c WHERE c.id = park.call_id), 0))`;
}

interface LastCall {
  source: string;
  providerThreadId: string;
  id: string;
  page: number;
  attempt: number;
  status: number | null;
  failure: string | null;
  answer: string | null;
}

async function lastCallOf(tx: Sql, threadId: string): Promise<LastCall | null> {
  const [call] = await tx.$queryRaw<LastCall[]>`
    SELECT t.source, t.provider_thread_id AS "providerThreadId", c.id, c.page, c.attempt, c.status, c.failure, c.answer
    FROM thread t JOIN provider_call c ON c.thread_id = t.id
    WHERE t.id = ${threadId}::uuid AND c.operation = 'listMessages' AND c.finished_at IS NOT NULL
    ORDER BY c.opened_at DESC, c.id DESC LIMIT 1`;
  return call ?? null;
}

/**
 * Parks the page of a thread whose answer stayed unreadable in the last attempt of all. Gives when the thread is to be read again;
 * null where the thread was put off for another cause.
 */
export async function parkUnreadablePage(tx: Sql, threadId: string, now: Date, timing: Timing): Promise<Date | null> {
  const call = await lastCallOf(tx, threadId);
  if (call?.failure !== 'SourceAnswerUnreadable' && call?.failure !== 'SourceAnswerTooLarge') return null;
  const { source, providerThreadId, failure, status, page, attempt } = call;
  const problem = `page ${page + 1} of the thread: ${failure}${status === null ? '' : ` (${status})`} in attempt ${attempt}`;
  const item: UnreadableItem = { ok: false, providerId: providerThreadId, raw: call.answer ?? '', problem };
  await parkItems(tx, [item], {
    source,
    kind: 'page',
    callId: call.id,
    threadId,
    now,
    reason: 'unreadable_answer',
    timing,
  });
  const [park] = await tx.$queryRaw<{ retryAt: Date | null }[]>`
    SELECT retry_at AS "retryAt" FROM park WHERE source = ${source} AND kind = 'page' AND item = ${providerThreadId}`;
  // Settled by a person: read again as seldom as anything.
  const again = park?.retryAt ?? retryAt(now, Number.MAX_SAFE_INTEGER, timing);
  // Pages above it can be read, and what is new stands on them.
  return page === 0 ? again : new Date(Math.min(again.getTime(), now.getTime() + timing.visitMinGapMs));
}

/**
 * Parks a thread that the provider listed and did not know when its messages were asked for, with the answer. One that had been
 * read before is gone, not vanished. The caller marks it gone afterwards.
 */
export async function parkVanished(
  tx: Sql,
  threadId: string,
  callId: string,
  now: Date,
  timing: Timing,
): Promise<boolean> {
  const [thread] = await tx.$queryRaw<
    { source: string; item: string; neverRead: boolean; answer: string | null; status: number | null }[]
  >`
    SELECT t.source, provider_thread_id AS item, c.answer, c.status,
           read_whole_at IS NULL OR EXISTS (
             SELECT 1 FROM park p WHERE p.thread_id = t.id AND p.reason = 'vanished' AND p.state = 'parked') AS "neverRead"
    FROM thread t LEFT JOIN provider_call c ON c.id = ${callId}::uuid WHERE t.id = ${threadId}::uuid`;
  if (!thread?.neverRead) return false;
  const problem = `listed, and answered ${thread.status ?? 'nothing'} when asked for`;
  await parkItems(tx, [{ ok: false, providerId: thread.item, raw: thread.answer ?? '', problem }], {
    source: thread.source,
    kind: 'thread',
    callId,
    threadId,
    now,
    reason: 'vanished',
    timing,
  });
  return true;
}

/**
 * Makes the threads of due parks due for a visit and sets when those parks are asked for next: the visit is the retry. The attempt
 * counts when it is begun, so that one whose row no longer shows does not come up again at once.
 */
export async function hurryDueParks(db: Sql, source: string, now: Date, timing: Timing): Promise<number> {
  const gaps = retryGapsMs(timing);
  return db.$executeRaw`
    WITH due AS (
      UPDATE park SET attempts = attempts + 1,
             retry_at = ${now}::timestamptz + (${gaps}::bigint[])[LEAST(attempts + 2, ${gaps.length}::int)] * interval '1 millisecond'
      WHERE source = ${source} AND state = 'parked' AND retry_at <= ${now} AND thread_id IS NOT NULL
      RETURNING thread_id)
    INSERT INTO thread_due (thread_id, source, due_at)
    SELECT DISTINCT thread_id, ${source}, ${now}::timestamptz FROM due ORDER BY thread_id
    ON CONFLICT (thread_id) DO UPDATE SET due_at = LEAST(thread_due.due_at, excluded.due_at)`;
}

/** Rows of listings that could not be read, were due again and name the thread: each is asked for by itself. Counted as begun. */
export async function takeDueLookups(
  db: Sql,
  source: string,
  limit: number,
  now: Date,
  timing: Timing,
): Promise<string[]> {
  const gaps = retryGapsMs(timing);
  const rows = await db.$queryRaw<{ id: string }[]>`
    UPDATE park SET attempts = attempts + 1,
           retry_at = ${now}::timestamptz + (${gaps}::bigint[])[LEAST(attempts + 2, ${gaps.length}::int)] * interval '1 millisecond'
    WHERE id IN (
      SELECT id FROM park
      WHERE source = ${source} AND state = 'parked' AND retry_at <= ${now} AND thread_id IS NULL AND kind = 'thread'
        AND item NOT LIKE 'unreadable:%'
      ORDER BY retry_at, id LIMIT ${limit})
    RETURNING id`;
  return rows.map((row) => row.id);
}

export interface Collision {
  message: IncomingMessage;
  hash: string;
}

/**
 * Keeps what came under an id that belongs to another message, beside that message and not over it. It is never asked for again:
 * no answer of the provider could settle it. One that a person has resolved
 * stays resolved: the provider goes on showing it. Gives those that were not known.
 */
export async function parkCollisions(
  tx: Sql,
  collisions: readonly Collision[],
  context: Omit<ParkContext, 'kind'>,
): Promise<Collision[]> {
  const byItem = new Map(collisions.map((one) => [collidedId(one.message.providerMessageId, one.hash), one]));
  if (byItem.size === 0) return [];
  const items = [...byItem.keys()];
  const raw = [...byItem.values()].map(({ message }) => JSON.stringify(message));
  const rows = await tx.$queryRaw<{ item: string; fresh: boolean }[]>`
    INSERT INTO park (source, item, kind, reason, state, call_id, thread_id, raw, problem, parked_at, last_seen_at)
    SELECT ${context.source}, item, 'message', 'id_collision', 'parked', ${context.callId}::uuid, ${context.threadId}::uuid, raw,
           'its id belongs to another message', ${context.now}::timestamptz, ${context.now}::timestamptz
    FROM unnest(${items}::text[], ${raw}::text[]) AS row (item, raw)
    ORDER BY item
    ON CONFLICT (source, kind, item) DO UPDATE SET last_seen_at = excluded.last_seen_at
    RETURNING item, (xmax = 0) AS fresh`;
  return rows.flatMap(({ item, fresh }) => (fresh ? [byItem.get(item)] : [])).filter((one) => one !== undefined);
}
