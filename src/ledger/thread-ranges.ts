import type { Timing } from '../domain/timing.js';
import { nextVisitAt, type Standing } from '../domain/visit-schedule.js';
import type { PageOfReading } from './calls.js';
import { only, type Sql } from './database.js';

/**
 * A thread of more pages than this is read in ranges of so many: the newest at every visit, a deeper one when it is due by its
 * own last activity. Its pages can only be reached from the top, so reading a range renews all above it.
 */
export const PAGES_PER_RANGE = 4;

/** The range that a page belongs to; 0 holds the newest pages. */
export const rangeOf = (page: number): number => Math.floor(page / PAGES_PER_RANGE);

export interface Boundary {
  threadId: string;
  /** The range whose last page has just been read. */
  depth: number;
  /** Provider ids that the reading has shown so far. */
  shown: readonly string[];
  demandedAt: Date | null;
  now: Date;
}

/**
 * Whether a reading that stands at the end of a range has to go on: below it lies a range that was never read, one that is due or
 * demanded, or a message that somebody waits to see: for its body, or to learn whether it is gone.
 */
export async function wantsDeeper(tx: Sql, { threadId, depth, shown, demandedAt, now }: Boundary): Promise<boolean> {
  const rows = await tx.$queryRaw<{ wants: boolean }[]>`
    SELECT NOT EXISTS (SELECT 1 FROM thread_range WHERE thread_id = ${threadId}::uuid AND depth = ${depth + 1})
      OR EXISTS (SELECT 1 FROM thread_range WHERE thread_id = ${threadId}::uuid AND depth > ${depth}
                 AND (due_at <= ${now}::timestamptz OR begun_at < ${demandedAt}::timestamptz))
      OR EXISTS (SELECT 1 FROM message WHERE thread_id = ${threadId}::uuid AND gone_at IS NULL
                 AND (waiting_kind = 'body' OR missed_at IS NOT NULL)
                 AND provider_message_id <> ALL (${[...shown]}::text[])) AS wants`;
  return only(rows, `ranges of thread ${threadId}`).wants;
}

export interface RangesRead {
  threadId: string;
  pages: readonly PageOfReading[];
  /** How the thread is looked at: its ranges are due by the same rule as the thread. */
  standing: Standing;
  now: Date;
  timing: Timing;
}

/**
 * Writes down which ranges a reading has renewed. Gives the instant as of which the thread is read whole, which is that of its
 * oldest range, and the next due instant of the deeper ones.
 */
export async function closeRanges(tx: Sql, reading: RangesRead): Promise<{ readAt: Date; dueAt: Date | null }> {
  const { threadId, pages, now } = reading;
  const { openedAt: begunAt, readingId } = only(pages, `reading of thread ${threadId}`);
  const isWhole = pages.at(-1)?.nextCursor === null;
  const depth = rangeOf(pages.length - 1);
  if (isWhole) {
    const kept = depth === 0 ? -1 : depth;
    await tx.$executeRaw`DELETE FROM thread_range WHERE thread_id = ${threadId}::uuid AND depth > ${kept}`;
    if (depth === 0) return { readAt: begunAt, dueAt: null };
  }
  const { read, below } = await activityOf(tx, threadId, pages, now);
  const due = read.map((activity) => dueAfter(activity, reading));
  await tx.$executeRaw`
    INSERT INTO thread_range (thread_id, depth, reading_id, begun_at, last_activity_at, due_at)
    SELECT ${threadId}::uuid, position - 1, ${readingId}::uuid, ${begunAt}::timestamptz, activity, due
    FROM unnest(${read}::timestamptz[], ${due}::timestamptz[]) WITH ORDINALITY AS row (activity, due, position)
    ON CONFLICT (thread_id, depth) DO UPDATE SET reading_id = excluded.reading_id, begun_at = excluded.begun_at,
      last_activity_at = excluded.last_activity_at, due_at = excluded.due_at`;
  if (!isWhole && below) {
    // What new messages have pushed below this reading is younger than what was there: it is due by its own silence.
    await tx.$executeRaw`
      UPDATE thread_range SET last_activity_at = GREATEST(last_activity_at, ${below}::timestamptz),
        due_at = LEAST(due_at, ${dueAfter(below, reading)}::timestamptz)
      WHERE thread_id = ${threadId}::uuid AND depth = ${depth + 1} AND last_activity_at < ${below}::timestamptz`;
  }
  const ranges = await tx.$queryRaw<{ readAt: Date; dueAt: Date | null }[]>`
    SELECT min(begun_at) AS "readAt", min(due_at) FILTER (WHERE depth > 0) AS "dueAt" FROM thread_range
    WHERE thread_id = ${threadId}::uuid`;
  return only(ranges, `ranges of thread ${threadId}`);
}

/** Last activity of each range that was read, and of everything below them; null below where nothing more is known. */
async function activityOf(
  tx: Sql,
  threadId: string,
  pages: readonly PageOfReading[],
  now: Date,
): Promise<{ read: Date[]; below: Date | null }> {
  const rangeById = new Map(pages.flatMap(({ page, ids }) => ids.map((id) => [id, rangeOf(page)] as const)));
  const rows = await tx.$queryRaw<{ range: number | null; activity: Date }[]>`
    SELECT row.range, max(m.activity_at) AS activity FROM message m
    LEFT JOIN unnest(${[...rangeById.keys()]}::text[], ${[...rangeById.values()]}::int[]) AS row (id, range)
      ON row.id = m.provider_message_id
    WHERE m.thread_id = ${threadId}::uuid AND m.gone_at IS NULL GROUP BY row.range`;
  const known = new Map(rows.map(({ range, activity }) => [range, activity]));
  const read = Array.from({ length: rangeOf(pages.length - 1) + 1 }, (_, depth) => known.get(depth) ?? now);
  return { read, below: known.get(null) ?? null };
}

const dueAfter = (activity: Date, { now, timing, standing }: RangesRead): Date | null => {
  const next = nextVisitAt(now.getTime(), activity.getTime(), timing, standing);
  return next === null ? null : new Date(next);
};
