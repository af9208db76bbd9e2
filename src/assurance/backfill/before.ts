import { only, type Sql } from '../../ledger/database.js';

export interface FiguresBefore {
  threads: number;
  messages: number;
  inbound: number;
}

/** What is held of the threads that were created in an interval, right before a backfill walks it. */
export async function figuresBefore(
  db: Sql,
  { source, from, to }: { source: string; from: Date; to: Date },
): Promise<FiguresBefore> {
  return only(
    await db.$queryRaw<FiguresBefore[]>`
      SELECT count(DISTINCT t.id)::int AS threads, count(m.id)::int AS messages,
             (count(m.id) FILTER (WHERE m.direction = 'inbound'))::int AS inbound
      FROM thread t LEFT JOIN message m ON m.thread_id = t.id
      WHERE t.source = ${source} AND t.created_at >= ${from} AND t.created_at < ${to}`,
    `threads of ${source}`,
  );
}
