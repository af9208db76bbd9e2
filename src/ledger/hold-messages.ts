import { only, type Sql } from './database.js';
import type { CarriedMessage } from './lifecycles.js';
import type { Thread } from './visits.js';

/** A message and the thread that it stands in, both locked until the transaction ends. */
export interface Held {
  message: CarriedMessage;
  thread: Thread;
}

type HeldRow = CarriedMessage & { [name in keyof Thread as `thread:${name}`]: Thread[name] };

/**
 * Locks the thread that a message stands in and the message with it, and gives both as they are then. A merge can move the message
 * while we wait: Postgres looks at the newest versions of both once it has the locks, and no pair means that it stands elsewhere
 * now. The thread is locked first, like everywhere.
 */
export async function lockMessage(tx: Sql, messageId: string): Promise<Held> {
  for (;;) {
    const [row] = await tx.$queryRaw<HeldRow[]>`
      SELECT m.id, m.source, m.thread_id AS "threadId", m.twin_group_id AS "twinGroupId", m.provider_message_id AS "providerMessageId",
             m.channel, m.state, m.waiting_kind AS "waitingKind", m.disposition, m.reason, m.route, m.hold, m.has_body AS "hasBody",
             m.carry_count AS carry, m.origin_at AS "originAt", m.first_seen_at AS "firstSeenAt",
             m.backfill_id AS "backfillId",
             t.id AS "thread:id", t.source AS "thread:source", t.provider_thread_id AS "thread:providerThreadId",
             t.status AS "thread:status", t.created_at AS "thread:createdAt", t.by_first_enumeration AS "thread:byFirstEnumeration",
             t.first_seen_by = 'backfill' AS "thread:byBackfill",
             t.last_activity_at AS "thread:lastActivityAt", t.read_whole_at AS "thread:readWholeAt", t.gone_at AS "thread:goneAt",
             t.missed_at AS "thread:missedAt", t.visit_class AS "thread:visitClass"
      FROM message m JOIN thread t ON t.id = m.thread_id
      WHERE m.id = ${messageId}::uuid FOR UPDATE OF t FOR NO KEY UPDATE OF m`;
    if (row) return heldOf(row);
    only(await tx.$queryRaw<unknown[]>`SELECT 1 FROM message WHERE id = ${messageId}::uuid`, `message ${messageId}`);
  }
}

function heldOf(row: HeldRow): Held {
  const message: Record<string, unknown> = {};
  const thread: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    if (name.startsWith('thread:')) thread[name.slice('thread:'.length)] = value;
    else message[name] = value;
  }
  return { message, thread } as unknown as Held;
}

/** Locks thread and message as `lockMessage` does; null where this carry does not hold the message any more. */
export async function holdMessage(tx: Sql, messageId: string, carry: number): Promise<Held | null> {
  const held = await lockMessage(tx, messageId);
  return isHeldBy(held.message, carry) ? held : null;
}

/** Whether this carry still holds the message: not where another step ended it or another run took it up. */
export const isHeldBy = ({ state, carry: by }: Pick<CarriedMessage, 'state' | 'carry'>, carry: number): boolean =>
  (state === 'recorded' || state === 'carried' || state === 'waiting') && by === carry;

/**
 * Takes a message up for this run: carry count + 1, or null when it is not open any more. Asked again by the same run it gives
 * the same carry. Source: DESIGN "Workflows", dispatch.
 */
export async function claimMessage(
  tx: Sql,
  messageId: string,
  runId: string,
  now: Date,
): Promise<CarriedMessage | null> {
  const [message] = await tx.$queryRaw<CarriedMessage[]>`
    WITH claimed AS (
      UPDATE message SET state = 'carried', waiting_kind = NULL, waiting_until = NULL, carrier_run_id = ${runId},
             carry_count = carry_count + CASE WHEN carrier_run_id = ${runId} THEN 0 ELSE 1 END
      WHERE id = ${messageId}::uuid AND state IN ('recorded', 'carried', 'waiting')
      RETURNING message.*, old.carrier_run_id IS DISTINCT FROM ${runId} AS anew),
    noted AS (
      INSERT INTO lifecycle_event (at, message_id, kind, carry, detail)
      SELECT ${now}::timestamptz, id, 'carried', carry_count, jsonb_build_object('runId', ${runId}::text) FROM claimed WHERE anew)
    SELECT id, source, thread_id AS "threadId", twin_group_id AS "twinGroupId", provider_message_id AS "providerMessageId",
           channel, state, waiting_kind AS "waitingKind", disposition, reason, route, hold, has_body AS "hasBody",
           carry_count AS carry, origin_at AS "originAt", first_seen_at AS "firstSeenAt", backfill_id AS "backfillId"
    FROM claimed`;
  return message ?? null;
}
