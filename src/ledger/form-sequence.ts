import type { Sql } from './database.js';

export interface SequenceGaps {
  /** How many numbers are missing below the highest that came. */
  missing: number;
  /** The first twenty ranges of them, as `17` or `17-19`. */
  ranges: string[];
  /** How many numbers came. */
  numbers: number;
  /** The highest number, and when it came; null where none ever did. */
  highest: { number: number; at: Date } | null;
}

const NAMED = 20;

/**
 * Numbers that no submission of a form has, whichever way it came, below one that came before `settled`: webhooks overtake each
 * other, so a gap below a younger one may still close. What lies above the highest number nobody can know. As it was known at `at`.
 */
export async function findSequenceGaps(
  db: Sql,
  source: string,
  { settled, at }: { settled: Date; at: Date },
): Promise<SequenceGaps> {
  const gaps = await db.$queryRaw<{ from: bigint; to: bigint }[]>`
    WITH seen AS (
      SELECT sequence, min(received_at) AS at FROM submission WHERE source = ${source} AND sequence IS NOT NULL
             AND received_at <= ${at} GROUP BY sequence),
    steps AS (SELECT lag(sequence) OVER (ORDER BY sequence) AS before, sequence, at FROM seen)
    SELECT before + 1 AS from, sequence - 1 AS to FROM steps WHERE sequence > before + 1 AND at <= ${settled} ORDER BY 1`;
  const [held] = await db.$queryRaw<{ n: number }[]>`
    SELECT count(DISTINCT sequence)::int AS n FROM submission
    WHERE source = ${source} AND sequence IS NOT NULL AND received_at <= ${at}`;
  const [top] = await db.$queryRaw<{ number: bigint; at: Date }[]>`
    SELECT sequence AS number, received_at AS at FROM submission WHERE source = ${source} AND sequence IS NOT NULL AND received_at <= ${at}
    ORDER BY sequence DESC LIMIT 1`;
  return {
    missing: gaps.reduce((sum, { from, to }) => sum + Number(to - from) + 1, 0),
    ranges: gaps.slice(0, NAMED).map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)),
    numbers: held?.n ?? 0,
    highest: top ? { number: Number(top.number), at: top.at } : null,
  };
}
