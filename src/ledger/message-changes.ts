import type { IncomingMessage } from '../domain/message.js';
import type { OpenCall } from './calls.js';
import type { Sql } from './database.js';
import { appendEvents, type LifecycleEvent } from './events.js';
import { hasBody, insertBodies } from './new-messages.js';
import type { KnownMessage, RecordContext } from './record-messages.js';

export interface SeenAgain {
  message: IncomingMessage;
  row: KnownMessage;
  hash: string;
}

/**
 * What a known message shows anew: another thread (threads are merged), a body that came late, another content. Content becomes
 * a version, never an overwrite. A message that ended because it had no body is carried again when the body comes.
 */
export async function recordChanges(
  tx: Sql,
  call: OpenCall,
  seen: readonly SeenAgain[],
  context: RecordContext,
): Promise<void> {
  const { now, thread } = context;
  const moved = seen.filter(({ row }) => row.threadId !== thread.id);
  const changed = seen.filter(({ row, hash }) => row.contentHash !== hash);
  const reopened = changed.filter(
    ({ row, message }) => row.reason === 'empty_body' && !row.hasBody && hasBody(message),
  );
  if (moved.length > 0) {
    await tx.$executeRaw`
      UPDATE message SET thread_id = ${thread.id}::uuid WHERE id = ANY (${moved.map(({ row }) => row.id)}::uuid[])`;
  }
  for (const { row, message, hash } of changed) {
    const [last] = await tx.$queryRaw<{ version: number }[]>`
      SELECT max(version) AS version FROM message_body WHERE message_id = ${row.id}::uuid`;
    await insertBodies(tx, call, [{ id: row.id, message, contentHash: hash, version: (last?.version ?? 0) + 1 }], now);
    await tx.$executeRaw`
      UPDATE message SET content_hash = ${hash}, has_body = ${hasBody(message)} WHERE id = ${row.id}::uuid`;
  }
  if (reopened.length > 0) {
    // The case asked a person about a message without words; with words it is decided anew.
    await tx.$executeRaw`
      UPDATE "case" SET state = 'resolved', resolved_at = ${now}
      WHERE message_id = ANY (${reopened.map(({ row }) => row.id)}::uuid[]) AND reason = 'empty_body' AND state = 'open'`;
    await tx.$executeRaw`
      UPDATE message SET state = 'recorded', disposition = NULL, reason = NULL, ended_at = NULL, case_id = NULL,
             dispatched_at = NULL, carrier_run_id = NULL
      WHERE id = ANY (${reopened.map(({ row }) => row.id)}::uuid[]) AND state = 'ended'`;
  }
  const event =
    (kind: LifecycleEvent['kind'], detail: Record<string, unknown>) =>
    ({ row }: SeenAgain): LifecycleEvent => ({
      messageId: row.id,
      kind,
      carry: row.carryCount,
      detail: { callId: call.id, ...detail },
    });
  await appendEvents(tx, now, [
    ...moved.map((one) => event('moved', { from: one.row.threadId, to: thread.id })(one)),
    ...changed.filter(({ row }) => !row.hasBody).map(event('body_arrived', {})),
    ...changed.filter(({ row }) => row.hasBody).map(event('edited', {})),
    ...reopened.map(event('reopened', { because: 'body_arrived' })),
  ]);
}
