import { BY_WAYBILL } from '../domain/cases.js';
import type { Clock } from '../domain/clock.js';
import { ESCALATE_REASONS, type EscalateReason } from '../domain/reasons.js';
import type { Timing } from '../domain/timing.js';
import { finishCall, type OpenCall, openCall } from '../ledger/calls.js';
import { appendCaseEvent } from '../ledger/cases.js';
import type { Database } from '../ledger/database.js';
import { isStopped, modeOf } from '../ledger/modes.js';
import type { Courtesy } from '../sources/courtesy.js';
import { makeRecorded } from '../sources/provider-call.js';
import { ProviderFailure, type SourceClient } from '../sources/source.js';

interface NoteDeps {
  db: Database;
  clock: Clock;
  timing: Timing;
  courtesy?: Courtesy;
  clientOf(source: string): SourceClient;
}

interface Noting {
  caseId: string;
  source: string;
  attempt: number;
}

/** Failures after which the request was certainly not executed. */
const NOT_EXECUTED = new Set(['SourceBlocked', 'SourceRateLimited']);

/**
 * Writes an internal note of a case into its thread at the provider, at most once: after doubt none is written again, because two
 * notes help nobody. Nothing is written where the mode lets nothing leave, or while sending is stopped.
 */
export async function writeCaseNote(deps: NoteDeps, { caseId, source, attempt }: Noting): Promise<{ noted: boolean }> {
  const { db, clock } = deps;
  const begun = await begin(db, { caseId, source, attempt, now: clock.now() });
  if (!begun) return { noted: false };
  const { call, providerThreadId, text } = begun;
  try {
    const { status } = await makeRecorded(deps, source, call, (client) => client.addNote({ providerThreadId, text }));
    const now = clock.now();
    await db.transaction(async (tx) => {
      const counts = { rows: 0, known: 0, stored: 0, parked: 0, rejected: 0 };
      await finishCall(tx, call, { ...counts, status, ids: [], nextCursor: null, unknownFields: {} }, now);
      await appendCaseEvent(tx, { caseId, kind: 'noted', actor: BY_WAYBILL, detail: { callId: call.id } }, now);
    });
    return { noted: true };
  } catch (error) {
    if (error instanceof ProviderFailure && NOT_EXECUTED.has(error.type)) {
      await db.$executeRaw`UPDATE "case" SET noted_at = NULL WHERE id = ${caseId}::uuid`;
      throw error;
    }
    if (error instanceof ProviderFailure) return { noted: false };
    throw error;
  }
}

async function begin(
  db: Database,
  { caseId, source, attempt, now }: Noting & { now: Date },
): Promise<{ call: OpenCall; providerThreadId: string; text: string } | null> {
  return db.transaction(async (tx) => {
    const scope = { source, route: null, playbook: null };
    const mode = await modeOf(tx, scope);
    if ((mode !== 'live' && mode !== 'approve') || (await isStopped(tx, scope))) return null;
    const rows = await tx.$queryRaw<
      { reason: EscalateReason; threadId: string; messageId: string; providerThreadId: string }[]
    >`
      UPDATE "case" SET noted_at = ${now} FROM thread t
      WHERE "case".id = ${caseId}::uuid AND t.id = "case".thread_id AND "case".state = 'open' AND noted_at IS NULL AND t.gone_at IS NULL
      RETURNING reason, thread_id AS "threadId", message_id AS "messageId", provider_thread_id AS "providerThreadId"`;
    const row = rows[0];
    if (!row) return null;
    const { reason, threadId, messageId, providerThreadId } = row;
    const call = await openCall(tx, {
      source,
      operation: 'addNote',
      parameters: { thread: providerThreadId, case: caseId },
      threadId,
      messageId,
      readingId: null,
      page: 0,
      attempt,
      now,
    });
    return {
      call,
      providerThreadId,
      text: `Waybill gave this to a person: ${ESCALATE_REASONS[reason]} (case ${caseId}).`,
    };
  });
}
