import type { ModelAnswer } from '../domain/understanding.js';
import { finishCall, NO_ROWS, type OpenCall } from './calls.js';
import type { Sql } from './database.js';

export interface AnsweredVersion {
  messageId: string;
  bodyVersion: number;
  classifier: string;
}

/** What the model said of this version of a message; null where it was not asked. */
export async function readModelAnswer(db: Sql, of: AnsweredVersion): Promise<ModelAnswer | null> {
  const rows = await db.$queryRaw<ModelAnswer[]>`
    SELECT label, reason, classifier FROM model_answer
    WHERE message_id = ${of.messageId}::uuid AND body_version = ${of.bodyVersion} AND classifier = ${of.classifier}`;
  return rows[0] ?? null;
}

/** Writes down what the model said, and what it cost, in one transaction; a slower twin of the attempt changes nothing. */
export async function recordModelAnswer(
  tx: Sql,
  { messageId, bodyVersion }: Omit<AnsweredVersion, 'classifier'>,
  answer: ModelAnswer,
  { call, status, now }: { call: OpenCall; status: number; now: Date },
): Promise<void> {
  await finishCall(tx, call, { ...NO_ROWS, status }, now);
  await noteModelAnswer(tx, { messageId, bodyVersion }, answer, { callId: call.id, now });
}

/** The same for a call whose row was closed as a failure that no other attempt mends. */
export async function noteModelAnswer(
  tx: Sql,
  { messageId, bodyVersion }: Omit<AnsweredVersion, 'classifier'>,
  { label, reason, classifier }: ModelAnswer,
  { callId, now }: { callId: string; now: Date },
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO model_answer (message_id, body_version, classifier, label, reason, call_id, answered_at)
    VALUES (${messageId}::uuid, ${bodyVersion}, ${classifier}, ${label}, ${reason}, ${callId}::uuid, ${now})
    ON CONFLICT (message_id, body_version, classifier) DO NOTHING`;
}
