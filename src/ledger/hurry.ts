import type { Sql } from './database.js';

/** Looks into each of these threads, and into those that they were merged into, at this instant at the latest. */
export async function hurryThreads(tx: Sql, threadIds: readonly string[], at: Date): Promise<void> {
  if (threadIds.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO thread_due (thread_id, source, due_at) SELECT id, source, ${at}::timestamptz FROM thread
    WHERE id = ANY (${[...threadIds]}::uuid[])
       OR id IN (SELECT merged_into FROM thread WHERE id = ANY (${[...threadIds]}::uuid[])) ORDER BY id
    ON CONFLICT (thread_id) DO UPDATE
      SET due_at = LEAST(thread_due.due_at, excluded.due_at),
          gap_rank = CASE WHEN excluded.due_at < thread_due.due_at THEN 0 ELSE thread_due.gap_rank END`;
}
