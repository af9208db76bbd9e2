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
  /** Whether the copies are brought in by a backfill, so that they are no better leads than another one that was. */
  byBackfill = false,
): Promise<Map<string, Twin>> {
  const named = candidates.filter((one) => one.messageIdHash !== null && one.message.direction === 'inbound');
  if (named.length === 0) return new Map();
  const ids = named.map((one) => one.id);
  const hashes = named.map((one) => one.messageIdHash);
  const contents = named.map((one) => one.contentHash);
  const made = await tx.$executeRaw`
    INSERT INTO twin_group (mailbox_group, message_id_hash, content_hash, first_message_id)
    SELECT ${mailboxGroup}, hash, content, id FROM unnest(${ids}::uuid[], ${hashes}::text[], ${contents}::text[]) AS row (id, hash, content)
    ORDER BY hash, content, id
    ON CONFLICT DO NOTHING`;
  const wanted = new Set(named.map((one) => `${one.messageIdHash} ${one.contentHash}`)).size;
  if (made < wanted) await passLead(tx, mailboxGroup, named, byBackfill);
  const groups = await tx.$queryRaw<{ id: string; groupId: string; firstId: string }[]>`
    SELECT row.id, twin_group.id AS "groupId", first_message_id AS "firstId"
    FROM unnest(${ids}::uuid[], ${hashes}::text[], ${contents}::text[]) AS row (id, hash, content)
    JOIN twin_group ON mailbox_group = ${mailboxGroup} AND message_id_hash = hash AND content_hash = content`;
  return new Map(
    groups.map((row) => [row.id, { groupId: row.groupId, twinOf: row.firstId === row.id ? null : row.firstId }]),
  );
}

/**
 * A first message that nobody will answer where it lies must not take the others with it: it is gone at the provider, in a thread
 * under spam, in a source that only observes, or taken in by a backfill that only records. The next one leads then; answer_claim goes
 * on seeing to one answer.
 */
async function passLead(
  tx: Sql,
  mailboxGroup: string,
  candidates: readonly TwinCandidate[],
  byBackfill: boolean,
): Promise<void> {
  await tx.$executeRaw`
    UPDATE twin_group SET first_message_id = row.id
    FROM (SELECT DISTINCT ON (hash, content) id, hash, content
          FROM unnest(${candidates.map((one) => one.id)}::uuid[], ${candidates.map((one) => one.messageIdHash)}::text[],
                      ${candidates.map((one) => one.contentHash)}::text[]) AS row (id, hash, content)
          ORDER BY hash, content, id) AS row,
         message AS first
    WHERE mailbox_group = ${mailboxGroup} AND twin_group.message_id_hash = row.hash AND twin_group.content_hash = row.content
      AND first.id = first_message_id AND first.id <> row.id
      AND (first.disposition = 'ignored'
             AND first.reason IN ('observed_only', 'before_answer_from', 'first_enumeration', 'spam_thread')
           OR NOT ${byBackfill} AND first.reason = 'recorded_by_backfill'
           OR first.gone_at IS NOT NULL AND first.disposition IS DISTINCT FROM 'answered'
             AND first.disposition IS DISTINCT FROM 'answered_with' AND first.disposition IS DISTINCT FROM 'superseded_by')`;
}
