import type { IncomingThread } from '../domain/message.js';
import { READ_STATUSES } from '../domain/triage.js';
import type { Sql } from './database.js';
import { appendEvents } from './events.js';

/**
 * Writes down what a listing changes in the status of known threads, before the threads themselves are updated. What ended only
 * because its thread was spam is carried again when the provider takes the thread out: the reason of that ending holds no more.
 */
export async function recordStatusChanges(
  tx: Sql,
  source: string,
  threads: readonly IncomingThread[],
  now: Date,
): Promise<void> {
  const changed = await tx.$queryRaw<{ id: string; was: string; status: string }[]>`
    SELECT thread.id, thread.status AS was, row.status
    FROM unnest(${threads.map((t) => t.providerThreadId)}::text[], ${threads.map((t) => t.status)}::text[]) AS row (id, status)
    JOIN thread ON thread.source = ${source} AND thread.provider_thread_id = row.id
    WHERE thread.status <> row.status ORDER BY thread.id FOR UPDATE OF thread`;
  if (changed.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO thread_status (thread_id, was, status, changed_at)
    SELECT id, was, status, ${now}::timestamptz
    FROM unnest(${changed.map((t) => t.id)}::uuid[], ${changed.map((t) => t.was)}::text[], ${changed.map((t) => t.status)}::text[])
      AS row (id, was, status)`;
  const cleared = changed.filter(({ was, status }) => was === 'spam' && READ_STATUSES.has(status)).map(({ id }) => id);
  const reopened = await tx.$queryRaw<{ id: string; carry: number }[]>`
    UPDATE message SET state = 'recorded', disposition = NULL, reason = NULL, ended_at = NULL, dispatched_at = NULL,
           carrier_run_id = NULL
    WHERE thread_id = ANY (${cleared}::uuid[]) AND state = 'ended' AND disposition = 'ignored' AND reason = 'spam_thread'
    RETURNING id, carry_count AS carry`;
  await appendEvents(
    tx,
    now,
    reopened.map(({ id, carry }) => ({ messageId: id, kind: 'reopened', carry, detail: { because: 'thread_status' } })),
  );
}
