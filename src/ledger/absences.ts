import { UNREADABLE_PREFIX } from '../domain/identity.js';
import type { Sql } from './database.js';
import { appendEvents } from './events.js';

export interface WholeSet {
  threadId: string;
  /** Every provider id that the reading showed, parked rows included. */
  shown: readonly string[];
  begunAt: Date;
  callId: string;
  now: Date;
}

/**
 * Compares what we hold of a thread with all that a whole reading showed. One reading that lacks a message may be wrong (an empty
 * list under status 200, a row that a deletion pushed over a page's edge), so the first only notes it and the next one that
 * begins later makes it gone. Gives how many were noted for the first time.
 */
export async function noteAbsent(tx: Sql, { threadId, shown, begunAt, callId, now }: WholeSet): Promise<number> {
  // A row that could not even be named may be any of those that we miss.
  if (shown.some((id) => id.startsWith(UNREADABLE_PREFIX))) return 0;
  // A reply of ours that no visit has shown yet may still be on its way into the thread.
  const absent = await tx.$queryRaw<{ id: string; missedAt: Date | null; carry: number }[]>`
    SELECT id, missed_at AS "missedAt", carry_count AS carry FROM message m
    WHERE thread_id = ${threadId}::uuid AND gone_at IS NULL AND first_seen_at < ${begunAt}::timestamptz
      AND provider_message_id <> ALL (${[...shown]}::text[])
      AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.client_ref = m.client_ref AND o.confirmed_at IS NULL)`;
  const gone = absent.filter(({ missedAt }) => missedAt !== null && missedAt < begunAt);
  await setGone(tx, gone, { callId }, now);
  const missed = absent.filter(({ missedAt }) => missedAt === null).map(({ id }) => id);
  if (missed.length > 0)
    await tx.$executeRaw`UPDATE message SET missed_at = ${begunAt} WHERE id = ANY (${missed}::uuid[])`;
  return missed.length;
}

/** Its thread is gone, and with it everything in it that no other thread shows. */
export async function noteAllGone(tx: Sql, threadId: string, now: Date): Promise<void> {
  const held = await tx.$queryRaw<{ id: string; carry: number }[]>`
    SELECT id, carry_count AS carry FROM message WHERE thread_id = ${threadId}::uuid AND gone_at IS NULL`;
  await setGone(tx, held, { with: 'thread' }, now);
}

async function setGone(
  tx: Sql,
  messages: readonly { id: string; carry: number }[],
  detail: Record<string, unknown>,
  now: Date,
): Promise<void> {
  if (messages.length === 0) return;
  await tx.$executeRaw`
    UPDATE message SET gone_at = ${now}, missed_at = NULL WHERE id = ANY (${messages.map(({ id }) => id)}::uuid[])`;
  await appendEvents(
    tx,
    now,
    messages.map(({ id, carry }) => ({ messageId: id, kind: 'gone', carry, detail })),
  );
}

/** What is shown is neither missed nor gone. */
export async function noteShown(
  tx: Sql,
  rows: readonly { id: string; carryCount: number; goneAt: Date | null; missedAt: Date | null }[],
  callId: string,
  now: Date,
): Promise<void> {
  const found = rows.filter((row) => row.goneAt !== null || row.missedAt !== null);
  if (found.length === 0) return;
  await tx.$executeRaw`
    UPDATE message SET gone_at = NULL, missed_at = NULL WHERE id = ANY (${found.map(({ id }) => id)}::uuid[])`;
  const back = found.filter((row) => row.goneAt !== null);
  await appendEvents(
    tx,
    now,
    back.map(({ id, carryCount }) => ({ messageId: id, kind: 'back', carry: carryCount, detail: { callId } })),
  );
}
