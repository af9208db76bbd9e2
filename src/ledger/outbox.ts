import { replyIdempotencyKey, replyRef } from '../domain/identity.js';
import type { IncomingMessage } from '../domain/message.js';
import type { OutboxState } from '../domain/states.js';
import type { Sql } from './database.js';
import { appendEvents } from './events.js';
import type { CarriedMessage } from './lifecycles.js';

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
}

/** The one who answers for a twin group; false where another message of the group has the claim. */
export async function claimAnswer(
  tx: Sql,
  message: CarriedMessage,
  now: Date,
  kind: 'reply' | 'callback' | 'hand_off' = 'reply',
): Promise<boolean> {
  await tx.$executeRaw`
    INSERT INTO answer_claim (twin_group_id, kind, message_id, claimed_at)
    VALUES (${message.twinGroupId}::uuid, ${kind}, ${message.id}::uuid, ${now}) ON CONFLICT DO NOTHING`;
  const [claim] = await tx.$queryRaw<{ messageId: string }[]>`
    SELECT message_id AS "messageId" FROM answer_claim WHERE twin_group_id = ${message.twinGroupId}::uuid AND kind = ${kind}`;
  return claim?.messageId === message.id;
}

/** Writes the reply once; its keys derive from the message, so that every run finds the same row. */
export async function prepareReply(
  tx: Sql,
  message: CarriedMessage,
  template: string,
  text: string,
  now: Date,
): Promise<void> {
  const written = await tx.$executeRaw`
    INSERT INTO outbox (message_id, thread_id, source, kind, client_ref, idempotency_key, template, text, state, prepared_at)
    VALUES (${message.id}::uuid, ${message.threadId}::uuid, ${message.source}, 'reply', ${replyRef(message.id)},
            ${replyIdempotencyKey(message.id)}, ${template}, ${text}, 'pending', ${now})
    ON CONFLICT (message_id, kind) DO UPDATE SET state = 'pending', template = excluded.template, text = excluded.text,
      thread_id = excluded.thread_id WHERE outbox.state = 'withdrawn'`;
  if (written > 0) {
    await appendEvents(tx, now, [
      { messageId: message.id, kind: 'reply_prepared', carry: message.carry, detail: { template } },
    ]);
  }
}

export async function readReply(db: Sql, messageId: string): Promise<OutboxRow | null> {
  const rows = await db.$queryRaw<OutboxRow[]>`
    SELECT id, message_id AS "messageId", thread_id AS "threadId", source, client_ref AS "clientRef",
           idempotency_key AS "idempotencyKey", template, text, state, fence,
           posting_at AS "postingAt"
    FROM outbox WHERE message_id = ${messageId}::uuid AND kind = 'reply'`;
  return rows[0] ?? null;
}

export interface ReplyMove {
  from: readonly OutboxState[];
  to: OutboxState;
  /** The fence that the caller holds; null where the fact counts whoever learnt it. */
  fence: number | null;
  now: Date;
}

/** Compare-and-set of a reply's state; returns the new fence, or null where another attempt was first. */
export async function moveReply(tx: Sql, replyId: string, { from, to, fence, now }: ReplyMove): Promise<number | null> {
  const rows = await tx.$queryRaw<{ fence: number }[]>`
    UPDATE outbox SET state = ${to}, fence = fence + 1,
      posting_at = CASE WHEN ${to} = 'posting' THEN ${now}::timestamptz ELSE posting_at END,
      accepted_at = CASE WHEN ${to} = 'accepted' THEN ${now}::timestamptz ELSE accepted_at END
    WHERE id = ${replyId}::uuid AND state = ANY (${[...from]}::text[]) AND (${fence}::int IS NULL OR fence = ${fence}::int)
    RETURNING fence`;
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
