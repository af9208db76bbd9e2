import type { Sql } from './database.js';

/**
 * Marks the calls opened in [from, before) that nobody finished: their attempt timed out or its worker died, and what the provider
 * did with them is unknown. Each gets its row of failure too. Gives their ids. An attachment may be under way for so much longer than
 * any other call: of those the same range is looked at by so much later.
 */
export async function markAbandonedCalls(
  tx: Sql,
  source: string,
  { from, before, now, longerMs = 0 }: { from: Date; before: Date; now: Date; longerMs?: number },
): Promise<string[]> {
  const [longFrom, longBefore] = [from, before].map((at) => new Date(at.getTime() - longerMs));
  const rows = await tx.$queryRaw<{ id: string }[]>`
    WITH abandoned AS (
      UPDATE provider_call SET finished_at = ${now}, failure = 'CallAbandoned'
      WHERE source = ${source} AND opened_at >= ${longFrom} AND opened_at < ${before} AND finished_at IS NULL
        AND CASE WHEN operation = 'getAttachment' THEN opened_at < ${longBefore} ELSE opened_at >= ${from} END
      RETURNING id, message_id, operation, attempt
    ), told AS (
      INSERT INTO failure (at, type, call_id, message_id, activity, attempt, detail)
      SELECT ${now}::timestamptz, 'CallAbandoned', id, message_id, operation, attempt,
             'The attempt that opened the call wrote down no end of it within its time.'
      FROM abandoned
    )
    SELECT id FROM abandoned`;
  return rows.map((row) => row.id);
}
