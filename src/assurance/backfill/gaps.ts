import { notListed } from '../../domain/backfill-figures.js';
import type { Sql } from '../../ledger/database.js';
import type { BackfillReport, ReportedBackfill } from './report.js';

const NAMED = 20;

/** What of its interval it did not list, and which threads it did not read. */
export async function readGaps(
  db: Sql,
  { id, from, to }: ReportedBackfill,
): Promise<Omit<BackfillReport['gaps'], 'days'>> {
  const rows = await db.$queryRaw<{ from: Date; to: Date; outcome: string; because: string | null }[]>`
    SELECT from_at AS "from", to_at AS "to", outcome, because FROM backfill_listing WHERE backfill_id = ${id}::uuid ORDER BY from_at, to_at`;
  const intervals = (outcome: string) =>
    rows.filter((row) => row.outcome === outcome).map((row) => ({ from: row.from.getTime(), to: row.to.getTime() }));
  const parts = { listed: intervals('listed'), unlisted: intervals('unlisted') };
  const unread = await db.$queryRaw<BackfillReport['gaps']['unread']>`
    SELECT thread_id AS "threadId", created_at AS "createdAt", COALESCE(because, 'unknown') AS because
    FROM backfill_thread WHERE backfill_id = ${id}::uuid AND state = 'unread' ORDER BY created_at, provider_thread_id LIMIT ${NAMED}`;
  const unlisted = rows.flatMap(({ outcome, because, ...part }) =>
    outcome === 'unlisted' ? [{ ...part, because: because ?? 'unknown' }] : [],
  );
  const longest = unlisted.sort((a, b) => b.to.getTime() - b.from.getTime() - (a.to.getTime() - a.from.getTime()));
  return {
    unlisted: longest.slice(0, NAMED),
    ...notListed({ from: from.getTime(), to: to.getTime() }, parts),
    unread,
  };
}
