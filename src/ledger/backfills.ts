import type {
  BackfillDirection,
  BackfillHold,
  BackfillHours,
  BackfillMode,
  BackfillPace,
  BackfillPolicy,
  BackfillState,
} from '../domain/backfill.js';
import { nextInterval, ownShare } from '../domain/backfill-walk.js';
import type { Interval } from '../domain/interval.js';
import { type Database, only, type Sql } from './database.js';

export interface Backfill {
  id: string;
  source: string;
  name: string;
  workflowId: string;
  /** The first run of its workflow; null until that has begun. */
  runId: string | null;
  mode: BackfillMode;
  policy: BackfillPolicy | null;
  direction: BackfillDirection;
  from: Date;
  to: Date;
  widthMs: number;
  pace: BackfillPace;
  ownQueue: boolean;
  /** Where its next listing begins, seen in its direction. */
  position: Date;
  state: BackfillState;
  hold: BackfillHold | null;
  holdSince: Date | null;
  holdUntil: Date | null;
  hours: BackfillHours | null;
  askedBy: string;
  askedAt: Date;
  begunAt: Date | null;
  endedAt: Date | null;
  /** Whether what was true before its first call is kept. */
  hasBefore: boolean;
}

export interface NewBackfill {
  source: string;
  name: string;
  workflowId: string;
  mode: BackfillMode;
  policy: BackfillPolicy | null;
  direction: BackfillDirection;
  from: Date;
  to: Date;
  pace: BackfillPace;
  ownQueue: boolean;
  hours: BackfillHours | null;
  /** Width of its first listing, ms. */
  widthMs: number;
  askedBy: string;
  now: Date;
}

type Row = Omit<Backfill, 'widthMs'> & { widthMs: bigint };

const ofRow = ({ widthMs, ...row }: Row): Backfill => ({ ...row, widthMs: Number(widthMs) });

/** Writes down that a backfill is wanted; null where another one of the source is open. */
export async function createBackfill(db: Sql, wanted: NewBackfill): Promise<Backfill | null> {
  const { source, name, workflowId, mode, policy, direction, from, to, pace, ownQueue, hours, widthMs, askedBy, now } =
    wanted;
  const position = direction === 'newest_first' ? to : from;
  const [made] = await db.$queryRaw<{ id: string }[]>`
    INSERT INTO backfill (source, name, workflow_id, mode, policy, direction, from_at, to_at, width_ms, pace, own_queue, position_at,
                          state, hours, asked_by, asked_at)
    VALUES (${source}, ${name}, ${workflowId}, ${mode}, ${policy === null ? null : JSON.stringify(policy)}::jsonb, ${direction}, ${from},
            ${to}, ${widthMs}::bigint, ${JSON.stringify(pace)}::jsonb, ${ownQueue}, ${position}, 'running',
            ${hours === null ? null : JSON.stringify(hours)}::jsonb, ${askedBy}, ${now})
    ON CONFLICT (source) WHERE ended_at IS NULL DO NOTHING RETURNING id`;
  return made ? readBackfill(db, made.id) : null;
}

export async function readBackfill(db: Sql, id: string): Promise<Backfill> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT id, source, name, workflow_id AS "workflowId", run_id AS "runId", mode, policy, direction, from_at AS "from", to_at AS "to",
           width_ms AS "widthMs", pace, own_queue AS "ownQueue", position_at AS "position", state, hold, hold_since AS "holdSince",
           hold_until AS "holdUntil", hours, asked_by AS "askedBy", asked_at AS "askedAt", begun_at AS "begunAt", ended_at AS "endedAt",
           before IS NOT NULL AS "hasBefore"
    FROM backfill WHERE id = ${id}::uuid`;
  return ofRow(only(rows, `backfill ${id}`));
}

/** The same, held until the transaction ends. */
export async function lockBackfill(tx: Sql, id: string): Promise<Backfill> {
  await tx.$queryRaw`SELECT 1 FROM backfill WHERE id = ${id}::uuid FOR UPDATE`;
  return readBackfill(tx, id);
}

/** The newest of a source, or of all; the open one is the newest. */
export async function listBackfills(db: Sql, source: string | null, limit: number): Promise<Backfill[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT id FROM backfill WHERE ${source}::text IS NULL OR source = ${source} ORDER BY asked_at DESC, id DESC LIMIT ${limit}`;
  return Promise.all(rows.map(({ id }) => readBackfill(db, id)));
}

/** The one that is walking a source; null where none is. */
export async function openBackfillOf(db: Sql, source: string): Promise<Backfill | null> {
  const [row] = await db.$queryRaw<
    { id: string }[]
  >`SELECT id FROM backfill WHERE source = ${source} AND ended_at IS NULL`;
  return row ? readBackfill(db, row.id) : null;
}

/** Of what a source may be asked per second, the part of an open backfill with a queue of its own; null where there is none. */
export async function ownQueueRate(db: Sql, source: string, rate: number): Promise<number | null> {
  const backfill = await openBackfillOf(db, source);
  return backfill?.ownQueue ? ownShare(rate, backfill.pace.perSecond) : null;
}

/**
 * Its workflow takes it up: a first run begins it, a later one of the same chain goes on. Threads that a run before had in hand and
 * did not pass on are listed again. Null where it has ended.
 */
export async function beginBackfill(
  db: Database,
  id: string,
  { firstRunId, inHand, now }: { firstRunId: string; inHand: readonly string[]; now: Date },
): Promise<Backfill | null> {
  return db.transaction(async (tx) => {
    const begun = await tx.$executeRaw`
      UPDATE backfill SET run_id = ${firstRunId}, begun_at = COALESCE(begun_at, ${now}::timestamptz) WHERE id = ${id}::uuid AND ended_at IS NULL`;
    if (begun === 0) return null;
    await tx.$executeRaw`
      UPDATE backfill_thread SET state = 'listed'
      WHERE backfill_id = ${id}::uuid AND state = 'taken' AND id <> ALL (${[...inHand]}::uuid[])`;
    return readBackfill(tx, id);
  });
}

/** Keeps what was true before the first call, once. */
export const keepBefore = (tx: Sql, id: string, before: unknown) =>
  tx.$executeRaw`UPDATE backfill SET before = ${JSON.stringify(before)}::jsonb WHERE id = ${id}::uuid AND before IS NULL`;

/** The creation interval that is to be listed next; null where all of them are. */
export async function intervalToList(db: Sql, id: string, coveringWidthMs = 0): Promise<Interval | null> {
  const { from, to, direction, widthMs } = await readBackfill(db, id);
  const rows = await db.$queryRaw<{ from: Date; to: Date }[]>`
    SELECT from_at AS from, to_at AS to FROM backfill_listing WHERE backfill_id = ${id}::uuid`;
  const listed = rows.map((row) => ({ from: row.from.getTime(), to: row.to.getTime() }));
  return nextInterval({ from: from.getTime(), to: to.getTime() }, listed, { direction, widthMs, coveringWidthMs });
}

export interface EndOfListing {
  backfillId: string;
  interval: { from: Date; to: Date };
  /** Why no reading of it counts; null where one does. */
  because: string | null;
  /** Width of the next one, ms. */
  widthMs: number;
  now: Date;
}

/**
 * The interval is behind us, listed or not: what could not be listed is named, and the walk goes on. One that is wider than the next
 * one will be is not given up yet: it is listed in parts.
 */
export async function closeBackfillListing(db: Database, ended: EndOfListing): Promise<void> {
  const { backfillId: id, interval, because, widthMs, now } = ended;
  const isWide = because !== null && interval.to.getTime() - interval.from.getTime() >= 2 * widthMs;
  await db.transaction(async (tx) => {
    if (!isWide)
      await tx.$executeRaw`
      INSERT INTO backfill_listing (backfill_id, from_at, to_at, outcome, because, at)
      VALUES (${id}::uuid, ${interval.from}, ${interval.to}, ${because === null ? 'listed' : 'unlisted'}, ${because}, ${now})
      ON CONFLICT (backfill_id, from_at, to_at) DO UPDATE SET outcome = excluded.outcome, because = excluded.because, at = excluded.at`;
    await tx.$executeRaw`UPDATE backfill SET width_ms = ${widthMs}::bigint WHERE id = ${id}::uuid`;
    const next = await intervalToList(tx, id);
    const { direction, from, to, position } = await readBackfill(tx, id);
    const edge = direction === 'newest_first' ? (next?.to ?? from.getTime()) : (next?.from ?? to.getTime());
    if (edge !== position.getTime())
      await tx.$executeRaw`UPDATE backfill SET position_at = ${new Date(edge)} WHERE id = ${id}::uuid`;
  });
}

/** Says why it makes no calls, or that it does; gives whether that is new. Only a person takes back the pause of a person. */
export async function holdBackfill(
  db: Sql,
  id: string,
  {
    hold,
    until,
    now,
    byPerson = false,
  }: { hold: BackfillHold | null; until: Date | null; now: Date; byPerson?: boolean },
): Promise<boolean> {
  const changed = await db.$executeRaw`
    UPDATE backfill SET hold = ${hold}, hold_until = ${until}, hold_since = CASE WHEN ${hold}::text IS NULL THEN NULL ELSE ${now}::timestamptz END
    WHERE id = ${id}::uuid AND ended_at IS NULL AND hold IS DISTINCT FROM ${hold}
      AND (${byPerson} OR hold IS DISTINCT FROM 'person')`;
  return changed > 0;
}

/**
 * Ends it; gives whether it has ended. It is not `done` while anything is still to be listed or read, whatever its workflow
 * believes; and what could not be listed or read is tried once more before that.
 */
export async function endBackfill(
  db: Database,
  id: string,
  { state, now }: { state: 'done' | 'cancelled' | 'failed'; now: Date },
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const [open] = await tx.$queryRaw<{ tried: boolean }[]>`
      SELECT again_at IS NOT NULL AS tried FROM backfill WHERE id = ${id}::uuid AND ended_at IS NULL FOR UPDATE`;
    if (!open) return true;
    if (state === 'done' && (await isOwed(tx, id))) return false;
    if (state === 'done' && !open.tried) {
      await tx.$executeRaw`UPDATE backfill SET again_at = ${now} WHERE id = ${id}::uuid`;
      if (await tryAgain(tx, id)) return false;
    }
    await tx.$executeRaw`
      UPDATE backfill SET state = ${state}, ended_at = ${now}, hold = NULL, hold_since = NULL, hold_until = NULL WHERE id = ${id}::uuid`;
    await spreadUnread(tx, id, now);
    return true;
  });
}

/** Threads that a worker took and died with are listed again. */
async function isOwed(tx: Sql, id: string): Promise<boolean> {
  await tx.$executeRaw`UPDATE backfill_thread SET state = 'listed' WHERE backfill_id = ${id}::uuid AND state = 'taken'`;
  const listed = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM backfill_thread WHERE backfill_id = ${id}::uuid AND state = 'listed' LIMIT 1`;
  return listed.length > 0 || (await intervalToList(tx, id)) !== null;
}

async function tryAgain(tx: Sql, id: string): Promise<boolean> {
  const threads = await tx.$executeRaw`
    UPDATE backfill_thread SET state = 'listed', because = NULL, closed_at = NULL WHERE backfill_id = ${id}::uuid AND state = 'unread'`;
  const listings = await tx.$executeRaw`
    DELETE FROM backfill_listing WHERE backfill_id = ${id}::uuid AND outcome = 'unlisted'`;
  return threads + listings > 0;
}

const SPREAD_MS = 86_400_000;

/** Live visits take up what it found and did not read, over a day: at once they would all be late. */
const spreadUnread = (tx: Sql, id: string, now: Date): Promise<number> =>
  tx.$executeRaw`
    UPDATE thread_due d SET due_at = LEAST(d.due_at, ${now}::timestamptz + owed.share * ${SPREAD_MS}::float8 * interval '1 millisecond')
    FROM (SELECT t.id, percent_rank() OVER (ORDER BY b.position) AS share
          FROM backfill_thread b JOIN thread t ON t.id = b.thread_id
          WHERE b.backfill_id = ${id}::uuid AND b.state IN ('listed', 'taken', 'unread') AND t.first_seen_by = 'backfill'
            AND t.read_whole_at IS NULL) AS owed
    WHERE d.thread_id = owed.id`;

export interface BackfillRate {
  /** Calls made so far, failed ones included. */
  calls: number;
  failed: number;
  /** Calls per second over the last minute in which it ran. */
  perSecond: number;
  /** Its part of what the source may be asked. */
  budgetShare: number;
  /** The slowest and the fastest tenth of its minutes; null before it has walked for some. */
  spread: { slow: number; fast: number } | null;
}

const MINUTES_FOR_A_SPREAD = 5;

/** How fast it calls, from its own rows of calls. */
export async function readBackfillRate(
  db: Sql,
  { id, source, begunAt, endedAt }: Backfill,
  now: Date,
): Promise<BackfillRate> {
  const at = endedAt ?? now;
  const since = new Date(at.getTime() - 60_000);
  const [row] = await db.$queryRaw<
    {
      calls: number;
      failed: number;
      recent: number;
      minutes: number;
      slow: number | null;
      fast: number | null;
      ceiling: number;
    }[]
  >`
    WITH mine AS (
      SELECT opened_at, failure FROM provider_call
      WHERE source = ${source} AND opened_at >= ${begunAt ?? now} AND parameters ->> 'backfill' = ${id}),
    minutes AS (SELECT count(*) / 60.0 AS rate FROM mine GROUP BY date_trunc('minute', opened_at))
    SELECT (SELECT count(*)::int FROM mine) AS calls, (SELECT count(*)::int FROM mine WHERE failure IS NOT NULL) AS failed,
           (SELECT count(*)::int FROM mine WHERE opened_at > ${since}) AS recent, (SELECT count(*)::int FROM minutes) AS minutes,
           (SELECT percentile_cont(0.1) WITHIN GROUP (ORDER BY rate)::float8 FROM minutes) AS slow,
           (SELECT percentile_cont(0.9) WITHIN GROUP (ORDER BY rate)::float8 FROM minutes) AS fast,
           (SELECT rate_per_second::float8 FROM source WHERE name = ${source}) AS ceiling`;
  if (!row) return { calls: 0, failed: 0, perSecond: 0, budgetShare: 0, spread: null };
  const seconds = Math.min(60, Math.max(1, (at.getTime() - (begunAt ?? at).getTime()) / 1_000));
  const perSecond = row.recent / seconds;
  const spread = row.minutes >= MINUTES_FOR_A_SPREAD ? { slow: row.slow ?? 0, fast: row.fast ?? 0 } : null;
  return { calls: row.calls, failed: row.failed, perSecond, budgetShare: perSecond / row.ceiling, spread };
}
