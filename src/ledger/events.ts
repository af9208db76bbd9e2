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

/** How far a reader has come: everything up to `seq` that was written by a transaction below `below`. */
export interface EventMark {
  seq: bigint;
  below: bigint;
}

export const FIRST_MARK: EventMark = { seq: 0n, below: 0n };

type EventRow = { [name in keyof StoredEvent]: StoredEvent[name] | null } & { below: bigint };

/**
 * Events that a reader has not had, below the oldest transaction that still runs, and its new mark. Numbers are drawn in another
 * order than transactions begin: what was held back at the last reading may stand under a smaller number than what was given out
 * then, so it is looked for by its writer. At most `limit` events beyond the mark, and what was held back before it.
 */
export async function readEvents(
  db: Sql,
  { seq, below }: EventMark,
  limit: number,
): Promise<{ events: StoredEvent[]; mark: EventMark }> {
  const rows = await db.$queryRaw<EventRow[]>`
    WITH bound AS MATERIALIZED (SELECT (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint AS below)
    SELECT bound.below, event.seq, event.at, event.message_id AS "messageId", event.kind, event.carry, event.detail
    FROM bound LEFT JOIN (
      SELECT seq, at, message_id, kind, carry, detail FROM lifecycle_event
      WHERE seq <= ${seq} AND writer >= ${below} AND writer < (SELECT below FROM bound)
      UNION ALL
      (SELECT seq, at, message_id, kind, carry, detail FROM lifecycle_event
       WHERE seq > ${seq} AND writer < (SELECT below FROM bound) ORDER BY seq LIMIT ${limit})
    ) AS event ON true
    ORDER BY event.seq`;
  const events = rows.filter((row): row is StoredEvent & { below: bigint } => row.seq !== null);
  const last = events.at(-1)?.seq ?? seq;
  return { events, mark: { seq: last > seq ? last : seq, below: rows[0]?.below ?? below } };
}
