import { WaybillError } from '../domain/failures.js';
import type { ParkReason } from '../domain/reasons.js';
import type { ParkKind, ParkState } from '../domain/states.js';
import { recordChange } from './changes.js';
import type { Database, Sql } from './database.js';

/** What an operator sees of what is set aside, without what came. */
export interface ParkRow {
  id: string;
  source: string;
  kind: ParkKind;
  item: string;
  reason: ParkReason;
  state: ParkState;
  problem: string;
  threadId: string | null;
  callId: string;
  attempts: number;
  parkedAt: Date;
  lastSeenAt: Date;
  retryAt: Date | null;
  resolvedAt: Date | null;
  resolvedBy: string | null;
}

export interface ParkAction {
  at: Date;
  action: string;
  by: string;
  note: string | null;
}

export interface ParkFilter {
  source: string | null;
  reason: string | null;
  /** Null shows every state. */
  state: ParkState | null;
  /** Our id. */
  id?: string;
}

/** Oldest first. */
export async function listParks(db: Sql, { source, reason, state, id = '' }: ParkFilter): Promise<ParkRow[]> {
  return db.$queryRaw<ParkRow[]>`
    SELECT id, source, kind, item, reason, state, problem, thread_id AS "threadId", call_id AS "callId", attempts,
           parked_at AS "parkedAt", last_seen_at AS "lastSeenAt", retry_at AS "retryAt", resolved_at AS "resolvedAt",
           resolved_by AS "resolvedBy"
    FROM park
    WHERE (${source}::text IS NULL OR source = ${source}) AND (${reason}::text IS NULL OR reason = ${reason})
      AND (${state}::text IS NULL OR state = ${state}) AND (${id} = '' OR id::text = ${id})
    ORDER BY parked_at, id`;
}

export interface ParkInFull extends ParkRow {
  /** What the provider sent, as it came. May quote a customer: for the terminal of an operator only. */
  raw: string;
  actions: ParkAction[];
}

/** By our id, or the provider's where it names one park alone. */
export async function findParkInFull(db: Sql, id: string): Promise<ParkInFull | null> {
  const found = await db.$queryRaw<{ id: string; raw: string }[]>`
    SELECT id, raw FROM park WHERE id::text = ${id} OR item = ${id} ORDER BY parked_at LIMIT 2`;
  const [one, other] = found;
  if (!one) return null;
  if (other) throw ambiguous(id);
  const [row] = await listParks(db, { source: null, reason: null, state: null, id: one.id });
  if (!row) return null;
  const actions = await db.$queryRaw<ParkAction[]>`
    SELECT at, action, "by", note FROM park_action WHERE park_id = ${one.id}::uuid ORDER BY at, id`;
  return { ...row, raw: one.raw, actions };
}

const ambiguous = (id: string): WaybillError =>
  new WaybillError('UsageWrong', `More than one park has the id ${id}: name it by ours.`, { retryable: false });

export async function recordParkAction(
  tx: Sql,
  action: {
    parkId: string;
    action: 'retried' | 'resolved' | 'reprocessed';
    by: string;
    note: string | null;
    now: Date;
  },
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO park_action (park_id, at, action, "by", note)
    VALUES (${action.parkId}::uuid, ${action.now}, ${action.action}, ${action.by}, ${action.note})`;
}

/** Has the next round ask for it again at once: one, or all that can be asked for. Gives our ids. */
export async function retryParks(
  db: Database,
  { id, source, by, now }: { id: string | null; source: string | null; by: string; now: Date },
): Promise<string[]> {
  return db.transaction(async (tx) => {
    const rows = await tx.$queryRaw<{ id: string }[]>`
      UPDATE park SET retry_at = ${now}
      WHERE state = 'parked' AND reason <> 'id_collision' AND (thread_id IS NOT NULL OR item NOT LIKE 'unreadable:%')
        AND (${id}::text IS NULL OR id::text = ${id} OR item = ${id}) AND (${source}::text IS NULL OR source = ${source})
      RETURNING id`;
    for (const park of rows) await recordParkAction(tx, { parkId: park.id, action: 'retried', by, note: null, now });
    const subject = id === null ? 'park' : `park/${rows[0]?.id}`;
    if (rows.length > 0)
      await recordChange(tx, { actor: by, action: 'park.retry', subject, detail: { source, parks: rows.length }, now });
    return rows.map((park) => park.id);
  });
}

/**
 * A person settles it: it is not asked for again, and stays settled as long as the same comes. Null where nothing stands parked.
 * @throws WaybillError UsageWrong where the provider's id names more than one: each is settled by itself
 */
export async function resolvePark(
  db: Database,
  { id, by, note, now }: { id: string; by: string; note: string; now: Date },
): Promise<string | null> {
  return db.transaction(async (tx) => {
    const [row, other] = await tx.$queryRaw<{ id: string }[]>`
      UPDATE park SET state = 'resolved', resolved_at = ${now}, resolved_by = ${by}, retry_at = NULL
      WHERE state = 'parked' AND (id::text = ${id} OR item = ${id}) RETURNING id`;
    if (!row) return null;
    if (other) throw ambiguous(id);
    await recordParkAction(tx, { parkId: row.id, action: 'resolved', by, note, now });
    await recordChange(tx, { actor: by, action: 'park.resolve', subject: `park/${row.id}`, detail: {}, now });
    return row.id;
  });
}
