import type { Sql } from '../ledger/database.js';

/** Where everything is, by the ledger alone. */
export interface Status {
  stored: number;
  /** Inbound messages that we wrote ourselves to measure the provider; in no figure below. */
  canaries: number;
  inbound: number;
  /** By disposition. */
  ended: Record<string, number>;
  /** By kind. */
  waiting: Record<string, number>;
  parked: { intake: number; lifecycle: number };
  /** Recorded or carried, and not waiting. */
  inFlight: number;
  threads: { known: number; gone: number; due: number };
  calls: { made: number; failed: number; unfinished: number };
  /** What a person has to lift or decide: stops in force, and what they hold; drafts that wait. */
  forPeople: { stops: number; held: number; drafts: number };
  /** Alarms that nobody has taken up. */
  alarms: { open: number };
  /** The loosest guarantee in force of any source, as a share of the silence; null before the first plan. */
  guarantee: { share: number; wantedShare: number } | null;
}

const tally = (rows: readonly { key: string | null; n: number }[]): Record<string, number> =>
  Object.fromEntries(rows.map((row) => [row.key ?? 'none', row.n]));

export async function readStatus(db: Sql, now: Date): Promise<Status> {
  const states = await db.$queryRaw<{ direction: string; state: string; key: string | null; n: number }[]>`
    SELECT direction, CASE WHEN reason = 'canary' THEN 'canary' ELSE state END AS state,
           COALESCE(disposition, waiting_kind) AS key, count(*)::int AS n FROM message GROUP BY 1, 2, 3`;
  const [parks] = await db.$queryRaw<{ n: number }[]>`SELECT count(*)::int AS n FROM park WHERE state = 'parked'`;
  const [threads] = await db.$queryRaw<{ known: number; gone: number; due: number }[]>`
    SELECT count(*)::int AS known, count(gone_at)::int AS gone,
           (SELECT count(*)::int FROM thread_due WHERE due_at <= ${now}) AS due FROM thread`;
  const [calls] = await db.$queryRaw<{ made: number; failed: number; unfinished: number }[]>`
    SELECT count(*)::int AS made, count(failure)::int AS failed, count(*) FILTER (WHERE finished_at IS NULL)::int AS unfinished
    FROM provider_call`;
  const [alarms] = await db.$queryRaw<{ open: number }[]>`
    SELECT count(*)::int AS open FROM alarm WHERE state = 'open'`;
  const [guarantee] = await db.$queryRaw<{ share: number; wantedShare: number }[]>`
    SELECT stated_share AS share, wanted_share AS "wantedShare" FROM visit_plan ORDER BY stated_share DESC LIMIT 1`;
  const [held] = await db.$queryRaw<{ stops: number; drafts: number }[]>`
    SELECT (SELECT count(*)::int FROM sending_stop WHERE lifted_at IS NULL) AS stops,
           (SELECT count(*)::int FROM approval WHERE settled_at IS NULL) AS drafts`;
  const canaries = states.filter((row) => row.state === 'canary');
  const inbound = states.filter((row) => row.direction === 'inbound' && row.state !== 'canary');
  const count = (rows: readonly { n: number }[]) => rows.reduce((sum, row) => sum + row.n, 0);
  return {
    stored: count(states),
    canaries: count(canaries),
    inbound: count(inbound),
    ended: tally(mergeByKey(states.filter((row) => row.state === 'ended'))),
    waiting: tally(mergeByKey(states.filter((row) => row.state === 'waiting'))),
    parked: { intake: parks?.n ?? 0, lifecycle: count(states.filter((row) => row.state === 'parked')) },
    inFlight: count(states.filter((row) => row.state === 'recorded' || row.state === 'carried')),
    threads: threads ?? { known: 0, gone: 0, due: 0 },
    calls: calls ?? { made: 0, failed: 0, unfinished: 0 },
    forPeople: {
      stops: held?.stops ?? 0,
      held: count(states.filter((row) => row.state === 'waiting' && row.key === 'stopped')),
      drafts: held?.drafts ?? 0,
    },
    alarms: alarms ?? { open: 0 },
    guarantee: guarantee ?? null,
  };
}

function mergeByKey(rows: readonly { key: string | null; n: number }[]): { key: string | null; n: number }[] {
  const sums = new Map<string | null, number>();
  for (const { key, n } of rows) sums.set(key, (sums.get(key) ?? 0) + n);
  return [...sums].map(([key, n]) => ({ key, n }));
}
