import { BY_WAYBILL } from '../domain/cases.js';
import type { OpenCall } from './calls.js';
import { appendCaseEvent, openCaseOf, resolveCase } from './cases.js';
import type { Sql } from './database.js';
import type { Thread } from './visits.js';

interface Held {
  id: string;
  threadId: string;
}

/**
 * Messages appear in another thread than the one they were held in: the provider has merged threads, or moved a message. Identity
 * stays; what hangs on the place follows: the reply that is being sent, the turn, the case, the activity. A thread that has lost
 * all that it showed is merged into the one that has it now. The caller holds the lock of the thread that is read.
 */
export async function moveMessages(
  tx: Sql,
  moved: readonly Held[],
  to: { call: OpenCall; thread: Thread; now: Date },
): Promise<void> {
  if (moved.length === 0) return;
  const { call, thread, now } = to;
  const ids = moved.map(({ id }) => id);
  const lost = [...new Set(moved.map(({ threadId }) => threadId))].sort();
  await tx.$queryRaw`SELECT 1 FROM thread WHERE id = ANY (${lost}::uuid[]) ORDER BY id FOR UPDATE`;
  await tx.$executeRaw`
    INSERT INTO message_move (message_id, from_thread_id, to_thread_id, moved_at, call_id)
    SELECT id, from_id, ${thread.id}::uuid, ${now}::timestamptz, ${call.id}::uuid
    FROM unnest(${ids}::uuid[], ${moved.map(({ threadId }) => threadId)}::uuid[]) AS row (id, from_id)`;
  await tx.$executeRaw`UPDATE message SET thread_id = ${thread.id}::uuid WHERE id = ANY (${ids}::uuid[])`;
  await tx.$executeRaw`
    UPDATE outbox SET thread_id = ${thread.id}::uuid WHERE message_id = ANY (${ids}::uuid[]) AND thread_id <> ${thread.id}::uuid`;
  await tx.$executeRaw`
    UPDATE thread SET merged_into = NULL,
      last_activity_at = GREATEST(last_activity_at, (SELECT max(activity_at) FROM message WHERE id = ANY (${ids}::uuid[])))
    WHERE id = ${thread.id}::uuid`;
  await moveTurn(tx, ids, thread.id, now);
  const emptied = await mergeEmptied(tx, lost, thread.id);
  await moveCases(tx, ids, emptied, thread.id, now);
  // What the provider says of the lost thread now is worth one call: usually that it is gone.
  await tx.$executeRaw`
    UPDATE thread_due SET due_at = LEAST(due_at, ${now}::timestamptz) WHERE thread_id = ANY (${emptied}::uuid[])`;
}

/** The turn goes along where it is free in the new thread; otherwise the message waits there like any other. */
async function moveTurn(tx: Sql, ids: readonly string[], threadId: string, now: Date): Promise<void> {
  const held = await tx.$queryRaw<{ messageId: string }[]>`
    DELETE FROM thread_turn WHERE message_id = ANY (${[...ids]}::uuid[]) AND thread_id <> ${threadId}::uuid
    RETURNING message_id AS "messageId"`;
  for (const { messageId } of held) {
    await tx.$executeRaw`
      INSERT INTO thread_turn (thread_id, message_id, taken_at) VALUES (${threadId}::uuid, ${messageId}::uuid, ${now})
      ON CONFLICT (thread_id) DO NOTHING`;
  }
}

/** Those of the threads that hold nothing any more. Who was merged into one of them earlier goes along. */
async function mergeEmptied(tx: Sql, lost: readonly string[], survivor: string): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    UPDATE thread SET merged_into = ${survivor}::uuid
    WHERE id = ANY (${[...lost]}::uuid[])
      AND NOT EXISTS (SELECT 1 FROM message WHERE message.thread_id = thread.id AND message.gone_at IS NULL)
    RETURNING id`;
  const emptied = rows.map(({ id }) => id);
  if (emptied.length > 0)
    await tx.$executeRaw`UPDATE thread SET merged_into = ${survivor}::uuid WHERE merged_into = ANY (${emptied}::uuid[])`;
  return emptied;
}

/**
 * A case follows its message. Where both threads have an open one, the survivor's goes on: the other is resolved as joined, and
 * its messages name the one that a person still has.
 */
async function moveCases(
  tx: Sql,
  ids: readonly string[],
  emptied: readonly string[],
  threadId: string,
  now: Date,
): Promise<void> {
  const cases = await tx.$queryRaw<{ id: string; state: string }[]>`
    SELECT id, state FROM "case" WHERE thread_id <> ${threadId}::uuid
      AND (message_id = ANY (${[...ids]}::uuid[]) OR thread_id = ANY (${[...emptied]}::uuid[]))
    ORDER BY opened_at, id`;
  for (const { id, state } of cases) {
    const survivor = state === 'open' ? await openCaseOf(tx, threadId) : null;
    if (survivor === null) {
      await tx.$executeRaw`UPDATE "case" SET thread_id = ${threadId}::uuid WHERE id = ${id}::uuid`;
      continue;
    }
    await resolveCase(tx, { caseId: id, how: 'joined', by: BY_WAYBILL, into: survivor, now });
    await tx.$executeRaw`UPDATE "case" SET thread_id = ${threadId}::uuid WHERE id = ${id}::uuid`;
    await appendCaseEvent(tx, { caseId: survivor, kind: 'joined', actor: BY_WAYBILL, detail: { from: id } }, now);
    await tx.$executeRaw`UPDATE message SET case_id = ${survivor}::uuid WHERE case_id = ${id}::uuid`;
  }
}
