import { RANK_COUNT, rankOf } from '../domain/schedule/urgency.js';
import type { VisitClass } from '../domain/schedule/visit-class.js';
import { DEFAULT_TIMING, type Timing } from '../domain/timing.js';
import { nextVisitAt } from '../domain/visit-schedule.js';
import { noteAllGone } from './absences.js';
import type { PageOfReading } from './calls.js';
import { type Database, only, type Sql } from './database.js';
import { answerHints, dropHints } from './hints.js';
import { hurryThreads } from './hurry.js';
import { parkVanished, resolveThreadParks } from './parks.js';
import { closeRanges } from './thread-ranges.js';
import { readLesson, recordLesson } from './visit-lessons.js';
import { readVisitPlan } from './visit-plans.js';

export interface Thread {
  id: string;
  source: string;
  providerThreadId: string;
  status: string;
  createdAt: Date;
  byFirstEnumeration: boolean;
  /** Whether a backfill found it. */
  byBackfill: boolean;
  lastActivityAt: Date | null;
  readWholeAt: Date | null;
  goneAt: Date | null;
  /** When a reading that the provider answered with 404 was begun, once: a second one makes the thread gone. */
  missedAt: Date | null;
  /** Class at the last visit; null before any. */
  visitClass: VisitClass | null;
}

export async function readThread(db: Sql, threadId: string): Promise<Thread> {
  return only(
    await db.$queryRaw<Thread[]>`
      SELECT id, source, provider_thread_id AS "providerThreadId", status, created_at AS "createdAt",
             by_first_enumeration AS "byFirstEnumeration", first_seen_by = 'backfill' AS "byBackfill", last_activity_at AS "lastActivityAt",
             read_whole_at AS "readWholeAt", gone_at AS "goneAt", missed_at AS "missedAt", visit_class AS "visitClass"
      FROM thread WHERE id = ${threadId}::uuid`,
    `thread ${threadId}`,
  );
}

/** Serialises what is recorded in, and decided about, one thread until the transaction ends; gives it as it is once it is locked. */
export async function lockThread(tx: Sql, threadId: string): Promise<Thread> {
  return only(
    await tx.$queryRaw<Thread[]>`
      SELECT id, source, provider_thread_id AS "providerThreadId", status, created_at AS "createdAt",
             by_first_enumeration AS "byFirstEnumeration", first_seen_by = 'backfill' AS "byBackfill", last_activity_at AS "lastActivityAt",
             read_whole_at AS "readWholeAt", gone_at AS "goneAt", missed_at AS "missedAt", visit_class AS "visitClass"
      FROM thread WHERE id = ${threadId}::uuid FOR UPDATE`,
    `thread ${threadId}`,
  );
}

/**
 * Threads whose visit is due, the most urgent first, as `urgencyOf` says: each rank gives its longest overdue from the index, so that
 * neither a long list of due threads is sorted nor any of them starves.
 */
export async function dueThreads(
  db: Sql,
  source: string,
  now: Date,
  limit: number,
  timing: Timing = DEFAULT_TIMING,
): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT due.thread_id AS id
    FROM generate_series(0, ${RANK_COUNT - 1}::int) AS rank CROSS JOIN LATERAL (
      SELECT thread_id, due_at FROM thread_due
      WHERE source = ${source} AND gap_rank = rank AND due_at <= ${now} ORDER BY due_at LIMIT ${limit}
    ) AS due
    ORDER BY (EXTRACT(epoch FROM ${now}::timestamptz - due.due_at)::float8 * 1000 / ${timing.visitMinGapMs}::float8 + 1) / 2 ^ rank DESC,
             due.due_at, due.thread_id
    LIMIT ${limit}`;
  return rows.map((row) => row.id);
}

/** A hint, a late body, a doubt: look into the thread, and into the one that it was merged into, at this instant at the latest. */
export const hurryThread = (db: Sql, threadId: string, at: Date): Promise<void> => hurryThreads(db, [threadId], at);

/** Later than it is due now: the thread could not be read this time. */
export async function postponeThread(db: Sql, threadId: string, until: Date): Promise<void> {
  await db.$executeRaw`UPDATE thread_due SET due_at = GREATEST(due_at, ${until}::timestamptz) WHERE thread_id = ${threadId}::uuid`;
}

interface Due {
  at: Date;
  /** How long the gap to it is, as `rankOf` says. */
  rank: number;
  /** Share of the silence that its plan promises. */
  share: number;
}

async function setDue(tx: Sql, threadId: string, due: Due | null): Promise<void> {
  if (due === null) await tx.$executeRaw`DELETE FROM thread_due WHERE thread_id = ${threadId}::uuid`;
  else
    await tx.$executeRaw`
      INSERT INTO thread_due (thread_id, source, due_at, gap_rank, promised_share)
      SELECT id, source, ${due.at}::timestamptz, ${due.rank}::smallint, ${due.share}::float8 FROM thread WHERE id = ${threadId}::uuid
      ON CONFLICT (thread_id) DO UPDATE
        SET due_at = excluded.due_at, gap_rank = excluded.gap_rank, promised_share = excluded.promised_share`;
}

export interface WholeReading {
  threadId: string;
  /** Its pages in order: all of them, or those of the newest ranges where no deeper one was due. */
  pages: readonly PageOfReading[];
  demandedAt: Date | null;
  /** When the thread has to be read again to learn whether something is really gone; null where nothing is missed. */
  recheckAt: Date | null;
  now: Date;
  timing: Timing;
}

/** Marks a thread as read whole, as of its oldest range, learns from the reading, and sets the next visit by the plan of its source. */
export async function closeVisit(tx: Sql, reading: WholeReading): Promise<void> {
  const { threadId, pages, demandedAt, recheckAt, now, timing } = reading;
  const begunAt = only(pages, `reading of thread ${threadId}`).openedAt;
  const thread = await readThread(tx, threadId);
  const plan = await readVisitPlan(tx, thread.source, timing);
  const lesson = await readLesson(tx, thread, begunAt);
  const { visitClass } = lesson;
  const ranges = await closeRanges(tx, { threadId, pages, standing: { visitClass, plan }, now, timing });
  await tx.$executeRaw`
    UPDATE thread SET read_whole_at = GREATEST(read_whole_at, ${ranges.readAt}::timestamptz), visit_class = ${visitClass}
    WHERE id = ${threadId}::uuid`;
  await resolveThreadParks(tx, threadId, pages.length, now);
  const [early] = await tx.$queryRaw<{ until: Date | null }[]>`
    SELECT min(waiting_until) AS until FROM message WHERE thread_id = ${threadId}::uuid AND state = 'waiting' AND waiting_kind = 'body'
      AND waiting_until > ${now}`;
  const lastActivityAt = (thread.lastActivityAt ?? thread.createdAt).getTime();
  const next = nextVisitAt(now.getTime(), lastActivityAt, timing, { visitClass, plan });
  // A demand made while this reading was under way is not met by it; a message without body is read again early.
  const at = [
    next,
    ranges.dueAt?.getTime() ?? null,
    demandedAt && begunAt < demandedAt ? demandedAt.getTime() : null,
    early?.until?.getTime() ?? null,
    recheckAt?.getTime() ?? null,
  ];
  const known = at.filter((instant): instant is number => instant !== null);
  const first = known.length > 0 ? Math.min(...known) : null;
  const dueIn = (first ?? 0) - now.getTime();
  await setDue(
    tx,
    threadId,
    first === null ? null : { at: new Date(first), rank: rankOf(dueIn, timing), share: plan.share },
  );
  // Of a long thread only a reading of all its ranges watched the silence since the last whole one.
  if (ranges.readAt.getTime() === begunAt.getTime()) await recordLesson(tx, thread, lesson, begunAt);
  const hintedAgain = await answerHints(tx, { threadId, begunAt, now, timing });
  if (hintedAgain) await hurryThread(tx, threadId, hintedAgain);
}

export interface Absence {
  threadId: string;
  /** When the reading began that the provider answered with 404. */
  begunAt: Date;
  now: Date;
  timing: Timing;
  /** The call that was answered so, where a thread that was never read is to be parked as vanished once it is gone. */
  callId?: string;
}

/**
 * The provider does not know the thread: deleted, merged into another, or the answer was wrong. Asked once more a round later, it
 * is `gone`, with all that no other thread shows; until then it is `missing` and stays owed. What we hold of it stays ours.
 */
export async function noteThreadAbsent(
  db: Database,
  { threadId, begunAt, now, timing, callId }: Absence,
): Promise<'missing' | 'gone' | 'vanished'> {
  return db.transaction(async (tx) => {
    const thread = await lockThread(tx, threadId);
    const confirmed = thread.goneAt !== null || (thread.missedAt !== null && thread.missedAt < begunAt);
    if (!confirmed) {
      await tx.$executeRaw`UPDATE thread SET missed_at = COALESCE(missed_at, ${begunAt}::timestamptz) WHERE id = ${threadId}::uuid`;
      const again = new Date(now.getTime() + timing.visitEveryMs);
      await setDue(tx, threadId, { at: again, rank: 0, share: timing.visitSilenceShare });
      return 'missing';
    }
    const vanished = callId !== undefined && (await parkVanished(tx, threadId, callId, now, timing));
    await tx.$executeRaw`
      UPDATE thread SET gone_at = COALESCE(gone_at, ${now}::timestamptz), missed_at = NULL,
        read_whole_at = GREATEST(read_whole_at, ${begunAt}::timestamptz)
      WHERE id = ${threadId}::uuid`;
    await tx.$executeRaw`DELETE FROM thread_range WHERE thread_id = ${threadId}::uuid`;
    await noteAllGone(tx, threadId, now);
    await setDue(tx, threadId, null);
    await dropHints(tx, threadId, now);
    return vanished ? 'vanished' : 'gone';
  });
}

/** The provider shows the thread, whatever it said before. */
export async function noteThreadShown(tx: Sql, thread: Thread, now: Date): Promise<void> {
  if (thread.missedAt === null && thread.goneAt === null) return;
  await tx.$executeRaw`UPDATE thread SET missed_at = NULL, gone_at = NULL WHERE id = ${thread.id}::uuid`;
  if (thread.goneAt !== null) await hurryThread(tx, thread.id, now);
}

export interface RoundAccount {
  threads: number;
  calls: number;
  stored: number;
  known: number;
  parked: number;
  gone: number;
  failed: number;
}

export async function openRound(db: Sql, source: string, runId: string, now: Date): Promise<string> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    INSERT INTO visit_round (source, run_id, opened_at) VALUES (${source}, ${runId}, ${now})
    ON CONFLICT (run_id) DO UPDATE SET run_id = excluded.run_id RETURNING id`;
  return only(rows, `round of run ${runId}`).id;
}

export async function closeRound(db: Sql, roundId: string, account: RoundAccount, now: Date): Promise<void> {
  await db.$executeRaw`
    UPDATE visit_round SET closed_at = ${now}, account = ${JSON.stringify(account)}::jsonb || (
      SELECT jsonb_build_object('stopped', stopped_at IS NOT NULL) FROM source WHERE name = visit_round.source)
    WHERE id = ${roundId}::uuid AND closed_at IS NULL`;
}
