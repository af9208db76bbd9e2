import { createHash } from 'node:crypto';
import { type ReferenceKind, referencesOf } from '../domain/audit/references.js';
import type { Direction } from '../domain/message.js';
import type { Database, Sql } from './database.js';
import { type EventMark, FIRST_MARK, readEvents } from './events.js';
import { hurryThread } from './visits.js';

const READER = 'references';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

interface NewBody {
  id: string;
  source: string;
  direction: Direction;
  headers: Record<string, string>;
  text: string | null;
}

/**
 * Notes the Message-IDs that newly recorded messages carry and name, as hashes, and which of those that are named we hold. What
 * names something sent from here that we do not hold has its thread visited now. Goes on where it ended, below the oldest running
 * transaction, so that nothing recorded is skipped. Gives the number of events it went through.
 */
export async function noteReferences(db: Database, limit: number, now: Date): Promise<{ events: number }> {
  return db.transaction(async (tx) => {
    await tx.$executeRaw`INSERT INTO event_mark (reader, seq, read_at) VALUES (${READER}, 0, ${now}) ON CONFLICT DO NOTHING`;
    const [stood] = await tx.$queryRaw<
      EventMark[]
    >`SELECT seq, below FROM event_mark WHERE reader = ${READER} FOR UPDATE`;
    const { events, mark } = await readEvents(tx, stood ?? FIRST_MARK, limit);
    const recorded = events.filter((event) => event.kind === 'recorded').map((event) => event.messageId);
    await insertReferences(tx, await readBodies(tx, recorded), now);
    await tx.$executeRaw`UPDATE event_mark SET seq = ${mark.seq}, below = ${mark.below}, read_at = ${now} WHERE reader = ${READER}`;
    return { events: events.length };
  });
}

const readBodies = (tx: Sql, ids: readonly string[]): Promise<NewBody[]> =>
  tx.$queryRaw<NewBody[]>`
    SELECT m.id, m.source, m.direction, b.headers, b.text FROM message m JOIN message_body b ON b.message_id = m.id AND b.version = 1
    WHERE m.id = ANY (${[...ids]}::uuid[])`;

interface ReferenceRow {
  messageId: string;
  hash: string;
  source: string;
  kind: ReferenceKind;
  outbound: boolean;
  domain: string;
}

async function insertReferences(tx: Sql, bodies: readonly NewBody[], now: Date): Promise<void> {
  const rows = bodies.flatMap(({ id, source, direction, headers, text }) =>
    referencesOf(headers, text).map(
      ({ kind, messageId, domain }): ReferenceRow => ({
        messageId: id,
        hash: sha256(messageId),
        source,
        kind,
        outbound: direction === 'outbound',
        domain: sha256(domain),
      }),
    ),
  );
  if (rows.length === 0) return;
  const of = <T>(pick: (row: ReferenceRow) => T): T[] => rows.map(pick);
  await tx.$executeRaw`
    INSERT INTO message_reference (message_id, ref_hash, source, kind, outbound, domain_hash, noted_at, resolved_at)
    SELECT message_id, ref_hash, source, kind, outbound, domain_hash, ${now}::timestamptz, CASE WHEN kind = 'self' THEN ${now}::timestamptz END
    FROM unnest(${of((r) => r.messageId)}::uuid[], ${of((r) => r.hash)}::text[], ${of((r) => r.source)}::text[],
                ${of((r) => r.kind)}::text[], ${of((r) => r.outbound)}::boolean[], ${of((r) => r.domain)}::text[])
      AS row (message_id, ref_hash, source, kind, outbound, domain_hash)
    ON CONFLICT DO NOTHING`;
  // Both ways: what is named now and held since before, and what was named before and has now come.
  await tx.$executeRaw`
    UPDATE message_reference SET resolved_at = ${now}
    WHERE ref_hash = ANY (${of((r) => r.hash)}::text[]) AND resolved_at IS NULL
      AND EXISTS (SELECT 1 FROM message_reference held WHERE held.ref_hash = message_reference.ref_hash AND held.kind = 'self')`;
  const hurried = await tx.$queryRaw<{ threadId: string }[]>`
    SELECT DISTINCT m.thread_id AS "threadId" FROM telling_reference r JOIN message m ON m.id = r.message_id
    WHERE r.message_id = ANY (${of((r) => r.messageId)}::uuid[]) AND r.resolved_at IS NULL`;
  for (const { threadId } of hurried) await hurryThread(tx, threadId, now);
}
