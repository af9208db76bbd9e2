/** Tables that grow with traffic and are kept for a time: one partition a month, in the schema "partitions". */
export const PARTITIONED = ['provider_call', 'lifecycle_event', 'message_body'] as const;

const MONTHS_BEHIND = 1;
const MONTHS_AHEAD = 3;

const firstOfMonth = (instant: Date, offset: number): Date =>
  new Date(Date.UTC(instant.getUTCFullYear(), instant.getUTCMonth() + offset, 1));

/**
 * Makes the partitions from one month before `now` to three months ahead; those that exist stay as they are. A row of a month
 * without partition is refused by Postgres, so this runs at every migration and by the upkeep schedule.
 */
export async function ensurePartitions(run: (sql: string) => Promise<unknown>, now: Date): Promise<string[]> {
  const names: string[] = [];
  for (const table of PARTITIONED) {
    for (let offset = -MONTHS_BEHIND; offset <= MONTHS_AHEAD; offset++) {
      const from = firstOfMonth(now, offset);
      const to = firstOfMonth(now, offset + 1);
      const name = `${table}_${from.toISOString().slice(0, 7).replace('-', '_')}`;
      await run(
        `CREATE TABLE IF NOT EXISTS "partitions"."${name}" PARTITION OF "${table}"
         FOR VALUES FROM ('${from.toISOString()}') TO ('${to.toISOString()}')`,
      );
      names.push(name);
    }
  }
  return names;
}
