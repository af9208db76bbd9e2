import { BY_REPLY, BY_WAYBILL, type CaseEventKind, type CaseResolution } from '../domain/cases.js';
import { orderAt } from '../domain/conversation.js';
import type { EscalateReason } from '../domain/reasons.js';
import { quenchAlarm } from './alarms.js';
import { only, type Sql } from './database.js';
import type { NewMessage } from './new-messages.js';

/** The open case of a thread, or null. */
export async function openCaseOf(tx: Sql, threadId: string): Promise<string | null> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM "case" WHERE thread_id = ${threadId}::uuid AND state = 'open'`;
  return rows[0]?.id ?? null;
}

export interface CaseEvent {
  caseId: string;
  kind: CaseEventKind;
  /** Name of a token or a person, or BY_WAYBILL. */
  actor: string;
  /** Ids, counts and names; never content. */
  detail: Record<string, unknown>;
}

/** Appends a fact in the transaction that makes it one. */
export async function appendCaseEvent(tx: Sql, { caseId, kind, actor, detail }: CaseEvent, now: Date): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO case_event (case_id, at, kind, actor, detail)
    VALUES (${caseId}::uuid, ${now}, ${kind}, ${actor}, ${JSON.stringify(detail)}::jsonb)`;
}

/** Opens a case for the thread, or joins the one that is open. The caller holds the thread's lock. */
export async function openCase(
  tx: Sql,
  threadId: string,
  messageId: string,
  reason: EscalateReason,
  now: Date,
): Promise<string> {
  const detail = { reason, messageId };
  const open = await openCaseOf(tx, threadId);
  if (open) {
    await appendCaseEvent(tx, { caseId: open, kind: 'joined', actor: BY_WAYBILL, detail }, now);
    return open;
  }
  const rows = await tx.$queryRaw<{ id: string }[]>`
    INSERT INTO "case" (thread_id, message_id, reason, state, opened_at)
    VALUES (${threadId}::uuid, ${messageId}::uuid, ${reason}, 'open', ${now}) RETURNING id`;
  const { id: caseId } = only(rows, 'new case');
  await appendCaseEvent(tx, { caseId, kind: 'opened', actor: BY_WAYBILL, detail }, now);
  return caseId;
}

export interface Resolving {
  caseId: string;
  how: CaseResolution;
  by: string;
  now: Date;
  /** When it was really over, where that is known better than by our clock. */
  at?: Date;
  /** The reply that ended it. */
  replyId?: string;
  /** The case that goes on instead. */
  into?: string;
  note?: string;
}

/** Ends an open case and stamps the time that it took; false where it is not open. */
export async function resolveCase(tx: Sql, resolving: Resolving): Promise<boolean> {
  const { caseId, how, by, now, at = now, replyId = null, into = null, note } = resolving;
  const rows = await tx.$queryRaw<{ tookMs: bigint }[]>`
    UPDATE "case" SET state = 'resolved', resolved_at = ${now}, resolution = ${how}, resolved_by = ${by}, reply_id = ${replyId}::uuid,
      joined_into = ${into}::uuid,
      took_ms = GREATEST(0, EXTRACT(EPOCH FROM LEAST(${at}::timestamptz, ${now}::timestamptz) - opened_at) * 1000)::bigint
    WHERE id = ${caseId}::uuid AND state = 'open' RETURNING took_ms AS "tookMs"`;
  const row = rows[0];
  if (!row) return false;
  const detail = {
    how,
    tookMs: Number(row.tookMs),
    ...(replyId ? { replyId } : {}),
    ...(into ? { into } : {}),
    ...(note ? { note } : {}),
  };
  await appendCaseEvent(tx, { caseId, kind: 'resolved', actor: by, detail }, now);
  await quenchAlarm(tx, { kind: 'case_overdue', source: null, subject: `case/${caseId}`, now });
  return true;
}

type Reply = Pick<NewMessage, 'id' | 'message' | 'admission'>;

/**
 * A person has answered in a thread that has an open case: the case is resolved in the transaction that records the reply. Only by
 * a reply that follows everything the case is about; an older one, seen late, answers nothing of it.
 */
export async function resolveByReply(
  tx: Sql,
  thread: { id: string; createdAt: Date },
  messages: readonly Reply[],
  now: Date,
): Promise<void> {
  const byPeople = messages.filter(
    ({ admission }) => admission.end === 'outbound' && admission.reason === 'person_reply',
  );
  if (byPeople.length === 0) return;
  const caseId = await openCaseOf(tx, thread.id);
  if (caseId === null) return;
  const asked = await tx.$queryRaw<{ originAt: Date | null; firstSeenAt: Date }[]>`
    SELECT origin_at AS "originAt", first_seen_at AS "firstSeenAt" FROM message
    WHERE case_id = ${caseId}::uuid OR id = (SELECT message_id FROM "case" WHERE id = ${caseId}::uuid)`;
  const placeOf = (originAt: number | null, firstSeenAt: number) =>
    orderAt({ originAt, firstSeenAt }, thread.createdAt.getTime());
  const last = Math.max(...asked.map((one) => placeOf(one.originAt?.getTime() ?? null, one.firstSeenAt.getTime())));
  const [first] = byPeople
    .map(({ id, message }) => ({
      id,
      at: placeOf(message.originAt ? Date.parse(message.originAt) : null, now.getTime()),
    }))
    .filter(({ at }) => at >= last)
    .sort((a, b) => a.at - b.at);
  if (first)
    await resolveCase(tx, { caseId, how: 'replied', by: BY_REPLY, at: new Date(first.at), replyId: first.id, now });
}
