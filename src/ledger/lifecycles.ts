import type { Conversation, ConversationMessage } from '../domain/conversation.js';
import type { Address, Channel } from '../domain/message.js';
import type { EscalateReason, MessageReason } from '../domain/reasons.js';
import type { Disposition, MessageState, Route, WaitingKind } from '../domain/states.js';
import { openCase } from './cases.js';
import { only, type Sql } from './database.js';
import { appendEvents } from './events.js';
import { isShadowed } from './modes.js';
import { lockThread, type Thread } from './visits.js';

/** A message as a lifecycle holds it. `carry` is its fence: a step of an older carry changes nothing. */
export interface CarriedMessage {
  id: string;
  source: string;
  threadId: string;
  twinGroupId: string;
  providerMessageId: string;
  channel: Channel;
  state: MessageState;
  waitingKind: WaitingKind | null;
  disposition: Disposition | null;
  reason: MessageReason | null;
  route: Route | null;
  hold: 'first_enumeration' | 'origin_implausible' | 'read_late' | null;
  hasBody: boolean;
  carry: number;
  originAt: Date | null;
  firstSeenAt: Date;
  /** The backfill that brought it in. */
  backfillId: string | null;
}

export interface MessageContent {
  version: number;
  from: Address | null;
  subject: string | null;
  text: string | null;
  html: string | null;
  headers: Record<string, string>;
}

export async function readMessage(db: Sql, messageId: string): Promise<CarriedMessage> {
  return only(
    await db.$queryRaw<CarriedMessage[]>`
      SELECT id, source, thread_id AS "threadId", twin_group_id AS "twinGroupId", provider_message_id AS "providerMessageId",
             channel, state, waiting_kind AS "waitingKind", disposition, reason, route, hold, has_body AS "hasBody",
             carry_count AS carry, origin_at AS "originAt", first_seen_at AS "firstSeenAt", backfill_id AS "backfillId"
      FROM message WHERE id = ${messageId}::uuid`,
    `message ${messageId}`,
  );
}

/** The newest version of what was written. */
export async function readContent(db: Sql, messageId: string): Promise<MessageContent> {
  return only(
    await db.$queryRaw<MessageContent[]>`
      SELECT version, from_address AS "from", subject, text, html, headers FROM message_body
      WHERE message_id = ${messageId}::uuid ORDER BY version DESC LIMIT 1`,
    `body of message ${messageId}`,
  );
}

export async function readConversation(db: Sql, thread: Thread): Promise<Conversation> {
  const rows = await db.$queryRaw<
    (Omit<ConversationMessage, 'originAt' | 'firstSeenAt' | 'activityAt'> & {
      originAt: Date | null;
      firstSeenAt: Date;
      activityAt: Date;
    })[]
  >`
    SELECT id, direction, origin_at AS "originAt", first_seen_at AS "firstSeenAt", activity_at AS "activityAt",
           arrival_known AS "arrivalKnown", reading_id AS "readingId", state, waiting_kind AS "waitingKind",
           (disposition = 'outbound' AND reason = 'our_reply') IS TRUE AS "isOurs",
           (disposition = 'answered') IS TRUE AS "isAnswered"
    FROM message WHERE thread_id = ${thread.id}::uuid`;
  const messages = rows.map((row) => ({
    ...row,
    originAt: row.originAt?.getTime() ?? null,
    firstSeenAt: row.firstSeenAt.getTime(),
    activityAt: row.activityAt.getTime(),
  }));
  return { threadCreatedAt: thread.createdAt.getTime(), messages };
}

/**
 * Takes a message up for this run: carry count + 1, or null when it is not open any more. Asked again by the same run it gives
 * the same carry. Source: DESIGN "Workflows", dispatch.
 */
export async function claimMessage(
  tx: Sql,
  messageId: string,
  runId: string,
  now: Date,
): Promise<CarriedMessage | null> {
  const before = await tx.$queryRaw<{ carrierRunId: string | null }[]>`
    SELECT carrier_run_id AS "carrierRunId" FROM message
    WHERE id = ${messageId}::uuid AND state IN ('recorded', 'carried', 'waiting') FOR UPDATE`;
  const row = before[0];
  if (!row) return null;
  await tx.$executeRaw`
    UPDATE message SET state = 'carried', waiting_kind = NULL, waiting_until = NULL, carrier_run_id = ${runId},
           carry_count = carry_count + ${row.carrierRunId === runId ? 0 : 1}::int
    WHERE id = ${messageId}::uuid`;
  const message = await readMessage(tx, messageId);
  if (row.carrierRunId !== runId) {
    await appendEvents(tx, now, [{ messageId, kind: 'carried', carry: message.carry, detail: { runId } }]);
  }
  return message;
}

/** Locks the thread that the message stands in, once it has the lock: a merge can move the message while we wait for it. */
export async function lockThreadOf(tx: Sql, messageId: string): Promise<Thread> {
  for (let { threadId } = await readMessage(tx, messageId); ; ) {
    const thread = await lockThread(tx, threadId);
    ({ threadId } = await readMessage(tx, messageId));
    if (threadId === thread.id) return thread;
  }
}

/** Whether other words came under the message since it was last classified. */
export async function isToldAnew(tx: Sql, messageId: string): Promise<boolean> {
  const [last] = await tx.$queryRaw<{ kind: string }[]>`
    SELECT kind FROM lifecycle_event WHERE message_id = ${messageId}::uuid AND kind IN ('classified', 'edited', 'body_arrived')
    ORDER BY seq DESC LIMIT 1`;
  return last !== undefined && last.kind !== 'classified';
}

/** Locks the thread, then reads the message if this carry still holds it; null when another step ended it meanwhile. */
export async function holdMessage(
  tx: Sql,
  messageId: string,
  carry: number,
): Promise<{ message: CarriedMessage; thread: Thread } | null> {
  const thread = await lockThreadOf(tx, messageId);
  const message = await readMessage(tx, messageId);
  const open = message.state === 'recorded' || message.state === 'carried' || message.state === 'waiting';
  return open && message.carry === carry ? { message, thread } : null;
}

export interface Ending {
  messageId: string;
  carry: number;
  disposition: Disposition;
  reason: MessageReason;
  otherMessageId?: string;
  caseId?: string;
  evidence?: string;
  now: Date;
}

/** Ends an open message and gives its turn back; false where it was not open under this carry. */
export async function endMessage(tx: Sql, ending: Ending): Promise<boolean> {
  const ended = await tx.$executeRaw`
    UPDATE message SET state = 'ended', disposition = ${ending.disposition}, reason = ${ending.reason}, ended_at = ${ending.now},
           other_message_id = ${ending.otherMessageId ?? null}::uuid, case_id = ${ending.caseId ?? null}::uuid,
           waiting_kind = NULL, waiting_until = NULL
    WHERE id = ${ending.messageId}::uuid AND carry_count = ${ending.carry} AND state IN ('recorded', 'carried', 'waiting')`;
  if (ended === 0) return false;
  await tx.$executeRaw`DELETE FROM thread_turn WHERE message_id = ${ending.messageId}::uuid`;
  await withdrawUnsent(tx, ending);
  const { disposition, reason, otherMessageId, caseId, evidence } = ending;
  const detail = {
    disposition,
    reason,
    ...(otherMessageId ? { other: otherMessageId } : {}),
    ...(caseId ? { caseId } : {}),
    ...(evidence ? { evidence } : {}),
  };
  await appendEvents(tx, ending.now, [{ messageId: ending.messageId, kind: 'ended', carry: ending.carry, detail }]);
  return true;
}

/** A reply that has not left is not wanted any more once its message has an ending. */
async function withdrawUnsent(tx: Sql, { messageId, carry, reason, now }: Ending): Promise<void> {
  const withdrawn = await tx.$queryRaw<unknown[]>`
    WITH withdrawn AS (
      UPDATE outbox SET state = 'withdrawn', fence = fence + 1
      WHERE message_id = ${messageId}::uuid
        AND (state IN ('pending', 'looking') OR (state = 'drafted' AND ${reason} <> 'shadowed'))
      RETURNING message_id),
    closed AS (
      UPDATE approval SET verdict = 'withdrawn', settled_at = ${now}
      WHERE message_id IN (SELECT message_id FROM withdrawn) AND settled_at IS NULL)
    SELECT 1 FROM withdrawn`;
  if (withdrawn.length === 0) return;
  await appendEvents(tx, now, [{ messageId, kind: 'reply_withdrawn', carry, detail: { because: reason } }]);
}

/**
 * Ends a message as a person's case. In `shadow` people work on everything anyway: it ends without a case, and what would have been
 * is written down; what was decided under another mode, or may have left, is a case all the same. The caller holds the thread's lock.
 */
export async function escalateMessage(
  tx: Sql,
  message: CarriedMessage,
  reason: EscalateReason,
  now: Date,
  evidence?: string,
): Promise<boolean> {
  if (await isShadowed(tx, message)) {
    const { id: messageId, carry } = message;
    const would = `would be given to a person: ${reason}${evidence ? ` (${evidence})` : ''}`;
    return endMessage(tx, { messageId, carry, disposition: 'ignored', reason: 'shadowed', evidence: would, now });
  }
  const caseId = await openCase(tx, message.threadId, message.id, reason, now);
  return endMessage(tx, {
    messageId: message.id,
    carry: message.carry,
    disposition: 'escalated',
    reason,
    caseId,
    now,
    ...(evidence ? { evidence } : {}),
  });
}

/**
 * Sets an open message aside: a step of it cannot be taken. Its turn goes to the next message of the thread; a reply that may
 * be on its way keeps its state and is never sent again by itself.
 */
export async function parkMessage(tx: Sql, message: CarriedMessage, step: string, now: Date): Promise<void> {
  const parked = await tx.$executeRaw`
    UPDATE message SET state = 'parked', reason = 'decision_failed', waiting_kind = NULL, waiting_until = NULL
    WHERE id = ${message.id}::uuid AND state IN ('recorded', 'carried', 'waiting')`;
  if (parked === 0) return;
  await tx.$executeRaw`DELETE FROM thread_turn WHERE message_id = ${message.id}::uuid`;
  await appendEvents(tx, now, [
    { messageId: message.id, kind: 'parked', carry: message.carry, detail: { reason: 'decision_failed', step } },
  ]);
}

export async function waitMessage(
  tx: Sql,
  message: CarriedMessage,
  kind: WaitingKind,
  until: Date,
  now: Date,
): Promise<void> {
  await tx.$executeRaw`
    UPDATE message SET state = 'waiting', waiting_kind = ${kind}, waiting_until = ${until}
    WHERE id = ${message.id}::uuid AND carry_count = ${message.carry} AND state IN ('carried', 'waiting')`;
  if (message.waitingKind === kind) return;
  await appendEvents(tx, now, [
    { messageId: message.id, kind: 'waiting', carry: message.carry, detail: { for: kind, until: until.toISOString() } },
  ]);
}

/** A wait is over and its lifecycle goes on with it. */
export const continueMessage = (tx: Sql, { id, carry }: Pick<CarriedMessage, 'id' | 'carry'>) =>
  tx.$executeRaw`
    UPDATE message SET state = 'carried', waiting_kind = NULL, waiting_until = NULL
    WHERE id = ${id}::uuid AND carry_count = ${carry} AND state = 'waiting'`;

export async function setRoute(tx: Sql, message: CarriedMessage, route: Route): Promise<void> {
  await tx.$executeRaw`UPDATE message SET route = ${route} WHERE id = ${message.id}::uuid AND carry_count = ${message.carry}`;
}

/** Whether it is this message's turn to decide and act in its thread: free, its own already, or of a holder that has ended. */
export async function takeTurn(tx: Sql, message: CarriedMessage, now: Date): Promise<boolean> {
  const rows = await tx.$queryRaw<{ taken: boolean }[]>`
    INSERT INTO thread_turn (thread_id, message_id, taken_at) VALUES (${message.threadId}::uuid, ${message.id}::uuid, ${now})
    ON CONFLICT (thread_id) DO UPDATE SET message_id = excluded.message_id, taken_at = excluded.taken_at
      WHERE thread_turn.message_id = excluded.message_id
         OR EXISTS (SELECT 1 FROM message WHERE id = thread_turn.message_id AND state IN ('ended', 'parked'))
    RETURNING true AS taken`;
  return rows.length > 0;
}

export async function releaseTurn(tx: Sql, messageId: string): Promise<void> {
  await tx.$executeRaw`DELETE FROM thread_turn WHERE message_id = ${messageId}::uuid`;
}

export interface Dispatchable {
  id: string;
  source: string;
}

/**
 * Open messages that no lifecycle was started for, or whose lifecycle was offered long ago: starting it again is harmless where
 * it runs and heals where it was lost. Marked as offered in the same statement.
 */
export async function takeDispatchable(
  db: Sql,
  limits: { now: Date; recordedBefore: Date; carriedBefore: Date; waitingBefore: Date; limit: number },
): Promise<Dispatchable[]> {
  return db.$queryRaw<Dispatchable[]>`
    UPDATE message SET dispatched_at = ${limits.now}
    WHERE id IN (
      SELECT id FROM message
      WHERE state IN ('recorded', 'carried', 'waiting')
        AND (dispatched_at IS NULL
          OR (state = 'recorded' AND dispatched_at < ${limits.recordedBefore})
          OR (state = 'carried' AND dispatched_at < ${limits.carriedBefore})
          OR (state = 'waiting' AND dispatched_at < ${limits.waitingBefore}))
      ORDER BY dispatched_at NULLS FIRST, first_seen_at LIMIT ${limits.limit}
      FOR UPDATE SKIP LOCKED)
    RETURNING id, source`;
}
