import { BACKFILL_CAUSES, type BackfillCause } from '../../domain/backfill.js';
import {
  ageOfBucket,
  type DayCounts,
  shareOf,
  THREAD_AGE_BOUNDS_MS,
  THREAD_AGES,
  type ThreadAge,
} from '../../domain/backfill-figures.js';
import { ESCALATE_REASONS, IGNORE_REASONS } from '../../domain/reasons.js';
import { ROUTES } from '../../domain/states.js';
import type { Sql } from '../../ledger/database.js';

export interface CauseRow {
  cause: BackfillCause;
  meaning: string;
  found: number;
  inbound: number;
  /** Of all that was found. */
  share: number;
}

export interface AgeRow {
  age: ThreadAge;
  meaning: string;
  found: number;
  /** Held before, of the same class, in threads that were read whole. */
  ours: number;
  missedShare: number | null;
}

export interface RouteRow {
  /** A route, the reason for which a message goes none, `outbound`, or `unknown`. */
  route: string;
  meaning: string;
  found: number;
  ours: number;
  /** Of what went, or would have gone, this way; a range where the way of messages that we hold was never decided. */
  missedShare: { least: number; most: number } | null;
}

export interface Found {
  /** Every message that it found, those of threads that it could not read whole included. */
  all: number;
  /** Of those, found and no part of the months: its thread is not read whole, or no longer shows it. */
  beside: number;
  /** Of those of the months, still not ours, by month: its mode stores nothing, or we do not know the thread. */
  lacking: Record<string, number>;
  causes: CauseRow[];
  ages: AgeRow[];
  routes: RouteRow[];
  days: DayCounts[];
}

type Row = { age: number | null; way: string | null; day: string | null; part: number; n: number };

const [BY_AGE, BY_WAY, BY_DAY] = [0b011, 0b101, 0b110];
/** What triage says of a message instead of a way; any other reason says nothing of its way. */
const TRIAGE_REASONS = [
  'own_message',
  'auto_submitted',
  'response_suppressed',
  'bounce',
  'bulk_mail',
  'spam_thread',
  'thread_status_unknown',
  'unreadable_sender',
  'empty_body',
] as const;
const UNDECIDED = 'undecided';
const WAYS: Readonly<Record<string, string>> = {
  ...IGNORE_REASONS,
  ...ESCALATE_REASONS,
  ...ROUTES,
  outbound: 'written by a person, by us or by another system',
  unknown: 'nothing is kept of its way',
};

export interface FoundInput {
  backfillId: string;
  /** Messages that the threads which were read whole showed and that were not ours. */
  missed: number;
  /** How far a stamp may lie outside the life of its thread and be believed, ms. */
  toleranceMs: number;
}

/** What a backfill found, and beside it what was ours of the same threads. */
export async function readFound(db: Sql, input: FoundInput): Promise<Found> {
  const { backfillId, missed } = input;
  const finds = await findsOf(db, backfillId);
  const ours = await oursOf(db, input);
  const causes = await db.$queryRaw<{ cause: BackfillCause; found: number; inbound: number }[]>`
    SELECT cause, count(*)::int AS found, (count(*) FILTER (WHERE direction = 'inbound'))::int AS inbound
    FROM backfill_find WHERE backfill_id = ${backfillId}::uuid GROUP BY 1 ORDER BY 2 DESC, 1`;
  const lacking = await db.$queryRaw<{ month: string; n: number }[]>`
    SELECT to_char(f.month, 'YYYY-MM') AS month, count(*)::int AS n
    FROM backfill_find f JOIN backfill_thread t USING (backfill_id, provider_thread_id)
    WHERE f.backfill_id = ${backfillId}::uuid AND f.message_id IS NULL AND t.state = 'read' GROUP BY 1`;
  const all = causes.reduce((sum, one) => sum + one.found, 0);
  return {
    all,
    beside: Math.max(0, all - missed),
    lacking: Object.fromEntries(lacking.map(({ month, n }) => [month, n])),
    causes: causes.map((one) => ({ ...one, meaning: BACKFILL_CAUSES[one.cause], share: one.found / all })),
    ages: agesOf(finds, ours),
    routes: routesOf(finds, ours),
    days: daysOf(finds, ours),
  };
}

/** A stamp that proves nothing gives neither an age nor a day. */
const findsOf = (db: Sql, backfillId: string): Promise<Row[]> =>
  db.$queryRaw<Row[]>`
    SELECT age, way, to_char(day, 'YYYY-MM-DD') AS day, GROUPING(age, way, day) AS part, count(*)::int AS n
    FROM (
      SELECT width_bucket(thread_age_ms, ${THREAD_AGE_BOUNDS_MS}::bigint[]) AS age,
             CASE WHEN direction = 'outbound' THEN 'outbound' ELSE COALESCE(route, 'unknown') END AS way,
             CASE WHEN thread_age_ms IS NOT NULL THEN (origin_at AT TIME ZONE 'UTC')::date END AS day
      FROM backfill_find WHERE backfill_id = ${backfillId}::uuid) AS found
    GROUP BY GROUPING SETS ((age), (way), (day))`;

/** Held before the thread was read, and still there, in threads that were read whole. */
const oursOf = (db: Sql, { backfillId, toleranceMs }: FoundInput): Promise<Row[]> =>
  db.$queryRaw<Row[]>`
    SELECT age, way, to_char(day, 'YYYY-MM-DD') AS day, GROUPING(age, way, day) AS part, count(*)::int AS n
    FROM (
      SELECT CASE WHEN plausible THEN width_bucket(GREATEST(age_ms, 0), ${THREAD_AGE_BOUNDS_MS}::bigint[]) END AS age, way,
             CASE WHEN plausible THEN (origin_at AT TIME ZONE 'UTC')::date END AS day
      FROM (
        SELECT m.origin_at, (EXTRACT(epoch FROM m.origin_at - t.created_at) * 1000)::bigint AS age_ms,
               m.origin_at IS NOT NULL AND m.origin_at >= t.created_at - ${toleranceMs}::float8 * interval '1 millisecond'
                 AND m.origin_at <= t.closed_at + ${toleranceMs}::float8 * interval '1 millisecond' AS plausible,
               CASE WHEN m.direction = 'outbound' THEN 'outbound' WHEN m.route IS NOT NULL THEN m.route
                    WHEN m.reason = ANY (${[...TRIAGE_REASONS]}::text[]) THEN m.reason ELSE ${UNDECIDED} END AS way
        FROM backfill_thread t JOIN message m ON m.thread_id = t.thread_id
        WHERE t.backfill_id = ${backfillId}::uuid AND t.state = 'read' AND m.gone_at IS NULL AND m.first_seen_at <= t.closed_at
          AND NOT EXISTS (SELECT 1 FROM backfill_find f
                          WHERE f.backfill_id = t.backfill_id AND f.provider_message_id = m.provider_message_id)) AS stamped) AS held
    GROUP BY GROUPING SETS ((age), (way), (day))`;

function countsBy(rows: readonly Row[], part: number, keyOf: (row: Row) => string | null): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows.filter((one) => one.part === part)) {
    const key = keyOf(row);
    if (key !== null) counts.set(key, (counts.get(key) ?? 0) + row.n);
  }
  return counts;
}

function agesOf(finds: readonly Row[], ours: readonly Row[]): AgeRow[] {
  const found = countsBy(finds, BY_AGE, (row) => ageOfBucket(row.age));
  const held = countsBy(ours, BY_AGE, (row) => ageOfBucket(row.age));
  return (Object.entries(THREAD_AGES) as [ThreadAge, string][]).map(([age, meaning]) => {
    const [missed, known] = [found.get(age) ?? 0, held.get(age) ?? 0];
    return { age, meaning, found: missed, ours: known, missedShare: shareOf(missed, missed + known) };
  });
}

function routesOf(finds: readonly Row[], ours: readonly Row[]): RouteRow[] {
  const found = countsBy(finds, BY_WAY, (row) => row.way);
  const held = countsBy(ours, BY_WAY, (row) => row.way);
  const undecided = held.get(UNDECIDED) ?? 0;
  const rows = [...found].map(([route, missed]): RouteRow => {
    const known = held.get(route) ?? 0;
    const mayBe = route === 'outbound' ? 0 : undecided;
    const missedShare =
      route === 'unknown' ? null : { least: missed / (missed + known + mayBe), most: missed / (missed + known) };
    return { route, meaning: WAYS[route] ?? route, found: missed, ours: known, missedShare };
  });
  return rows.sort((a, b) => b.found - a.found || (a.route < b.route ? -1 : 1));
}

function daysOf(finds: readonly Row[], ours: readonly Row[]): DayCounts[] {
  const found = countsBy(finds, BY_DAY, (row) => row.day);
  const held = countsBy(ours, BY_DAY, (row) => row.day);
  const days = [...new Set([...found.keys(), ...held.keys()])].sort();
  return days.map((day) => ({ day, missed: found.get(day) ?? 0, ours: held.get(day) ?? 0 }));
}
