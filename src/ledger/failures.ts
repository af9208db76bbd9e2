import { type Sql, storableText } from './database.js';

export interface FailureRow {
  at: Date;
  type: string;
  code: string | null;
  callId: string | null;
  messageId: string | null;
  activity: string;
  workflowId: string | null;
  attempt: number;
  /** Message, cause and stack, cut to 16 KiB; may quote a customer, so it never leaves the ledger. */
  detail: string;
}

export async function recordFailure(db: Sql, failure: FailureRow): Promise<string> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    INSERT INTO failure (at, type, code, call_id, message_id, activity, workflow_id, attempt, detail)
    VALUES (${failure.at}, ${failure.type}, ${failure.code}, ${failure.callId}::uuid, ${failure.messageId}::uuid,
            ${failure.activity}, ${failure.workflowId}, ${failure.attempt}, ${storableText(failure.detail.slice(0, 16_384))})
    RETURNING id`;
  return rows[0]?.id ?? '';
}
