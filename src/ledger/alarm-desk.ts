import type { AlarmState } from '../domain/alarms.js';
import type { Alarm } from './alarms.js';
import { recordChange } from './changes.js';
import type { Database, Sql } from './database.js';

/** An alarm as people see it, with who was told and who has taken it up. */
export interface DeskAlarm extends Alarm {
  /** When people were last to be told, and when the receiver last took it; null where it has not. */
  notifyAt: Date;
  notifiedAt: Date | null;
  acknowledgedAt: Date | null;
  acknowledgedBy: string | null;
  resolvedAt: Date | null;
  resolvedBy: string | null;
}

/** Alarms in these states, the newest first; all of them where no state is named. */
export const listAlarms = (db: Sql, states: readonly AlarmState[]): Promise<DeskAlarm[]> =>
  readAlarms(db, { states, id: null });

export async function findAlarm(db: Sql, id: string): Promise<DeskAlarm | null> {
  return (await readAlarms(db, { states: [], id }))[0] ?? null;
}

const readAlarms = (db: Sql, { states, id }: { states: readonly AlarmState[]; id: string | null }) =>
  db.$queryRaw<DeskAlarm[]>`
    SELECT id, kind, source, subject, state, evidence, raised_at AS "raisedAt", last_raised_at AS "lastRaisedAt", raises,
           notify_at AS "notifyAt", notified_at AS "notifiedAt", acknowledged_at AS "acknowledgedAt",
           acknowledged_by AS "acknowledgedBy", quenched_at AS "quenchedAt", resolved_at AS "resolvedAt", resolved_by AS "resolvedBy"
    FROM alarm
    WHERE (cardinality(${[...states]}::text[]) = 0 OR state = ANY(${[...states]}::text[]))
      AND (${id}::text IS NULL OR id::text = ${id}::text)
    ORDER BY raised_at DESC, id DESC`;

/** A person says that they know. False where the alarm is unknown or not open. */
export async function acknowledgeAlarm(db: Database, id: string, by: string, now: Date): Promise<boolean> {
  return db.transaction(async (tx) => {
    const changed = await tx.$executeRaw`
      UPDATE alarm SET state = 'acknowledged', acknowledged_at = ${now}, acknowledged_by = ${by}
      WHERE id::text = ${id} AND state = 'open'`;
    if (changed === 0) return false;
    await recordChange(tx, { actor: by, action: 'alarm.acknowledge', subject: `alarm/${id}`, detail: {}, now });
    return true;
  });
}

/** A person confirms that it is over; the same condition raises another alarm. False where it is unknown or resolved already. */
export async function resolveAlarm(db: Database, id: string, by: string, now: Date): Promise<boolean> {
  return db.transaction(async (tx) => {
    const changed = await tx.$executeRaw`
      UPDATE alarm SET state = 'resolved', resolved_at = ${now}, resolved_by = ${by}
      WHERE id::text = ${id} AND state <> 'resolved'`;
    if (changed === 0) return false;
    await recordChange(tx, { actor: by, action: 'alarm.resolve', subject: `alarm/${id}`, detail: {}, now });
    return true;
  });
}

/** Ids of the alarms that people have still to be told of, the oldest first. */
export async function undeliveredAlarms(db: Sql, limit: number): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT id FROM alarm WHERE state <> 'resolved' AND (notified_at IS NULL OR notified_at < notify_at)
    ORDER BY notify_at, id LIMIT ${limit}`;
  return rows.map((row) => row.id);
}

export const isUndelivered = ({ state, notifiedAt, notifyAt }: DeskAlarm): boolean =>
  state !== 'resolved' && (notifiedAt === null || notifiedAt < notifyAt);

/** The receiver took the alarm as it stood at `notifyAt`; one that was raised anew meanwhile has still to be told. */
export async function markDelivered(db: Sql, id: string, notifyAt: Date, now: Date): Promise<void> {
  await db.$executeRaw`
    UPDATE alarm SET notified_at = GREATEST(${now}::timestamptz, notify_at) WHERE id = ${id}::uuid AND notify_at = ${notifyAt}`;
}
