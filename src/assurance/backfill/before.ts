import { shareOf } from '../../domain/backfill-figures.js';
import { only, type Sql } from '../../ledger/database.js';

/** What was held of the threads of a creation interval, and what had been done about it. */
export interface FiguresBefore {
  from: string;
  to: string;
  threads: number;
  messages: number;
  inbound: number;
  /** Inbound messages that Waybill ended by an answer of its own, a call or a hand-off. */
  answered: number;
  /** Share of the interval that exhausted listings cover. */
  listedShare: number | null;
}

export interface BeforeInput {
  source: string;
  from: Date;
  to: Date;
  /** As it was at this instant, by when each row was first seen and ended; as it stands unless given. */
  at?: Date | null;
}

/**
 * What is true of a creation interval, by the ledger alone. Kept by a backfill right before its first call, it is what the report
 * compares with. A canary counts in no business figure.
 */
export async function figuresBefore(db: Sql, { source, from, to, at = null }: BeforeInput): Promise<FiguresBefore> {
  const held = await db.$queryRaw<{ threads: number; messages: number; inbound: number; answered: number }[]>`
    SELECT count(DISTINCT t.id)::int AS threads, count(m.id)::int AS messages,
           (count(m.id) FILTER (WHERE m.direction = 'inbound'))::int AS inbound,
           (count(m.id) FILTER (WHERE m.direction = 'inbound' AND (${at}::timestamptz IS NULL OR m.ended_at < ${at}::timestamptz)
              AND m.disposition IN ('answered', 'answered_with', 'callback_done', 'handed_off_done')))::int AS answered
    FROM thread t LEFT JOIN message m ON m.thread_id = t.id AND m.reason IS DISTINCT FROM 'canary'
      AND (${at}::timestamptz IS NULL OR m.first_seen_at < ${at}::timestamptz)
      AND (m.gone_at IS NULL OR m.gone_at >= ${at}::timestamptz)
    WHERE t.source = ${source} AND t.created_at >= ${from} AND t.created_at < ${to}
      AND (${at}::timestamptz IS NULL OR t.first_seen_at < ${at}::timestamptz) AND (t.gone_at IS NULL OR t.gone_at >= ${at}::timestamptz)`;
  const covered = await db.$queryRaw<{ ms: number }[]>`
    SELECT COALESCE(sum(EXTRACT(epoch FROM upper(part) - lower(part)) * 1000), 0)::float8 AS ms
    FROM coverage_of(${source}, COALESCE(${at}::timestamptz, 'infinity'), ${from}, ${to}) AS known, unnest(known.covered) AS part`;
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    ...only(held, `what is held of ${source}`),
    listedShare: shareOf(only(covered, 'coverage').ms, to.getTime() - from.getTime()),
  };
}
