import type { FindCause, FindVerdict } from '../../domain/audit/finds.js';
import { readTightening } from '../../ledger/audit-results.js';
import { type Audit, readAudit } from '../../ledger/audits.js';
import { only, type Sql } from '../../ledger/database.js';

export interface AuditReport {
  audit: Audit;
  finds: { messageId: string; providerMessageId: string; threadId: string; verdict: FindVerdict; cause: FindCause }[];
  /** By class of threads, the factor of its share of the silence; classes that are not tightened are not named. */
  tightening: Record<string, number>;
}

/** Finds that a report names; the ledger has all of them. */
const NAMED = 200;

/** One audit with what it found; null where there is none of this id. */
export async function reportAudit(db: Sql, id: string): Promise<AuditReport | null> {
  const audit = await readAudit(db, id);
  if (!audit) return null;
  const finds = await db.$queryRaw<AuditReport['finds']>`
    SELECT f.message_id AS "messageId", m.provider_message_id AS "providerMessageId", f.thread_id AS "threadId", f.verdict, f.cause
    FROM audit_find f JOIN message m ON m.id = f.message_id WHERE f.audit_id = ${id}::uuid ORDER BY f.verdict DESC, f.message_id LIMIT ${NAMED}`;
  return { audit, finds, tightening: Object.fromEntries(await readTightening(db, audit.source)) };
}

/** How far the audit of a run has come; null before it has drawn its threads. */
export async function auditProgress(
  db: Sql,
  runId: string,
): Promise<{ id: string; drawn: number; done: number; ended: boolean } | null> {
  const rows = await db.$queryRaw<{ id: string; drawn: number; done: number; ended: boolean }[]>`
    SELECT audit.id, count(t.thread_id)::int AS drawn, count(t.outcome)::int AS done, audit.ended_at IS NOT NULL AS ended
    FROM audit LEFT JOIN audit_thread t ON t.audit_id = audit.id WHERE audit.run_id = ${runId} GROUP BY audit.id`;
  return rows.length === 0 ? null : only(rows, `audit of run ${runId}`);
}
