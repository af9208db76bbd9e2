import type { BackfillPolicy } from '../domain/backfill.js';
import type { Timing } from '../domain/timing.js';
import type { Sql } from './database.js';
import type { Thread } from './visits.js';

export interface BackfillTermsOfReading {
  id: string;
  mode: 'record' | 'automate';
  policy: BackfillPolicy | null;
}

export interface PastOfThread {
  terms: BackfillTermsOfReading;
  /** What was written after it live intake would have brought by itself, ms; null where it would have brought nothing. */
  liveSince: number | null;
}

/**
 * The terms under which what is new in a thread is taken in: those of the backfill that reads it, or that found it, where live
 * intake is the first to read it. Null where no backfill has anything to do with it.
 */
export async function pastOf(
  tx: Sql,
  thread: Thread,
  { backfill, now, timing }: { backfill?: BackfillTermsOfReading; now: Date; timing: Timing },
): Promise<PastOfThread | null> {
  const isUnread = thread.readWholeAt === null;
  const terms = backfill ?? (isUnread && thread.byBackfill ? await finderOf(tx, thread) : null);
  if (!terms) return null;
  const isLive = isUnread
    ? (await youngerThanPolling(tx, [thread.id], timing)).length > 0
    : await isVisitedInTime(tx, thread, now, timing);
  if (!isLive) return { terms, liveSince: null };
  return { terms, liveSince: thread.readWholeAt?.getTime() ?? thread.createdAt.getTime() - timing.originToleranceMs };
}

async function finderOf(tx: Sql, thread: Thread): Promise<BackfillTermsOfReading | null> {
  const [finder] = await tx.$queryRaw<BackfillTermsOfReading[]>`
    SELECT b.id, b.mode, b.policy FROM backfill b
    JOIN backfill_thread named ON named.backfill_id = b.id AND named.provider_thread_id = ${thread.providerThreadId}
    WHERE b.source = ${thread.source} AND b.mode <> 'report' ORDER BY b.asked_at LIMIT 1`;
  return finder ?? null;
}

/** Its next visit is still to come, as the guarantee says: what came since the last one is late, not missing. */
async function isVisitedInTime(tx: Sql, { id }: Thread, now: Date, timing: Timing): Promise<boolean> {
  const due = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM thread_due WHERE thread_id = ${id}::uuid AND due_at > ${new Date(now.getTime() - timing.backfillLateMs)}`;
  return due.length > 0;
}

/** Threads seen before live intake, which was polling, could have listed them: its next window would have found them. */
export async function youngerThanPolling(tx: Sql, threadIds: readonly string[], timing: Timing): Promise<string[]> {
  const longest = timing.listingMinGapMs + timing.safeFrontierMs;
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT t.id FROM thread t CROSS JOIN LATERAL (
      SELECT begun_at FROM listing
      WHERE source = t.source AND window_id IS NOT NULL AND begun_at <= t.first_seen_at
        AND begun_at > t.first_seen_at - ${longest}::float8 * interval '1 millisecond'
        AND to_at > begun_at - ${longest}::float8 * interval '1 millisecond'
      ORDER BY begun_at DESC LIMIT 1) AS polled
    WHERE t.id = ANY (${[...threadIds]}::uuid[]) AND t.read_whole_at IS NULL
      AND t.first_seen_at - t.created_at < ${longest}::float8 * interval '1 millisecond'
      AND t.created_at >= polled.begun_at - ${timing.safeFrontierMs}::float8 * interval '1 millisecond'
    ORDER BY t.id`;
  return rows.map((row) => row.id);
}
