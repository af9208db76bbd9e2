import { ATTACHMENT_ATTEMPTS, retryAt } from '../domain/park-retry.js';
import type { AttachmentState } from '../domain/states.js';
import type { Timing } from '../domain/timing.js';
import { finishCall, type OpenCall } from './calls.js';
import { type Database, only, type Sql } from './database.js';

/** An attachment that is still to be fetched. */
export interface WantedAttachment {
  id: string;
  messageId: string;
  threadId: string;
  providerAttachmentId: string;
  contentType: string | null;
  /** Bytes that the provider announced. */
  size: number | null;
  attempts: number;
  problem: string | null;
  link: string | null;
}

/**
 * Attachments of a source that are due, longest waiting first. Until the source has given one, one is asked for per run: an
 * installation without the endpoint must not be asked ten thousand times.
 */
export async function dueAttachments(db: Sql, source: string, limit: number, now: Date): Promise<string[]> {
  const proven = await givesAttachments(db, source);
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT a.id FROM attachment a JOIN message m ON m.id = a.message_id
    WHERE m.source = ${source} AND a.state = 'named' AND a.given_up_at IS NULL
      AND a.next_attempt_at <= ${now}
    ORDER BY a.next_attempt_at, a.id LIMIT ${proven ? limit : 1}`;
  return rows.map((row) => row.id);
}

/** Null where it has its end already. */
export async function readWanted(db: Sql, attachmentId: string): Promise<WantedAttachment | null> {
  const [row] = await db.$queryRaw<(Omit<WantedAttachment, 'size'> & { size: bigint | null })[]>`
    SELECT a.id, message_id AS "messageId", m.thread_id AS "threadId", provider_attachment_id AS "providerAttachmentId",
           content_type AS "contentType", size, attempts, problem, link
    FROM attachment a JOIN message m ON m.id = a.message_id
    WHERE a.id = ${attachmentId}::uuid AND a.state = 'named' AND a.given_up_at IS NULL`;
  return row ? { ...row, size: row.size === null ? null : Number(row.size) } : null;
}

/** Bytes that lie beside the ledger until they are stored. */
export interface FetchedBytes {
  bytes: number;
  sha256: string;
  /** Pieces of at most 1 MiB, from the beginning. */
  pieces(): AsyncIterable<Uint8Array>;
}

export type StoredAt = { in: 'postgres' } | { in: 's3'; key: string };

interface AnswerRow {
  status: number;
  ids: string[];
}

const NOTHING = { rows: 0, known: 0, stored: 0, parked: 0, rejected: 0 };
const close = (tx: Sql, call: OpenCall, row: AnswerRow, counts: Partial<typeof NOTHING>, now: Date) =>
  finishCall(tx, call, { ...NOTHING, ...counts, ...row, nextCursor: null, unknownFields: {} }, now);

/** The attachment, for this transaction alone; false where it has its end already. */
async function lockNamed(tx: Sql, attachmentId: string): Promise<boolean> {
  const rows = await tx.$queryRaw<{ state: AttachmentState }[]>`
    SELECT state FROM attachment WHERE id = ${attachmentId}::uuid FOR UPDATE`;
  return only(rows, `attachment ${attachmentId}`).state === 'named';
}

/** Commits the bytes with the end of the attachment and the balance of its call. A slower twin of the attempt changes nothing. */
export async function recordFetched(
  db: Database,
  call: OpenCall,
  wanted: WantedAttachment,
  file: FetchedBytes,
  { status, at, now }: { status: number; at: StoredAt; now: Date },
): Promise<void> {
  const row = { status, ids: [wanted.providerAttachmentId] };
  await db.transaction(async (tx) => {
    if (!(await lockNamed(tx, wanted.id))) return close(tx, call, row, { rows: 1, known: 1 }, now);
    if (at.in === 'postgres') {
      let position = 0;
      for await (const piece of file.pieces()) {
        await tx.$executeRaw`
          INSERT INTO attachment_chunk (attachment_id, position, data) VALUES (${wanted.id}::uuid, ${position++}, ${piece})`;
      }
    }
    await tx.$executeRaw`
      UPDATE attachment SET state = 'fetched', settled_at = ${now}, bytes = ${file.bytes}::bigint, sha256 = ${file.sha256},
             stored_in = ${at.in}, stored_key = ${at.in === 's3' ? at.key : null}, call_id = ${call.id}::uuid, attempts = attempts + 1,
             next_attempt_at = NULL, given_up_at = NULL, link = NULL,
             problem = CASE WHEN size <> ${file.bytes}::bigint THEN 'another size than announced' END
      WHERE id = ${wanted.id}::uuid`;
    return close(tx, call, row, { rows: 1, stored: 1 }, now);
  });
}

/** An end without bytes, in the transaction that closes the call; the call of one that is gone has failed and is closed already. */
export async function recordEnd(
  db: Database,
  wanted: WantedAttachment,
  end: { state: 'too_large' | 'gone'; callId: string; problem: string; now: Date; call?: OpenCall; status?: number },
): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.$executeRaw`
      UPDATE attachment SET state = ${end.state}, settled_at = ${end.now}, call_id = ${end.callId}::uuid, attempts = attempts + 1,
             next_attempt_at = NULL, given_up_at = NULL, link = NULL, problem = ${end.problem}
      WHERE id = ${wanted.id}::uuid AND state = 'named'`;
    if (end.call) {
      const row = { status: end.status ?? 200, ids: [wanted.providerAttachmentId] };
      await close(tx, end.call, row, { rows: 1, rejected: 1 }, end.now);
    }
  });
}

/** Keeps the link for the call that follows it: one call, one attempt. */
export async function rememberLink(
  db: Database,
  call: OpenCall,
  wanted: WantedAttachment,
  { status, link, now }: { status: number; link: string; now: Date },
): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.$executeRaw`
      UPDATE attachment SET link = ${link}, call_id = ${call.id}::uuid WHERE id = ${wanted.id}::uuid AND state = 'named'`;
    await close(tx, call, { status, ids: [] }, {}, now);
  });
}

/** The answer of a call was understood and not taken. */
export const rejectAnswer = (db: Sql, call: OpenCall, wanted: WantedAttachment, status: number, now: Date) =>
  close(db, call, { status, ids: [wanted.providerAttachmentId] }, { rows: 1, rejected: 1 }, now);

export interface Postponement {
  problem: string;
  now: Date;
  timing: Timing;
}

/** Asks again later, at growing gaps; after the last attempt nothing asks any more, and the row says why. */
export async function postponeAttachment(
  db: Sql,
  attachmentId: string,
  { problem, now, timing }: Postponement,
): Promise<{ attempts: number; until: Date | null }> {
  const [row] = await db.$queryRaw<{ attempts: number }[]>`
    UPDATE attachment SET attempts = attempts + 1, problem = ${problem}, link = NULL
    WHERE id = ${attachmentId}::uuid AND state = 'named' AND given_up_at IS NULL RETURNING attempts`;
  if (!row) return { attempts: 0, until: null };
  const until = row.attempts >= ATTACHMENT_ATTEMPTS ? null : retryAt(now, row.attempts - 1, timing);
  await db.$executeRaw`
    UPDATE attachment SET next_attempt_at = ${until}, given_up_at = ${until === null ? now : null}
    WHERE id = ${attachmentId}::uuid AND state = 'named'`;
  return { attempts: row.attempts, until };
}

/** Whether the source has ever given the bytes of one: only then does its 404 speak of the attachment. */
export async function givesAttachments(db: Sql, source: string): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>`
    SELECT 1 FROM attachment a JOIN message m ON m.id = a.message_id WHERE m.source = ${source} AND a.state = 'fetched' LIMIT 1`;
  return rows.length > 0;
}
