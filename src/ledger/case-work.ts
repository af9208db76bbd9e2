import { BY_WAYBILL, firstCaseClock, tickCase } from '../domain/cases.js';
import type { EscalateReason } from '../domain/reasons.js';
import type { Timing } from '../domain/timing.js';
import { quenchAlarm, raiseAlarm } from './alarms.js';
import { appendCaseEvent } from './cases.js';
import { type Database, only, type Sql } from './database.js';

export interface CaseToStart {
  id: string;
  source: string;
  /** Resolved ones have a workflow that has not heard of it yet. */
  state: 'open' | 'resolved';
}

/**
 * Open cases that no workflow was started for, or whose workflow was offered long ago, and resolved ones whose workflow has not
 * heard of it. Marked as offered in the same statement, as dispatch does with messages.
 */
export const takeCases = (
  db: Sql,
  limits: { now: Date; offeredBefore: Date; toldBefore: Date; limit: number },
): Promise<CaseToStart[]> => db.$queryRaw<CaseToStart[]>`
  UPDATE "case" SET dispatched_at = ${limits.now} FROM thread
  WHERE thread.id = "case".thread_id AND "case".id IN (
    SELECT id FROM "case"
    WHERE settled_at IS NULL AND ((state = 'open' AND (dispatched_at IS NULL OR dispatched_at < ${limits.offeredBefore}))
      OR (state = 'resolved' AND dispatched_at < ${limits.toldBefore}))
    ORDER BY dispatched_at NULLS FIRST, opened_at LIMIT ${limits.limit} FOR UPDATE SKIP LOCKED)
  RETURNING "case".id, thread.source, "case".state`;

/** Nothing runs for a resolved case any more. */
export async function settleCase(db: Sql, caseId: string, now: Date): Promise<void> {
  await db.$executeRaw`UPDATE "case" SET settled_at = ${now} WHERE id = ${caseId}::uuid AND state = 'resolved'`;
}

export interface CaseLook {
  state: 'open' | 'resolved';
  source: string;
  until: Date;
  /** How many reminders people have still to be told of: only the newest is told. */
  untold: number;
  reminders: number;
  noted: boolean;
  did: 'reminded' | 'overdue' | null;
}

interface Row {
  state: 'open' | 'resolved';
  source: string;
  reason: EscalateReason;
  owner: string | null;
  openedAt: Date;
  dueAt: Date | null;
  nextAt: Date | null;
  reminders: number;
  overdue: number;
  told: number;
  notedAt: Date | null;
}

/** The look of a case's workflow: does what is due of it and says when to look again. One transaction. */
export const tendCase = (db: Database, caseId: string, now: Date, timing: Timing): Promise<CaseLook> =>
  db.transaction(async (tx) => {
    const row = only(
      await tx.$queryRaw<Row[]>`
        SELECT c.state, t.source, c.reason, c.owner, c.opened_at AS "openedAt", c.due_at AS "dueAt", c.next_at AS "nextAt", c.reminders,
               c.overdue, c.told, c.noted_at AS "notedAt"
        FROM "case" c JOIN thread t ON t.id = c.thread_id WHERE c.id = ${caseId}::uuid FOR UPDATE OF c`,
      `case ${caseId}`,
    );
    const { source, state } = row;
    if (state === 'resolved') {
      await settleCase(tx, caseId, now);
      return { state, source, until: now, untold: 0, reminders: row.reminders, noted: true, did: null };
    }
    const before =
      row.dueAt && row.nextAt
        ? { dueAt: row.dueAt.getTime(), nextAt: row.nextAt.getTime(), reminders: row.reminders, overdue: row.overdue }
        : firstCaseClock(row.openedAt.getTime(), timing);
    const { due, clock } = tickCase(before, now.getTime(), timing);
    await tx.$executeRaw`
      UPDATE "case" SET due_at = ${new Date(clock.dueAt)}, next_at = ${new Date(clock.nextAt)}, reminders = ${clock.reminders},
        overdue = ${clock.overdue} WHERE id = ${caseId}::uuid`;
    const { owner, reason, openedAt } = row;
    if (due === 'reminded') {
      const detail = { owner, number: clock.reminders };
      await appendCaseEvent(tx, { caseId, kind: 'reminded', actor: BY_WAYBILL, detail }, now);
    } else if (due === 'overdue') {
      const detail = { owner, number: clock.overdue };
      await appendCaseEvent(tx, { caseId, kind: 'overdue', actor: BY_WAYBILL, detail }, now);
      const alarm = { kind: 'case_overdue', source: null, subject: `case/${caseId}`, now } as const;
      // Told anew each time, also where somebody has said that they know: nobody has resolved it since.
      await quenchAlarm(tx, alarm);
      const evidence = {
        caseId,
        of: source,
        reason,
        owner,
        openedAt,
        dueAt: new Date(clock.dueAt),
        times: clock.overdue,
      };
      await raiseAlarm(tx, { ...alarm, evidence });
    }
    const { reminders } = clock;
    const untold = reminders - row.told;
    return { state, source, until: new Date(clock.nextAt), untold, reminders, noted: row.notedAt !== null, did: due };
  });

/** The receiver knows of the reminders so far. */
export async function markTold(db: Sql, caseId: string, reminders: number): Promise<void> {
  await db.$executeRaw`UPDATE "case" SET told = GREATEST(told, ${reminders}) WHERE id = ${caseId}::uuid`;
}
