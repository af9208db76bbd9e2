import { HINT_LOOKS, type HintRefusal, type HintState, hintAgainMs } from '../domain/hints.js';
import type { IncomingThread, Item } from '../domain/message.js';
import type { FirstSeenBy } from '../domain/states.js';
import type { Timing } from '../domain/timing.js';
import type { OpenCall } from './calls.js';
import { type Database, only, type Sql } from './database.js';
import { hurryThreads } from './hurry.js';
import { holdThread } from './record-lookup.js';

export interface IncomingHint {
  source: string;
  /** The sender's id of the delivery: the same one again is a replay. */
  webhookId: string;
  providerThreadId: string;
  now: Date;
}

export type HintReceipt = { kind: 'unknown_source' | 'replay' } | { kind: 'recorded'; isThreadKnown: boolean };

/** Stores a hint and makes the thread that it names due now; a thread that nobody knows is looked up by the next window. */
export async function recordHint(
  db: Database,
  { source, webhookId, providerThreadId, now }: IncomingHint,
): Promise<HintReceipt> {
  return db.transaction(async (tx) => {
    const [bound] = await tx.$queryRaw<unknown[]>`SELECT 1 FROM source WHERE name = ${source}`;
    if (!bound) return { kind: 'unknown_source' };
    const [hint] = await tx.$queryRaw<{ id: string }[]>`
      INSERT INTO hint (source, webhook_id, provider_thread_id, received_at, state, look_at)
      VALUES (${source}, ${webhookId}, ${providerThreadId}, ${now}, 'open', ${now})
      ON CONFLICT (source, webhook_id) DO NOTHING RETURNING id`;
    if (!hint) return { kind: 'replay' };
    return { kind: 'recorded', isThreadKnown: (await bindHints(tx, source, now)).includes(hint.id) };
  });
}

/** Ties open hints to their threads, where we know those by now, and makes these due; gives the ids of the hints. */
async function bindHints(tx: Sql, source: string, now: Date): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string; threadId: string }[]>`
    UPDATE hint SET thread_id = thread.id, looks = 0 FROM thread
    WHERE hint.source = ${source} AND hint.state = 'open' AND hint.thread_id IS NULL
      AND thread.source = hint.source AND thread.provider_thread_id = hint.provider_thread_id
    RETURNING hint.id, hint.thread_id AS "threadId"`;
  await hurryThreads(
    tx,
    rows.map((row) => row.threadId),
    now,
  );
  return rows.map((row) => row.id);
}

/** Hints whose thread has to be looked up at the provider, one for each thread, oldest first. */
export async function dueLookups(db: Database, source: string, now: Date, limit: number): Promise<string[]> {
  return db.transaction(async (tx) => {
    await bindHints(tx, source, now);
    const rows = await tx.$queryRaw<{ id: string }[]>`
      SELECT id FROM (
        SELECT DISTINCT ON (provider_thread_id) id, look_at FROM hint
        WHERE source = ${source} AND state = 'open' AND thread_id IS NULL AND look_at <= ${now}
        ORDER BY provider_thread_id, look_at, id) AS due
      ORDER BY look_at, id LIMIT ${limit}`;
    return rows.map((row) => row.id);
  });
}

export const readHint = async (db: Sql, hintId: string): Promise<{ providerThreadId: string; state: HintState }> =>
  only(
    await db.$queryRaw<{ providerThreadId: string; state: HintState }[]>`
      SELECT provider_thread_id AS "providerThreadId", state FROM hint WHERE id = ${hintId}::uuid`,
    `hint ${hintId}`,
  );

/**
 * The look of a hint is begun: until it has an answer, the hint comes up again only after as long as it has been open by then. One that
 * never gets an answer would be at the head of every window and keep the others from being followed.
 */
export async function beginLookup(
  db: Sql,
  { hintId, now, timing }: Pick<LookupContext, 'hintId' | 'now' | 'timing'>,
): Promise<void> {
  await db.$executeRaw`
    UPDATE hint SET look_at = ${now}::timestamptz + GREATEST(${now}::timestamptz - hint.received_at, ${timing.hintAgainMs}::float8 * interval '1 millisecond')
    FROM hint AS asked
    WHERE asked.id = ${hintId}::uuid AND hint.source = asked.source AND hint.provider_thread_id = asked.provider_thread_id
      AND hint.state = 'open' AND hint.thread_id IS NULL`;
}

export interface LookupContext {
  source: string;
  hintId: string;
  now: Date;
  timing: Timing;
}

/** Commits the thread that a hint led to, as first seen by the webhook, and makes it due. One transaction. */
export async function recordHintLookup(
  db: Database,
  call: OpenCall,
  item: Item<IncomingThread>,
  { source, hintId, now, timing }: LookupContext,
): Promise<{ stored: number; parked: number }> {
  return db.transaction(async (tx) => {
    const { stored, parked } = await holdThread(tx, call, item, { source, now, timing, firstSeenBy: 'webhook' });
    await tx.$executeRaw`UPDATE hint SET lookup_call_id = ${call.id}::uuid WHERE id = ${hintId}::uuid`;
    await bindHints(tx, source, now);
    if (!item.ok) await settle(tx, [hintId], 'unreadable', null, now);
    return { stored, parked };
  });
}

/** The provider does not know the thread, yet or at all: three looks, then the hint says so. */
export async function recordNoThread(db: Database, callId: string, context: LookupContext): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.$executeRaw`UPDATE hint SET lookup_call_id = ${callId}::uuid WHERE id = ${context.hintId}::uuid`;
    await lookAgain(tx, context);
  });
}

/** Every open hint for the same thread shares the look that was made. */
async function lookAgain(tx: Sql, { hintId, now, timing }: LookupContext): Promise<void> {
  const open = await tx.$queryRaw<{ id: string; looks: number }[]>`
    UPDATE hint SET looks = hint.looks + 1 FROM hint AS asked
    WHERE asked.id = ${hintId}::uuid AND hint.source = asked.source AND hint.provider_thread_id = asked.provider_thread_id
      AND hint.state = 'open' AND hint.thread_id IS NULL
    RETURNING hint.id, hint.looks`;
  for (const { id, looks } of open) {
    if (looks >= HINT_LOOKS) await settle(tx, [id], 'unknown_thread', null, now);
    else
      await tx.$executeRaw`
        UPDATE hint SET look_at = ${new Date(now.getTime() + hintAgainMs(looks, timing.hintAgainMs))} WHERE id = ${id}::uuid`;
  }
}

/** Who is said to have seen first what a reading of this thread finds: a hint that no visit has answered yet announced it. */
export async function firstSeenBy(db: Sql, threadId: string): Promise<FirstSeenBy> {
  const rows = await db.$queryRaw<unknown[]>`
    SELECT 1 FROM hint JOIN thread ON thread.id = hint.thread_id AND thread.source = hint.source
    WHERE thread.id = ${threadId}::uuid AND hint.state = 'open' LIMIT 1`;
  return rows.length > 0 ? 'webhook' : 'poll';
}

export interface AnsweringVisit {
  threadId: string;
  begunAt: Date;
  now: Date;
  timing: Pick<Timing, 'hintAgainMs'>;
}

/**
 * Settles the hints that a whole reading of their thread answers. One that brought nothing new is followed twice more, since what
 * was announced can show late; gives the instant at which to look again, null where nothing is left to look for.
 */
export async function answerHints(tx: Sql, { threadId, begunAt, now, timing }: AnsweringVisit): Promise<Date | null> {
  const open = await tx.$queryRaw<{ id: string; looks: number; isMet: boolean; readingId: string | null }[]>`
    UPDATE hint SET looks = looks + 1 FROM thread
    WHERE thread.id = ${threadId}::uuid AND hint.source = thread.source AND hint.thread_id = thread.id AND hint.state = 'open'
      AND hint.received_at <= ${begunAt}
    RETURNING hint.id, hint.looks,
      EXISTS (SELECT 1 FROM message WHERE message.thread_id = thread.id AND message.first_seen_at >= hint.received_at) AS "isMet",
      (SELECT reading_id FROM provider_call WHERE thread_id = thread.id AND opened_at = ${begunAt} AND page = 0 LIMIT 1) AS "readingId"`;
  if (open.length === 0) return null;
  const reading = open[0]?.readingId ?? null;
  const met = open.filter((hint) => hint.isMet);
  const over = open.filter((hint) => !hint.isMet && hint.looks >= HINT_LOOKS);
  await settle(
    tx,
    met.map((hint) => hint.id),
    'met',
    reading,
    now,
  );
  await settle(
    tx,
    over.map((hint) => hint.id),
    'nothing_new',
    reading,
    now,
  );
  const waits = open
    .filter((hint) => !hint.isMet && hint.looks < HINT_LOOKS)
    .map((hint) => hintAgainMs(hint.looks, timing.hintAgainMs));
  return waits.length > 0 ? new Date(now.getTime() + Math.min(...waits)) : null;
}

/** The thread is gone at the provider: no visit will answer its hints. */
export async function dropHints(tx: Sql, threadId: string, now: Date): Promise<void> {
  await tx.$executeRaw`
    UPDATE hint SET state = 'gone', settled_at = ${now} FROM thread
    WHERE thread.id = ${threadId}::uuid AND hint.source = thread.source AND hint.thread_id = thread.id AND hint.state = 'open'`;
}

async function settle(
  tx: Sql,
  ids: readonly string[],
  state: HintState,
  readingId: string | null,
  now: Date,
): Promise<void> {
  if (ids.length === 0) return;
  await tx.$executeRaw`
    UPDATE hint SET state = ${state}, settled_at = ${now}, visit_reading_id = ${readingId}::uuid WHERE id = ANY (${[...ids]}::uuid[])`;
}

/** Adds to the count of what was refused on a day (UTC); nothing of the deliveries themselves is kept. */
export async function countRefusals(
  db: Sql,
  source: string,
  cause: HintRefusal,
  count: number,
  now: Date,
): Promise<void> {
  await db.$executeRaw`
    INSERT INTO hint_refusal (source, cause, day, count) VALUES (${source}, ${cause}, (${now}::timestamptz AT TIME ZONE 'UTC')::date, ${count}::bigint)
    ON CONFLICT (source, cause, day) DO UPDATE SET count = hint_refusal.count + excluded.count`;
}
