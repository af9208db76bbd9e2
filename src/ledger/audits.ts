import {
  averageSize,
  type DrawnThread,
  drawAll,
  drawPlaces,
  type FrameThread,
  isCensus,
  threadPicker,
} from '../domain/audit/draw.js';
import type { FrameFigure, LossFigure } from '../domain/audit/figures.js';
import { type Database, only, type Sql } from './database.js';

export interface Audit {
  id: string;
  source: string;
  runId: string;
  /** The draw can be repeated from it. */
  seed: bigint;
  wanted: number;
  method: LossFigure['method'];
  begunAt: Date;
  endedAt: Date | null;
  frameThreads: number;
  frameMessages: number;
  loss: AuditLoss | null;
  frame: FrameFigure | null;
}

/** Figure (a) as it is kept, with what it was counted from. */
export interface AuditLoss extends LossFigure {
  threads: { read: number; gone: number; unread: number };
  /** Messages that the provider showed. */
  shown: number;
  missed: number;
  /** Not due yet: no part of the loss. */
  late: number;
  /** Known all along as a parked row: no part of the loss. */
  parked: number;
  /** How often each cause was found, of missed, late and parked together. */
  causes: Record<string, number>;
}

const FRAME_BATCH = 20_000;

export interface OpenAuditInput {
  source: string;
  runId: string;
  /** Threads to draw. */
  wanted: number;
  /** Null takes one from the audit's own id. */
  seed: number | null;
  now: Date;
}

/**
 * Draws the threads of an audit, once per run, from one snapshot of the ledger: threads that are not gone, in the order of their
 * ids, with the messages that we hold of each.
 */
export async function openAudit(db: Database, input: OpenAuditInput): Promise<{ id: string; threads: number }> {
  return db.transaction(async (tx) => {
    await tx.$executeRaw`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`;
    const find = () => tx.$queryRaw<{ id: string; threads: number }[]>`
      SELECT id, (SELECT count(*)::int FROM audit_thread WHERE audit_id = audit.id) AS threads FROM audit WHERE run_id = ${input.runId}`;
    const [known] = await find();
    if (known) return known;
    const { source, wanted, now } = input;
    const { id } = only(await tx.$queryRaw<{ id: string }[]>`SELECT uuidv7() AS id`, 'audit id');
    const seed = input.seed ?? Number.parseInt(id.slice(-8), 16);
    const size = await frameSize(tx, source);
    const census = isCensus(size.threads, wanted);
    await tx.$executeRaw`
      INSERT INTO audit (id, source, run_id, seed, wanted, method, begun_at, frame_threads, frame_messages)
      VALUES (${id}::uuid, ${source}, ${input.runId}, ${seed}, ${wanted}, ${census ? 'census' : 'sample'}, ${now}, ${size.threads}, ${size.messages})`;
    const average = averageSize(size.messages, size.threads);
    const pick = census
      ? drawAll
      : threadPicker(drawPlaces(seed, wanted, await frameWeight(tx, source, average)), average);
    let threads = 0;
    for (let batch = await readFrame(tx, source, null); batch.length > 0; ) {
      threads += await insertDrawn(tx, id, pick(batch), threads);
      batch = await readFrame(tx, source, batch.at(-1)?.id ?? null);
    }
    return { id, threads };
  });
}

async function frameSize(tx: Sql, source: string): Promise<{ threads: number; messages: number }> {
  return only(
    await tx.$queryRaw<{ threads: number; messages: number }[]>`
      SELECT (SELECT count(*)::int FROM thread WHERE source = ${source} AND gone_at IS NULL) AS threads,
             (SELECT count(*)::int FROM message m JOIN thread t ON t.id = m.thread_id
              WHERE t.source = ${source} AND t.gone_at IS NULL AND m.gone_at IS NULL) AS messages`,
    `frame of ${source}`,
  );
}

async function frameWeight(tx: Sql, source: string, average: number): Promise<number> {
  const rows = await tx.$queryRaw<{ total: number }[]>`
    SELECT COALESCE(sum(GREATEST(known, ${average}::int)), 0)::float8 AS total FROM (
      SELECT count(m.id)::int AS known FROM thread t LEFT JOIN message m ON m.thread_id = t.id AND m.gone_at IS NULL
      WHERE t.source = ${source} AND t.gone_at IS NULL GROUP BY t.id) AS held`;
  return only(rows, `frame of ${source}`).total;
}

const readFrame = (tx: Sql, source: string, after: string | null): Promise<FrameThread[]> =>
  tx.$queryRaw<FrameThread[]>`
    SELECT t.id, (SELECT count(*)::int FROM message m WHERE m.thread_id = t.id AND m.gone_at IS NULL) AS known
    FROM thread t WHERE t.source = ${source} AND t.gone_at IS NULL AND (${after}::uuid IS NULL OR t.id > ${after}::uuid)
    ORDER BY t.id LIMIT ${FRAME_BATCH}`;

async function insertDrawn(tx: Sql, auditId: string, drawn: readonly DrawnThread[], from: number): Promise<number> {
  return tx.$executeRaw`
    INSERT INTO audit_thread (audit_id, thread_id, position, draws, weight, known)
    SELECT ${auditId}::uuid, id, ${from}::int + position, draws, weight, known
    FROM unnest(${drawn.map((one) => one.id)}::uuid[], ${drawn.map((one) => one.draws)}::int[],
                ${drawn.map((one) => one.weight)}::int[], ${drawn.map((one) => one.known)}::int[])
      WITH ORDINALITY AS row (id, draws, weight, known, position)`;
}

/** Threads of the audit that have no outcome yet, in the order of the draw. */
export async function openAuditThreads(db: Sql, auditId: string, limit: number): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT thread_id AS id FROM audit_thread WHERE audit_id = ${auditId}::uuid AND outcome IS NULL ORDER BY position LIMIT ${limit}`;
  return rows.map((row) => row.id);
}

/** Keeps what the schedule owed the thread before the audit first saw it: nothing changes once an answer was recorded. */
export async function beginAuditThread(db: Sql, auditId: string, threadId: string, now: Date): Promise<void> {
  await db.$executeRaw`
    UPDATE audit_thread SET begun_at = ${now}, read_whole_at = thread.read_whole_at,
           due_at = (SELECT due_at FROM thread_due WHERE thread_due.thread_id = thread.id)
    FROM thread
    WHERE thread.id = audit_thread.thread_id AND audit_id = ${auditId}::uuid AND audit_thread.thread_id = ${threadId}::uuid
      AND NOT EXISTS (SELECT 1 FROM provider_call c WHERE c.thread_id = ${threadId}::uuid AND c.rows IS NOT NULL
                        AND c.parameters ->> 'audit' = ${auditId})`;
}

/** The thread gave nothing: the provider no longer knows it, or it could not be read whole however often it was tried. */
export async function endAuditThread(
  db: Sql,
  auditId: string,
  threadId: string,
  outcome: 'gone' | 'unread',
): Promise<void> {
  await db.$executeRaw`
    UPDATE audit_thread SET outcome = ${outcome} WHERE audit_id = ${auditId}::uuid AND thread_id = ${threadId}::uuid AND outcome IS NULL`;
}

export async function readAudit(db: Sql, id: string): Promise<Audit | null> {
  const rows = await db.$queryRaw<Audit[]>`
    SELECT id, source, run_id AS "runId", seed, wanted, method, begun_at AS "begunAt", ended_at AS "endedAt",
           frame_threads AS "frameThreads", frame_messages AS "frameMessages", loss, frame
    FROM audit WHERE id = ${id}::uuid`;
  return rows[0] ?? null;
}

/** Newest first. */
export async function listAudits(db: Sql, source: string | null, limit: number): Promise<Audit[]> {
  return db.$queryRaw<Audit[]>`
    SELECT id, source, run_id AS "runId", seed, wanted, method, begun_at AS "begunAt", ended_at AS "endedAt",
           frame_threads AS "frameThreads", frame_messages AS "frameMessages", loss, frame
    FROM audit WHERE ${source}::text IS NULL OR source = ${source} ORDER BY begun_at DESC, id DESC LIMIT ${limit}`;
}
