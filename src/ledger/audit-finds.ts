import { type FindCause, type FindFacts, type FindVerdict, judgeFind } from '../domain/audit/finds.js';
import { type ClassedMessage, type VisitClass, visitClassOf } from '../domain/schedule/visit-class.js';
import { pagesOfReading } from './calls.js';
import { type Database, only, type Sql } from './database.js';
import { readThread } from './visits.js';

export interface AuditFind {
  messageId: string;
  verdict: FindVerdict;
  cause: FindCause;
}

interface AuditThreadRow {
  begunAt: Date;
  dueAt: Date | null;
  readWholeAt: Date | null;
}

interface FoundMessage {
  id: string;
  providerMessageId: string;
  receivedAt: Date | null;
}

export interface CloseAuditThreadInput {
  auditId: string;
  threadId: string;
  /** The whole reading. */
  readingId: string;
  /** How long a due visit may wait for its round. */
  graceMs: number;
}

/** Closes a thread that was read whole: what the reading stored is a find, judged by what the ledger knew before it. */
export async function closeAuditThread(db: Database, input: CloseAuditThreadInput): Promise<AuditFind[]> {
  const { auditId, threadId } = input;
  return db.transaction(async (tx) => {
    const [row] = await tx.$queryRaw<AuditThreadRow[]>`
      SELECT begun_at AS "begunAt", due_at AS "dueAt", read_whole_at AS "readWholeAt" FROM audit_thread
      WHERE audit_id = ${auditId}::uuid AND thread_id = ${threadId}::uuid AND outcome IS NULL AND begun_at IS NOT NULL FOR UPDATE`;
    if (!row) return [];
    const thread = await readThread(tx, threadId);
    const found = await foundBy(tx, auditId, threadId, row.begunAt);
    const facts = await factsOf(tx, auditId, thread, row, found);
    const finds = found.map((message): AuditFind => {
      const judged = judgeFind({
        ...facts.shared,
        graceMs: input.graceMs,
        wasParked: facts.parked.has(message.providerMessageId),
        wasReturned: facts.returned.has(message.providerMessageId),
        receivedAt: message.receivedAt?.getTime() ?? null,
      });
      return { messageId: message.id, ...judged };
    });
    await tx.$executeRaw`
      INSERT INTO audit_find (audit_id, message_id, thread_id, verdict, cause)
      SELECT ${auditId}::uuid, id, ${threadId}::uuid, verdict, cause
      FROM unnest(${finds.map((one) => one.messageId)}::uuid[], ${finds.map((one) => one.verdict)}::text[],
                  ${finds.map((one) => one.cause)}::text[]) AS row (id, verdict, cause)
      ON CONFLICT DO NOTHING`;
    const shown = await shownBy(tx, thread.source, input.readingId);
    const visitClass = await classBefore(tx, threadId, thread.status, found);
    await tx.$executeRaw`
      UPDATE audit_thread SET outcome = 'read', shown = ${shown}, visit_class = ${visitClass}
      WHERE audit_id = ${auditId}::uuid AND thread_id = ${threadId}::uuid`;
    return finds;
  });
}

/** Messages that a call of this audit stored, whichever of its attempts that was. */
const foundBy = (tx: Sql, auditId: string, threadId: string, begunAt: Date): Promise<FoundMessage[]> =>
  tx.$queryRaw<FoundMessage[]>`
    SELECT m.id, m.provider_message_id AS "providerMessageId", m.received_at AS "receivedAt"
    FROM message m JOIN provider_call c ON c.id = m.first_call_id
    WHERE m.thread_id = ${threadId}::uuid AND m.first_seen_by = 'audit' AND c.thread_id = ${threadId}::uuid
      AND c.opened_at >= ${begunAt} AND c.parameters ->> 'audit' = ${auditId}
    ORDER BY m.id`;

/** Messages that the reading showed and that we hold now. */
async function shownBy(tx: Sql, source: string, readingId: string): Promise<number> {
  const ids = (await pagesOfReading(tx, readingId)).flatMap((page) => page.ids);
  const rows = await tx.$queryRaw<{ shown: number }[]>`
    SELECT count(*)::int AS shown FROM message WHERE source = ${source} AND provider_message_id = ANY (${ids}::text[])`;
  return only(rows, `reading ${readingId}`).shown;
}

async function factsOf(
  tx: Sql,
  auditId: string,
  thread: { id: string; source: string; providerThreadId: string },
  row: AuditThreadRow,
  found: readonly FoundMessage[],
) {
  const ids = found.map((message) => message.providerMessageId);
  const parked = await tx.$queryRaw<{ id: string }[]>`
    SELECT item AS id FROM park WHERE source = ${thread.source} AND kind = 'message' AND item = ANY (${ids}::text[])
      AND parked_at < ${row.begunAt}`;
  const returned = await tx.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT named.id FROM provider_call c, unnest(c.ids) AS named (id)
    WHERE c.thread_id = ${thread.id}::uuid AND c.opened_at <= ${row.begunAt} AND c.parameters ->> 'audit' IS DISTINCT FROM ${auditId}
      AND c.rows IS NOT NULL AND c.rejected = 0 AND named.id = ANY (${ids}::text[])`;
  const shared: Pick<FindFacts, 'at' | 'dueAt' | 'readWholeAt' | 'listed'> = {
    at: row.begunAt.getTime(),
    dueAt: row.dueAt?.getTime() ?? null,
    readWholeAt: row.readWholeAt?.getTime() ?? null,
    // Whether a listing named it matters only where no visit ever did; the search goes through all listings.
    listed: found.length === 0 || row.readWholeAt !== null || (await wasListed(tx, thread)),
  };
  const idsOf = (rows: readonly { id: string }[]) => new Set(rows.map((one) => one.id));
  return { shared, parked: idsOf(parked), returned: idsOf(returned) };
}

async function wasListed(tx: Sql, thread: { source: string; providerThreadId: string }): Promise<boolean> {
  const rows = await tx.$queryRaw<{ listed: boolean }[]>`
    SELECT EXISTS (SELECT 1 FROM provider_call WHERE source = ${thread.source} AND operation = 'listThreads' AND rows IS NOT NULL
                     AND ids @> ARRAY[${thread.providerThreadId}]::text[]) AS listed`;
  return only(rows, 'listings').listed;
}

/** The class by which the thread had been visited: without what the audit has just found. */
async function classBefore(
  tx: Sql,
  threadId: string,
  status: string,
  found: readonly FoundMessage[],
): Promise<VisitClass> {
  const newestFirst = await tx.$queryRaw<ClassedMessage[]>`
    SELECT direction, reason FROM message
    WHERE thread_id = ${threadId}::uuid AND gone_at IS NULL AND id <> ALL (${found.map((message) => message.id)}::uuid[])
    ORDER BY activity_at DESC, id DESC LIMIT 50`;
  return visitClassOf(status, newestFirst);
}
