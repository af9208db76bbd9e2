import type { Sql } from '../ledger/database.js';

/** What people should know once a day: counts, times and ids, and nothing that a customer wrote. */
export interface Digest {
  since: Date;
  until: Date;
  cases: {
    opened: number;
    resolved: number;
    /** By how they ended. */
    resolutions: Record<string, number>;
    open: number;
    unassigned: number;
    overdue: number;
    /** Milliseconds from opening to end, of those resolved in the period; null where there was none. */
    tookMs: { median: number; p95: number } | null;
    oldestOpenedAt: Date | null;
    overdueIds: string[];
  };
  messages: {
    recorded: number;
    /** Ended in the period, by disposition. */
    ended: Record<string, number>;
    /** Now, by what they wait for; `stopped` are held because sending is stopped. */
    waiting: Record<string, number>;
    /** Now. */
    parked: { intake: number; lifecycle: number };
  };
  handOffs: {
    /** Now, by state. */
    states: Record<string, number>;
    /** Acknowledged in the period. */
    acknowledged: number;
    /** Taken by a platform and never finished. */
    overdueIds: string[];
  };
  alarms: { open: number };
}

const NAMED = 20;

const tally = (rows: readonly { key: string | null; n: number }[]): Record<string, number> =>
  Object.fromEntries(rows.map(({ key, n }) => [key ?? 'none', n]));

/** The digest of a period, `[since, until)`; what is open counts as of now. */
export async function readDigest(db: Sql, { since, until }: { since: Date; until: Date }, now: Date): Promise<Digest> {
  const [cases, messages, handOffs, [alarms]] = await Promise.all([
    digestOfCases(db, { since, until }, now),
    digestOfMessages(db, { since, until }),
    digestOfHandOffs(db, { since, until }),
    db.$queryRaw<{ open: number }[]>`SELECT count(*)::int AS open FROM alarm WHERE state = 'open'`,
  ]);
  return { since, until, cases, messages, handOffs, alarms: alarms ?? { open: 0 } };
}

interface Period {
  since: Date;
  until: Date;
}

async function digestOfCases(db: Sql, { since, until }: Period, now: Date): Promise<Digest['cases']> {
  const [counts] = await db.$queryRaw<
    {
      opened: number;
      open: number;
      unassigned: number;
      overdue: number;
      oldest: Date | null;
      median: number | null;
      p95: number | null;
    }[]
  >`
    SELECT count(*) FILTER (WHERE opened_at >= ${since} AND opened_at < ${until})::int AS opened,
           count(*) FILTER (WHERE state = 'open')::int AS open,
           count(*) FILTER (WHERE state = 'open' AND owner IS NULL)::int AS unassigned,
           count(*) FILTER (WHERE state = 'open' AND due_at <= ${now})::int AS overdue,
           min(opened_at) FILTER (WHERE state = 'open') AS oldest,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY took_ms) FILTER (WHERE resolved_at >= ${since} AND resolved_at < ${until}) AS median,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY took_ms) FILTER (WHERE resolved_at >= ${since} AND resolved_at < ${until}) AS p95
    FROM "case"`;
  const ends = await db.$queryRaw<{ key: string; n: number }[]>`
    SELECT resolution AS key, count(*)::int AS n FROM "case" WHERE resolved_at >= ${since} AND resolved_at < ${until} GROUP BY 1`;
  const late = await db.$queryRaw<{ id: string }[]>`
    SELECT id FROM "case" WHERE state = 'open' AND due_at <= ${now} ORDER BY due_at, id LIMIT ${NAMED}`;
  const { opened = 0, open = 0, unassigned = 0, overdue = 0, oldest = null, median = null, p95 = null } = counts ?? {};
  return {
    opened,
    resolved: ends.reduce((sum, { n }) => sum + n, 0),
    resolutions: tally(ends),
    open,
    unassigned,
    overdue,
    tookMs: median === null || p95 === null ? null : { median: Math.round(median), p95: Math.round(p95) },
    oldestOpenedAt: oldest,
    overdueIds: late.map(({ id }) => id),
  };
}

async function digestOfMessages(db: Sql, { since, until }: Period): Promise<Digest['messages']> {
  const [recorded] = await db.$queryRaw<{ n: number }[]>`
    SELECT count(*)::int AS n FROM message
    WHERE direction = 'inbound' AND first_seen_at >= ${since} AND first_seen_at < ${until} AND reason IS DISTINCT FROM 'canary'`;
  const ended = await db.$queryRaw<{ key: string; n: number }[]>`
    SELECT disposition AS key, count(*)::int AS n FROM message
    WHERE direction = 'inbound' AND ended_at >= ${since} AND ended_at < ${until} AND reason IS DISTINCT FROM 'canary' GROUP BY 1`;
  const waiting = await db.$queryRaw<{ key: string; n: number }[]>`
    SELECT waiting_kind AS key, count(*)::int AS n FROM message WHERE state = 'waiting' GROUP BY 1`;
  const [parked] = await db.$queryRaw<{ intake: number; lifecycle: number }[]>`
    SELECT (SELECT count(*)::int FROM park WHERE state = 'parked') AS intake,
           (SELECT count(*)::int FROM message WHERE state = 'parked') AS lifecycle`;
  return {
    recorded: recorded?.n ?? 0,
    ended: tally(ended),
    waiting: tally(waiting),
    parked: parked ?? { intake: 0, lifecycle: 0 },
  };
}

async function digestOfHandOffs(db: Sql, { since, until }: Period): Promise<Digest['handOffs']> {
  const states = await db.$queryRaw<{ key: string; n: number }[]>`
    SELECT state AS key, count(*)::int AS n FROM hand_off GROUP BY 1`;
  const [taken] = await db.$queryRaw<{ n: number }[]>`
    SELECT count(*)::int AS n FROM hand_off WHERE acknowledged_at >= ${since} AND acknowledged_at < ${until}`;
  const late = await db.$queryRaw<{ id: string }[]>`
    SELECT message_id AS id FROM hand_off WHERE state = 'overdue' AND outcome IS NULL ORDER BY deadline_at, message_id LIMIT ${NAMED}`;
  return { states: tally(states), acknowledged: taken?.n ?? 0, overdueIds: late.map(({ id }) => id) };
}
