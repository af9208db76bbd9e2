import type { EscalateReason } from '../domain/reasons.js';
import { only, type Sql } from './database.js';

/** The open case of a thread, or null. */
export async function openCaseOf(tx: Sql, threadId: string): Promise<string | null> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM "case" WHERE thread_id = ${threadId}::uuid AND state = 'open'`;
  return rows[0]?.id ?? null;
}

/** Opens a case for the thread, or joins the one that is open. The caller holds the thread's lock. */
export async function openCase(
  tx: Sql,
  threadId: string,
  messageId: string,
  reason: EscalateReason,
  now: Date,
): Promise<string> {
  const open = await openCaseOf(tx, threadId);
  if (open) return open;
  const rows = await tx.$queryRaw<{ id: string }[]>`
    INSERT INTO "case" (thread_id, message_id, reason, state, opened_at)
    VALUES (${threadId}::uuid, ${messageId}::uuid, ${reason}, 'open', ${now}) RETURNING id`;
  return only(rows, 'new case').id;
}
