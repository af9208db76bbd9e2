import { uncoveredSince } from '../domain/coverage.js';
import { floorToSecond } from '../domain/interval.js';
import type { Timing } from '../domain/timing.js';
import type { Sql } from '../ledger/database.js';

/** What is still open of a reading of everything as of an instant. */
export interface Remaining {
  /** Creation intervals of [at - horizon, at] without an exhausted listing begun at or after `at`. */
  gaps: { from: string; to: string }[];
  threadsUnread: number;
  inFlight: number;
  waiting: number;
}

/**
 * By the ledger alone, alike for every source: is everything that the source held at `at` listed, read whole and decided, by
 * readings begun at or after it? A thread whose page stayed unreadable since then is parked, not unread. No truth is asked here.
 */
export async function remainingSince(db: Sql, source: string, at: Date, timing: Timing): Promise<Remaining> {
  const listings = await db.$queryRaw<{ from: Date; to: Date; begunAt: Date }[]>`
    SELECT from_at AS from, to_at AS to, begun_at AS "begunAt" FROM listing
    WHERE source = ${source} AND covering AND begun_at >= ${at}`;
  const end = floorToSecond(at.getTime());
  const readings = listings.map((row) => ({
    from: row.from.getTime(),
    to: row.to.getTime(),
    begunAt: row.begunAt.getTime(),
  }));
  const gaps = uncoveredSince({ from: end - timing.horizonMs, to: end }, readings, at.getTime());
  const [open] = await db.$queryRaw<{ unread: number; flight: number; waiting: number }[]>`
    SELECT
      (SELECT count(*)::int FROM thread WHERE source = ${source} AND gone_at IS NULL
         AND (read_whole_at IS NULL OR read_whole_at < ${at})
         AND NOT EXISTS (SELECT 1 FROM park WHERE thread_id = thread.id AND kind = 'page' AND last_seen_at >= ${at}
                           AND (state = 'parked' OR resolved_by IS NOT NULL))) AS unread,
      (SELECT count(*)::int FROM message WHERE source = ${source} AND state IN ('recorded', 'carried')) AS flight,
      (SELECT count(*)::int FROM message WHERE source = ${source} AND state = 'waiting'
         AND waiting_kind IN ('body', 'settle', 'turn', 'confirmation')) AS waiting`;
  return {
    gaps: gaps.map(({ from, to }) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() })),
    threadsUnread: open?.unread ?? 0,
    inFlight: open?.flight ?? 0,
    waiting: open?.waiting ?? 0,
  };
}

export const isComplete = (remaining: Remaining): boolean =>
  remaining.gaps.length === 0 && remaining.threadsUnread === 0 && remaining.inFlight === 0 && remaining.waiting === 0;
