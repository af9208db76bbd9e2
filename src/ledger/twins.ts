import type { IncomingMessage } from '../domain/message.js';
import type { Sql } from './database.js';

export interface TwinCandidate {
  id: string;
  message: IncomingMessage;
  messageIdHash: string | null;
  contentHash: string;
}

export interface Twin {
  groupId: string;
  /** The message that came first; null for the first one itself. */
  twinOf: string | null;
}

/**
 * Groups inbound messages by Message-ID and content over all sources of a mailbox group. Same Message-ID with other content are
 * different messages; without Message-ID nothing is merged. Two transactions with the same pair wait for each other here.
 */
export async function resolveTwins(
  tx: Sql,
  mailboxGroup: string,
  candidates: readonly TwinCandidate[],
): Promise<Map<string, Twin>> {
  const named = candidates.filter((one) => one.messageIdHash !== null && one.message.direction === 'inbound');
  if (named.length === 0) return new Map();
  const ids = named.map((one) => one.id);
  const hashes = named.map((one) => one.messageIdHash);
  const contents = named.map((one) => one.contentHash);
  await tx.$executeRaw`
    INSERT INTO twin_group (mailbox_group, message_id_hash, content_hash, first_message_id)
    SELECT ${mailboxGroup}, hash, content, id FROM unnest(${ids}::uuid[], ${hashes}::text[], ${contents}::text[]) AS row (id, hash, content)
    ORDER BY hash, content, id
    ON CONFLICT DO NOTHING`;
  const groups = await tx.$queryRaw<{ id: string; groupId: string; firstId: string }[]>`
    SELECT row.id, twin_group.id AS "groupId", first_message_id AS "firstId"
    FROM unnest(${ids}::uuid[], ${hashes}::text[], ${contents}::text[]) AS row (id, hash, content)
    JOIN twin_group ON mailbox_group = ${mailboxGroup} AND message_id_hash = hash AND content_hash = content`;
  return new Map(
    groups.map((row) => [row.id, { groupId: row.groupId, twinOf: row.firstId === row.id ? null : row.firstId }]),
  );
}
