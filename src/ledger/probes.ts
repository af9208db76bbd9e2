import { only, type Sql } from './database.js';

/** Questions of active probes to the ledger: what to ask about, and what stands behind an id. */

export interface ThreadSample {
  threadId: string;
  createdAt: Date;
}

/** Threads of at least two days, which every listing should have by now, newest first. */
export async function settledThreads(db: Sql, source: string, before: Date, limit: number): Promise<ThreadSample[]> {
  return db.$queryRaw<ThreadSample[]>`
    SELECT id AS "threadId", created_at AS "createdAt" FROM thread
    WHERE source = ${source} AND gone_at IS NULL AND read_whole_at IS NOT NULL AND created_at < ${before}
    ORDER BY created_at DESC LIMIT ${limit}`;
}

/** Threads whose creation does not fall on a whole second. */
export async function preciseThreads(db: Sql, source: string, before: Date, limit: number): Promise<ThreadSample[]> {
  return db.$queryRaw<ThreadSample[]>`
    SELECT id AS "threadId", created_at AS "createdAt" FROM thread
    WHERE source = ${source} AND gone_at IS NULL AND read_whole_at IS NOT NULL AND created_at < ${before}
      AND extract(milliseconds FROM created_at)::int % 1000 BETWEEN 2 AND 990
    ORDER BY created_at DESC LIMIT ${limit}`;
}

export interface AttachmentSample {
  attachmentId: string;
  messageId: string;
  threadId: string;
}

/** Attachments of the oldest and of the newest messages, in threads short enough to stand on one page. */
export async function sampleAttachments(db: Sql, source: string, each: number): Promise<AttachmentSample[]> {
  return db.$queryRaw<AttachmentSample[]>`
    WITH known AS (
      SELECT a.id AS "attachmentId", m.id AS "messageId", m.thread_id AS "threadId", t.created_at AS at,
             row_number() OVER (ORDER BY t.created_at, a.id) AS oldest, row_number() OVER (ORDER BY t.created_at DESC, a.id) AS newest
      FROM attachment a JOIN message m ON m.id = a.message_id JOIN thread t ON t.id = m.thread_id
      WHERE m.source = ${source} AND m.gone_at IS NULL AND t.gone_at IS NULL
        AND a.provider_attachment_id NOT LIKE 'unreadable:%'
        AND (SELECT count(*) FROM message other WHERE other.thread_id = t.id) <= 20)
    SELECT "attachmentId", "messageId", "threadId" FROM known WHERE oldest <= ${each} OR newest <= ${each} ORDER BY at`;
}

export async function readProbedAttachment(
  db: Sql,
  attachmentId: string,
): Promise<{ providerAttachmentId: string; size: number | null; threadId: string; messageId: string }> {
  return only(
    await db.$queryRaw<{ providerAttachmentId: string; size: number | null; threadId: string; messageId: string }[]>`
      SELECT provider_attachment_id AS "providerAttachmentId", size::float8 AS size, m.thread_id AS "threadId", m.id AS "messageId"
      FROM attachment a JOIN message m ON m.id = a.message_id WHERE a.id = ${attachmentId}::uuid`,
    `attachment ${attachmentId}`,
  );
}

export interface ProbedMail {
  providerMessageId: string | null;
  sentAt: Date | null;
}

/** Mails of ours by their canary, or messages by their own id, in the order that was asked for. */
export async function readProbedMails(db: Sql, ids: readonly string[]): Promise<ProbedMail[]> {
  const rows = await db.$queryRaw<(ProbedMail & { id: string })[]>`
    SELECT id, provider_message_id AS "providerMessageId", sent_at AS "sentAt" FROM canary WHERE id = ANY (${[...ids]}::uuid[])
    UNION ALL
    SELECT id, provider_message_id, NULL FROM message WHERE id = ANY (${[...ids]}::uuid[])`;
  return ids.map((id) => rows.find((row) => row.id === id) ?? { providerMessageId: null, sentAt: null });
}

export async function readProbedThreadId(db: Sql, source: string, providerThreadId: string): Promise<string | null> {
  const [row] = await db.$queryRaw<{ id: string }[]>`
    SELECT id FROM thread WHERE source = ${source} AND provider_thread_id = ${providerThreadId}`;
  return row?.id ?? null;
}

/** Messages of a thread that neither we nor our probes wrote. */
export async function strangersIn(db: Sql, threadId: string): Promise<number> {
  const [row] = await db.$queryRaw<{ n: number }[]>`
    SELECT count(*)::int AS n FROM message
    WHERE thread_id = ${threadId}::uuid AND reason IS DISTINCT FROM 'canary' AND reason IS DISTINCT FROM 'our_reply'`;
  return row?.n ?? 0;
}

/** The address to which most threads of a source were written. */
export async function usualInbox(db: Sql, source: string): Promise<string | null> {
  const [row] = await db.$queryRaw<{ inbox: string }[]>`
    SELECT inbox FROM thread WHERE source = ${source} AND inbox <> '' GROUP BY inbox ORDER BY count(*) DESC, inbox LIMIT 1`;
  return row?.inbox ?? null;
}

/** What provider and sender said about when a message was written or received. */
export async function readOrigin(
  db: Sql,
  messageId: string,
): Promise<{ stampedAt: Date | null; dateHeader: string | null }> {
  return only(
    await db.$queryRaw<{ stampedAt: Date | null; dateHeader: string | null }[]>`
      SELECT m.origin_at AS "stampedAt", b.headers ->> 'date' AS "dateHeader"
      FROM message m JOIN message_body b ON b.message_id = m.id AND b.version = 1 WHERE m.id = ${messageId}::uuid`,
    `message ${messageId}`,
  );
}
