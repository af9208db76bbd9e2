import type { Conversation, ConversationMessage } from '../domain/conversation.js';
import type { Address, Channel } from '../domain/message.js';
import type { EscalateReason, MessageReason } from '../domain/reasons.js';
import type { Disposition, MessageState, Route, WaitingKind } from '../domain/states.js';
import { openCase } from './cases.js';
import { only, type Sql } from './database.js';
import { appendEvents } from './events.js';
import { isShadowed } from './modes.js';
import type { Thread } from './visits.js';

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

interface Told {
  message: Pick<CarriedMessage, 'id' | 'channel' | 'route'>;
  content: MessageContent;
}

/** The newest version of what was written, with the way that it came. */
export async function readTold(db: Sql, messageId: string): Promise<Told> {
  const { channel, route, ...content } = only(
    await db.$queryRaw<(MessageContent & Pick<CarriedMessage, 'channel' | 'route'>)[]>`
      SELECT channel, route, version, from_address AS "from", subject, text, html, headers
      FROM message JOIN message_body ON message_id = id WHERE id = ${messageId}::uuid ORDER BY version DESC LIMIT 1`,
    `body of message ${messageId}`,
  );
  return { message: { id: messageId, channel, route }, content };
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

/** Whether other words came under the message since it was last classified. */
export async function isToldAnew(tx: Sql, messageId: string): Promise<boolean> {
  const [last] = await tx.$queryRaw<{ kind: string }[]>`
    SELECT kind FROM lifecycle_event WHERE message_id = ${messageId}::uuid AND kind IN ('classified', 'edited', 'body_arrived')
    ORDER BY seq DESC LIMIT 1`;
  return last !== undefined && last.kind !== 'classified';
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

/**
 * Ends an open message, gives its turn back, and withdraws a reply that has not left: it is not wanted any more, nor is what a person
 * was asked about it. False where the message was not open under this carry.
 */
export async function endMessage(tx: Sql, ending: Ending): Promise<boolean> {
  const { messageId, carry, disposition, reason, otherMessageId, caseId, evidence, now } = ending;
  const detail = {
    disposition,
    reason,
    ...(otherMessageId ? { other: otherMessageId } : {}),
    ...(caseId ? { caseId } : {}),
    ...(evidence ? { evidence } : {}),
  };
  const events = await tx.$executeRaw`
    WITH ended AS (
      UPDATE message SET state = 'ended', disposition = ${disposition}, reason = ${reason}, ended_at = ${now},
             other_message_id = ${otherMessageId ?? null}::uuid, case_id = ${caseId ?? null}::uuid,
             waiting_kind = NULL, waiting_until = NULL
      WHERE id = ${messageId}::uuid AND carry_count = ${carry} AND state IN ('recorded', 'carried', 'waiting')
      RETURNING id, carry_count AS carry),
    turn AS (DELETE FROM thread_turn USING ended WHERE message_id = ended.id),
    withdrawn AS (
      UPDATE outbox SET state = 'withdrawn', fence = fence + 1 FROM ended
      WHERE message_id = ended.id
        AND (outbox.state IN ('pending', 'looking') OR (outbox.state = 'drafted' AND ${reason}::text <> 'shadowed'))
      RETURNING ended.id, ended.carry),
    closed AS (
      UPDATE approval SET verdict = 'withdrawn', settled_at = ${now} FROM ended
      WHERE message_id = ended.id AND settled_at IS NULL)
    INSERT INTO lifecycle_event (at, message_id, kind, carry, detail)
    SELECT ${now}::timestamptz, id, kind, carry, detail FROM (
      SELECT 1, id, carry, 'reply_withdrawn', jsonb_build_object('because', ${reason}::text) FROM withdrawn
      UNION ALL SELECT 2, id, carry, 'ended', ${JSON.stringify(detail)}::jsonb FROM ended
    ) AS event (position, id, carry, kind, detail)
    ORDER BY position`;
  return events > 0;
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

/** Sets the route that triage found, and says by what. */
export async function setRoute(
  tx: Sql,
  { id, carry }: Pick<CarriedMessage, 'id' | 'carry'>,
  { route, evidence, now }: { route: Route; evidence: string; now: Date },
): Promise<void> {
  await tx.$executeRaw`
    WITH routed AS (
      UPDATE message SET route = ${route} WHERE id = ${id}::uuid AND carry_count = ${carry} RETURNING id, carry_count)
    INSERT INTO lifecycle_event (at, message_id, kind, carry, detail)
    SELECT ${now}::timestamptz, id, 'triaged', carry_count, ${JSON.stringify({ route, evidence })}::jsonb FROM routed`;
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
