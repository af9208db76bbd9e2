import { createHash } from 'node:crypto';
import { compareSeen, type Facets, type SeenAs } from '../domain/compare-seen.js';
import type { Direction, IncomingMessage } from '../domain/message.js';
import type { MessageReason } from '../domain/reasons.js';
import type { Disposition, MessageState } from '../domain/states.js';
import type { Sql } from './database.js';
import type { Collision } from './parks.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What makes two messages the same content: who wrote what, with which attachments; never where it was delivered. */
export const contentHash = (message: IncomingMessage): string =>
  sha256(
    JSON.stringify([
      message.from?.value ?? null,
      message.subject,
      message.text,
      message.html,
      message.attachments.map((one) => [one.name, one.size]),
    ]),
  );

export const messageIdHash = ({ messageIdHeader }: IncomingMessage): string | null =>
  messageIdHeader ? sha256(messageIdHeader) : null;

export interface KnownMessage {
  id: string;
  providerMessageId: string;
  threadId: string;
  direction: Direction;
  messageIdHash: string | null;
  contentHash: string;
  originAt: Date | null;
  firstSeenAt: Date;
  hasBody: boolean;
  state: MessageState;
  disposition: Disposition | null;
  reason: MessageReason | null;
  carryCount: number;
  goneAt: Date | null;
  missedAt: Date | null;
}

export interface SeenAgain {
  message: IncomingMessage;
  row: KnownMessage;
  hash: string;
  as: Exclude<SeenAs, 'collided'>;
}

export interface Sorted {
  fresh: IncomingMessage[];
  again: SeenAgain[];
  collided: Collision[];
}

/** Tells new messages of a page from known ones, and both from what came under an id that belongs to another message. */
export async function sortSeen(
  tx: Sql,
  source: string,
  threadId: string,
  messages: readonly IncomingMessage[],
): Promise<Sorted> {
  const collided: Collision[] = [];
  const byId = new Map<string, { message: IncomingMessage; hash: string }>();
  for (const message of messages) {
    const one = { message, hash: contentHash(message) };
    const before = byId.get(message.providerMessageId);
    const isOther = before && compareSeen(facetsOf(before, threadId), facetsOf(one, threadId)) === 'collided';
    if (isOther) collided.push(one);
    else byId.set(message.providerMessageId, one);
  }
  const known = await readKnown(tx, source, [...byId.keys()]);
  const differs = [...byId.values()].flatMap(({ message, hash }) => {
    const row = known.get(message.providerMessageId);
    const same = row && row.contentHash === hash && row.direction === message.direction && row.threadId === threadId;
    return row && !same ? [row.id] : [];
  });
  const senders = await readSenders(tx, differs);
  const fresh: IncomingMessage[] = [];
  const again: SeenAgain[] = [];
  for (const one of byId.values()) {
    const row = known.get(one.message.providerMessageId);
    if (!row) {
      fresh.push(one.message);
      continue;
    }
    const held = { ...row, sender: senders.get(row.id) ?? null, originAt: row.originAt?.getTime() ?? null };
    const as = compareSeen(held, facetsOf(one, threadId));
    if (as === 'collided') collided.push(one);
    else again.push({ ...one, row, as });
  }
  return { fresh, again, collided };
}

const facetsOf = ({ message, hash }: { message: IncomingMessage; hash: string }, threadId: string): Facets => ({
  threadId,
  direction: message.direction,
  messageIdHash: messageIdHash(message),
  contentHash: hash,
  sender: message.from?.value.toLowerCase() ?? null,
  originAt: message.originAt ? Date.parse(message.originAt) : null,
});

async function readKnown(tx: Sql, source: string, ids: readonly string[]): Promise<Map<string, KnownMessage>> {
  const rows = await tx.$queryRaw<KnownMessage[]>`
    SELECT id, provider_message_id AS "providerMessageId", thread_id AS "threadId", direction,
           message_id_hash AS "messageIdHash", content_hash AS "contentHash", origin_at AS "originAt",
           first_seen_at AS "firstSeenAt", has_body AS "hasBody", state, disposition, reason, carry_count AS "carryCount",
           gone_at AS "goneAt", missed_at AS "missedAt"
    FROM message WHERE source = ${source} AND provider_message_id = ANY (${[...ids]}::text[])`;
  return new Map(rows.map((row) => [row.providerMessageId, row]));
}

/** Addresses of the senders, by our id: asked only for what is not shown as it was, since they lie with the bodies. */
async function readSenders(tx: Sql, ids: readonly string[]): Promise<Map<string, string | null>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.$queryRaw<{ id: string; sender: string | null }[]>`
    SELECT DISTINCT ON (message_id) message_id AS id, lower(from_address ->> 'value') AS sender FROM message_body
    WHERE message_id = ANY (${[...ids]}::uuid[]) ORDER BY message_id, version DESC`;
  return new Map(rows.map(({ id, sender }) => [id, sender]));
}
