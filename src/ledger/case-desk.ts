import type { CaseEventKind, CaseResolution } from '../domain/cases.js';
import type { EscalateReason } from '../domain/reasons.js';
import type { CaseState } from '../domain/states.js';
import { appendCaseEvent, openCaseOf, resolveCase } from './cases.js';
import { recordChange } from './changes.js';
import type { Database, Sql } from './database.js';

/** A case as people see it: ids, instants and counts. What the customer wrote stands in its messages. */
export interface DeskCase {
  id: string;
  source: string;
  threadId: string;
  messageId: string;
  reason: EscalateReason;
  state: CaseState;
  owner: string | null;
  openedAt: Date;
  dueAt: Date | null;
  nextAt: Date | null;
  reminders: number;
  overdue: number;
  resolvedAt: Date | null;
  resolution: CaseResolution | null;
  resolvedBy: string | null;
  replyId: string | null;
  joinedInto: string | null;
  /** From the opening to the end, in milliseconds. */
  tookMs: number | null;
  /** Messages that ended with it. */
  messages: number;
}

export interface CaseFilter {
  state: CaseState | null;
  owner: string | null;
  source: string | null;
  /** Past their deadline by then. */
  overdueAt: Date | null;
  limit: number;
}

const readCases = (db: Sql, filter: CaseFilter, id: string | null) => db.$queryRaw<DeskCase[]>`
  SELECT c.id, t.source, c.thread_id AS "threadId", c.message_id AS "messageId", c.reason, c.state, c.owner, c.opened_at AS "openedAt",
         c.due_at AS "dueAt", c.next_at AS "nextAt", c.reminders, c.overdue, c.resolved_at AS "resolvedAt", c.resolution,
         c.resolved_by AS "resolvedBy", c.reply_id AS "replyId", c.joined_into AS "joinedInto", c.took_ms::float8 AS "tookMs",
         (SELECT count(*)::int FROM message m WHERE m.case_id = c.id) AS messages
  FROM "case" c JOIN thread t ON t.id = c.thread_id
  WHERE (${id}::text IS NULL OR c.id::text = ${id}::text)
    AND (${filter.state}::text IS NULL OR c.state = ${filter.state}::text)
    AND (${filter.owner}::text IS NULL OR c.owner = ${filter.owner}::text)
    AND (${filter.source}::text IS NULL OR t.source = ${filter.source}::text)
    AND (${filter.overdueAt}::timestamptz IS NULL OR (c.state = 'open' AND c.due_at <= ${filter.overdueAt}::timestamptz))
  ORDER BY (c.state = 'open') DESC, c.due_at NULLS LAST, c.opened_at, c.id LIMIT ${filter.limit}`;

/** Open ones first, the nearest deadline first. */
export const listCases = (db: Sql, filter: CaseFilter): Promise<DeskCase[]> => readCases(db, filter, null);

export async function findCase(db: Sql, id: string): Promise<DeskCase | null> {
  const all = { state: null, owner: null, source: null, overdueAt: null, limit: 1 };
  return (await readCases(db, all, id))[0] ?? null;
}

export interface StoredCaseEvent {
  at: Date;
  kind: CaseEventKind;
  actor: string;
  detail: Record<string, unknown>;
}

export const caseEvents = (db: Sql, id: string): Promise<StoredCaseEvent[]> => db.$queryRaw<StoredCaseEvent[]>`
  SELECT at, kind, actor, detail FROM case_event WHERE case_id::text = ${id} ORDER BY at, id`;

/** Our ids of the messages that a case is about. */
export async function caseMessages(db: Sql, id: string): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT m.id FROM message m WHERE m.case_id::text = ${id}
      OR m.id = (SELECT message_id FROM "case" WHERE id::text = ${id}) ORDER BY m.id`;
  return rows.map((row) => row.id);
}

export interface Acting {
  id: string;
  by: string;
  now: Date;
}

/** Gives an open case to somebody; false where it is unknown or not open. */
export const assignCase = (db: Database, { id, by, now, to }: Acting & { to: string }): Promise<boolean> =>
  db.transaction(async (tx) => {
    const rows = await tx.$queryRaw<{ before: string | null }[]>`
      UPDATE "case" SET owner = ${to} FROM (SELECT id, owner AS before FROM "case" WHERE id::text = ${id} FOR UPDATE) AS old
      WHERE "case".id = old.id AND state = 'open' RETURNING old.before`;
    const row = rows[0];
    if (!row) return false;
    await appendCaseEvent(tx, { caseId: id, kind: 'assigned', actor: by, detail: { to, from: row.before } }, now);
    await recordChange(tx, { actor: by, action: 'case.assign', subject: `case/${id}`, detail: { to }, now });
    return true;
  });

/** A person says that it is over; false where it is unknown or not open. The note stays in the ledger. */
export const resolveByPerson = (
  db: Database,
  { id, by, now, note }: Acting & { note: string | null },
): Promise<boolean> =>
  db.transaction(async (tx) => {
    if (!(await holdCase(tx, id))) return false;
    const resolved = await resolveCase(tx, { caseId: id, how: 'by_person', by, now, ...(note ? { note } : {}) });
    if (resolved) await recordChange(tx, { actor: by, action: 'case.resolve', subject: `case/${id}`, detail: {}, now });
    return resolved;
  });

/** Opens a resolved case again, with a new deadline; false where it is not resolved, or its thread has an open one. */
export const reopenCase = (db: Database, { id, by, now }: Acting): Promise<boolean> =>
  db.transaction(async (tx) => {
    const held = await holdCase(tx, id);
    if (!held || held.state !== 'resolved' || (await openCaseOf(tx, held.threadId))) return false;
    await tx.$executeRaw`
      UPDATE "case" SET state = 'open', resolved_at = NULL, resolution = NULL, resolved_by = NULL, reply_id = NULL, joined_into = NULL,
        took_ms = NULL, due_at = NULL, next_at = NULL, reminders = 0, told = 0, overdue = 0, dispatched_at = NULL, settled_at = NULL,
        opened_at = ${now}
      WHERE id::text = ${id}`;
    await appendCaseEvent(tx, { caseId: id, kind: 'reopened', actor: by, detail: {} }, now);
    await recordChange(tx, { actor: by, action: 'case.reopen', subject: `case/${id}`, detail: {}, now });
    return true;
  });

/** Locks the thread of a case first, as everything that opens or ends one does. */
async function holdCase(tx: Sql, id: string): Promise<{ threadId: string; state: CaseState } | null> {
  const find = () => tx.$queryRaw<{ threadId: string; state: CaseState }[]>`
    SELECT thread_id AS "threadId", state FROM "case" WHERE id::text = ${id}`;
  const [before] = await find();
  if (!before) return null;
  await tx.$queryRaw`SELECT 1 FROM thread WHERE id = ${before.threadId}::uuid FOR UPDATE`;
  return (await find())[0] ?? null;
}
