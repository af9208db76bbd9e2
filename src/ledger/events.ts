import type { LifecycleEventKind } from '../domain/lifecycle-events.js';
import type { Sql } from './database.js';

export interface LifecycleEvent {
  messageId: string;
  kind: LifecycleEventKind;
  /** How many times the message had been carried when it happened. */
  carry: number;
  /** Ids, counts and names of rules; never content. */
  detail: Record<string, unknown>;
}

/** Appends events in the transaction of the fact itself. */
export async function appendEvents(tx: Sql, at: Date, events: readonly LifecycleEvent[]): Promise<void> {
  if (events.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO lifecycle_event (at, message_id, kind, carry, detail)
    SELECT ${at}::timestamptz, message_id, kind, carry, detail
    FROM unnest(${events.map((e) => e.messageId)}::uuid[], ${events.map((e) => e.kind)}::text[],
                ${events.map((e) => e.carry)}::int[], ${events.map((e) => JSON.stringify(e.detail))}::jsonb[])
      WITH ORDINALITY AS event (message_id, kind, carry, detail, position)
    ORDER BY position`;
}

export interface StoredEvent {
  seq: bigint;
  at: Date;
  messageId: string;
  kind: LifecycleEventKind;
  carry: number;
  detail: Record<string, unknown>;
}

/**
 * Events after `afterSeq`, oldest first, below the oldest transaction that still runs: a transaction that commits late under a
 * smaller number is not skipped, because nothing above it is given out before it ends.
 */
export async function readEvents(db: Sql, afterSeq: bigint, limit: number): Promise<StoredEvent[]> {
  return db.$queryRaw<StoredEvent[]>`
    SELECT seq, at, message_id AS "messageId", kind, carry, detail FROM lifecycle_event
    WHERE seq > ${afterSeq} AND writer < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint
    ORDER BY seq LIMIT ${limit}`;
}
