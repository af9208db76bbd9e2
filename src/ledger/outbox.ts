import { createHash } from 'node:crypto';
import { replyIdempotencyKey, replyRef } from '../domain/identity.js';
import type { IncomingMessage } from '../domain/message.js';
import type { RepliesOfADay } from '../domain/reply-guards.js';
import type { OutboxState } from '../domain/states.js';
import { only, type Sql } from './database.js';
import { appendEvents, type LifecycleEvent } from './events.js';
import { type CarriedMessage, readContent } from './lifecycles.js';
import { submissionOf } from './same-submission.js';

export interface OutboxRow {
  id: string;
  messageId: string;
  threadId: string;
  source: string;
  clientRef: string;
  idempotencyKey: string;
  template: string;
  text: string;
  state: OutboxState;
  fence: number;
  /** When the request that sends it was last begun. */
  postingAt: Date | null;
  correspondentHash: string | null;
  /** How often it was sent again after a doubt, under the same Idempotency-Key. */
  resends: number;
  /** The playbook that chose it. */
  playbook: string | null;
}

/** The one who answers for a twin group in this way; false where another message of the group has the claim. */
export async function claimAnswer(
  tx: Sql,
  message: CarriedMessage,
  now: Date,
  kind: 'reply' | 'callback' | 'hand_off' = 'reply',
): Promise<boolean> {
  // Its own claim is taken again with the same row, so that one statement says whose it is.
  const claimed = await tx.$executeRaw`
    INSERT INTO answer_claim AS held (twin_group_id, kind, message_id, claimed_at)
    VALUES (${message.twinGroupId}::uuid, ${kind}, ${message.id}::uuid, ${now})
    ON CONFLICT (twin_group_id, kind) DO UPDATE SET message_id = excluded.message_id WHERE held.message_id = excluded.message_id`;
  return claimed > 0;
}

interface WrittenReply {
  template: string;
  text: string;
  /** `drafted` leaves only once it is `pending`; then that it is prepared stands in the events. */
  state: 'drafted' | 'pending';
  /** As `correspondentOf` says. */
  correspondent: string | null;
  now: Date;
}

/**
 * Writes the reply once; its keys derive from the message, so that every run finds the same row. What may have left stays as it is.
 * What has not gives way to a draft and to other words, as those that a person approved; an attempt that has looked with the words of
 * before finds another fence.
 */
export async function writeReply(
  tx: Sql,
  message: CarriedMessage,
  { template, text, state, correspondent, now }: WrittenReply,
): Promise<void> {
  await tx.$executeRaw`
    WITH written AS (
      INSERT INTO outbox (message_id, thread_id, source, kind, client_ref, idempotency_key, template, text, state, prepared_at,
                          correspondent_hash)
      VALUES (${message.id}::uuid, ${message.threadId}::uuid, ${message.source}, 'reply', ${replyRef(message.id)},
              ${replyIdempotencyKey(message.id)}, ${template}, ${text}, ${state}, ${now}, ${correspondent})
      ON CONFLICT (message_id, kind) DO UPDATE SET state = excluded.state, template = excluded.template, text = excluded.text,
        thread_id = excluded.thread_id, correspondent_hash = excluded.correspondent_hash, fence = outbox.fence + 1
        WHERE outbox.state IN ('withdrawn', 'drafted')
           OR (outbox.state IN ('pending', 'looking') AND (excluded.state = 'drafted' OR outbox.text <> excluded.text))
      RETURNING message_id, state)
    INSERT INTO lifecycle_event (at, message_id, kind, carry, detail)
    SELECT ${now}::timestamptz, message_id, 'reply_prepared', ${message.carry}::int, jsonb_build_object('template', ${template}::text)
    FROM written WHERE state = 'pending'`;
}

/**
 * Its sender as a hash, alike however the address is written; null where it has no address. Of a form that came by mail the sender is
 * who filled it in: its mailer is that of every customer.
 */
export async function correspondentOf(tx: Sql, messageId: string): Promise<string | null> {
  const submission = await submissionOf(tx, messageId);
  if (submission?.way === 'mail') {
    const { email, phone } = submission.fields;
    return hashOf(email === null ? { kind: 'phone', value: phone ?? '' } : { kind: 'email', value: email });
  }
  const { from } = await readContent(tx, messageId);
  return from === null || from.kind === 'unreadable' ? null : hashOf(from);
}

const hashOf = ({ kind, value }: { kind: string; value: string }): string =>
  createHash('sha256').update(`${kind}:${value.trim().toLowerCase()}`).digest('hex');

/** Automatic replies that left since then, or may have, for the message's thread and its correspondent. */
export async function repliesSince(
  tx: Sql,
  message: Pick<CarriedMessage, 'id' | 'threadId'>,
  correspondent: string | null,
  since: Date,
): Promise<RepliesOfADay> {
  const [counted] = await tx.$queryRaw<RepliesOfADay[]>`
    SELECT
      (SELECT count(*)::int FROM outbox WHERE thread_id = ${message.threadId}::uuid AND posting_at > ${since}
         AND state IN ('posting', 'doubtful', 'accepted', 'unconfirmed') AND message_id <> ${message.id}::uuid) AS "inThread",
      (SELECT count(*)::int FROM outbox WHERE correspondent_hash = ${correspondent} AND posting_at > ${since}
         AND state IN ('posting', 'doubtful', 'accepted', 'unconfirmed') AND message_id <> ${message.id}::uuid) AS "toCorrespondent"`;
  return only(
    [counted].flatMap((row) => row ?? []),
    'replies of a day',
  );
}

/** One at a time for each correspondent until the transaction ends, so that two threads cannot pass a limit together. */
export const lockCorrespondent = (tx: Sql, hash: string) =>
  tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${hash}, 0))`;

export async function readReply(db: Sql, messageId: string): Promise<OutboxRow | null> {
  const rows = await db.$queryRaw<OutboxRow[]>`
    SELECT id, outbox.message_id AS "messageId", thread_id AS "threadId", source, client_ref AS "clientRef",
           idempotency_key AS "idempotencyKey", template, text, state, fence,
           posting_at AS "postingAt", correspondent_hash AS "correspondentHash", resends, playbook
    FROM outbox LEFT JOIN decision ON decision.message_id = outbox.message_id
    WHERE outbox.message_id = ${messageId}::uuid AND kind = 'reply'`;
  return rows[0] ?? null;
}

/** Whether a reply to the message may be on its way, or may have been executed without anybody knowing. */
export async function isInDoubt(db: Sql, messageId: string): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>`
    SELECT 1 FROM outbox WHERE message_id = ${messageId}::uuid AND state IN ('posting', 'doubtful')`;
  return rows.length > 0;
}

export interface ReplyMove {
  from: readonly OutboxState[];
  to: OutboxState;
  /** The fence that the caller holds; null where the fact counts whoever learnt it. */
  fence: number | null;
  now: Date;
  /** What is written into the events with it, if it moves. */
  events?: readonly LifecycleEvent[];
}

/** Compare-and-set of a reply's state; returns the new fence, or null where another attempt was first. */
export async function moveReply(
  tx: Sql,
  replyId: string,
  { from, to, fence, now, events = [] }: ReplyMove,
): Promise<number | null> {
  const rows = await tx.$queryRaw<{ fence: number }[]>`
    WITH moved AS (
      UPDATE outbox SET state = ${to}, fence = fence + 1,
        resends = resends + CASE WHEN ${to} = 'posting' AND state = 'doubtful' THEN 1 ELSE 0 END,
        posting_at = CASE WHEN ${to} = 'posting' THEN ${now}::timestamptz ELSE posting_at END,
        accepted_at = CASE WHEN ${to} = 'accepted' THEN ${now}::timestamptz ELSE accepted_at END
      WHERE id = ${replyId}::uuid AND state = ANY (${[...from]}::text[]) AND (${fence}::int IS NULL OR fence = ${fence}::int)
      RETURNING fence),
    noted AS (
      INSERT INTO lifecycle_event (at, message_id, kind, carry, detail)
      SELECT ${now}::timestamptz, message_id, kind, carry, detail
      FROM moved, unnest(${events.map((e) => e.messageId)}::uuid[], ${events.map((e) => e.kind)}::text[],
                         ${events.map((e) => e.carry)}::int[], ${events.map((e) => JSON.stringify(e.detail))}::jsonb[])
                    WITH ORDINALITY AS event (message_id, kind, carry, detail, position)
      ORDER BY position)
    SELECT fence FROM moved`;
  return rows[0]?.fence ?? null;
}

/** Replies of ours that a page shows: the provider executed them, whatever we were told at the time. */
export async function confirmReplies(tx: Sql, messages: readonly IncomingMessage[], now: Date): Promise<void> {
  const shown = messages.filter((message) => message.direction === 'outbound' && message.clientRef !== null);
  if (shown.length === 0) return;
  const confirmed = await tx.$queryRaw<{ messageId: string; providerMessageId: string; carry: number }[]>`
    UPDATE outbox SET confirmed_at = ${now}, provider_message_id = COALESCE(outbox.provider_message_id, row.provider_id)
    FROM unnest(${shown.map((m) => m.clientRef)}::text[], ${shown.map((m) => m.providerMessageId)}::text[]) AS row (ref, provider_id),
         message
    WHERE outbox.client_ref = row.ref AND outbox.confirmed_at IS NULL AND message.id = outbox.message_id
    RETURNING outbox.message_id AS "messageId", row.provider_id AS "providerMessageId", message.carry_count AS carry`;
  await appendEvents(
    tx,
    now,
    confirmed.map(({ messageId, carry }) => ({ messageId, kind: 'reply_confirmed', carry, detail: {} })),
  );
}
