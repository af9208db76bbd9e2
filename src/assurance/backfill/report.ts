import type {
  BackfillCause,
  BackfillDirection,
  BackfillHold,
  BackfillMode,
  BackfillState,
} from '../../domain/backfill.js';
import {
  type Claim,
  claimOf,
  type LossRun,
  lossRuns,
  type MonthCounts,
  NO_MONTH,
  shareOf,
  totalOf,
} from '../../domain/backfill-figures.js';
import { DEFAULT_TIMING, type Timing } from '../../domain/timing.js';
import { only, type Sql } from '../../ledger/database.js';
import { type FiguresBefore, figuresBefore } from './before.js';
import { type BackfillCalls, readCalls } from './calls.js';
import { type Found, readFound } from './found.js';
import { readGaps } from './gaps.js';
import { marksOf } from './marks.js';

/** What a report is about, as the ledger has it. */
export interface ReportedBackfill {
  id: string;
  source: string;
  name: string;
  mode: BackfillMode;
  direction: BackfillDirection;
  from: Date;
  to: Date;
  state: BackfillState;
  hold: BackfillHold | null;
  askedBy: string;
  askedAt: Date;
  begunAt: Date | null;
  endedAt: Date | null;
}

export interface MonthRow extends MonthCounts {
  /** As 2026-01, by the stamp of each message; by that of its thread where it has none. UTC. */
  month: string;
  missed: number;
  missedInbound: number;
  missedShare: number | null;
  /** Ours once its thread was read. */
  after: number;
}

export interface BeforeAndAfter {
  before: Claim;
  after: Claim;
}

export interface BackfillReport {
  backfill: ReportedBackfill;
  asOf: Date;
  /** Whether it has walked its whole interval; the figures of one that has not are those of what is behind it. */
  finished: boolean;
  /** Whether nothing of its interval was left out: every part listed, every thread read whole or gone. */
  whole: boolean;
  /** What bounds the figures, a sentence each. */
  marks: string[];
  /** Known before a listing of the backfill named them; held now. */
  threads: { listed: number; known: number; held: number; read: number; gone: number; unread: number; open: number };
  /** Of the threads that were read whole. Right before each was read: known; not known: missed. */
  messages: { shown: number; known: number; missed: number; after: number; parked: number };
  inbound: { shown: number; known: number; missed: number };
  months: MonthRow[];
  /** Messages that the provider shows for each that was ours; null where none was. */
  multiplier: number | null;
  /** Shares of what the provider holds of the interval. */
  coverage: { messages: BeforeAndAfter; inbound: BeforeAndAfter; threads: BeforeAndAfter };
  /** Shares of the interval that exhausted listings covered, which says nothing of what a list does not show. */
  listed: { before: number | null; after: number | null };
  automation: {
    answered: number;
    /** Of the inbound messages that were held before: what a dashboard of ours would have shown. */
    claimed: number | null;
    /** The same of the inbound messages that the provider shows. */
    truth: Claim;
    /** Answered by now. */
    answeredNow: number;
    now: Claim;
  };
  found: Omit<Found, 'days' | 'lacking'>;
  gaps: {
    unlisted: { from: Date; to: Date; because: string }[];
    /** Creation time that was tried in vain, and that it has not come to, ms. */
    unlistedMs: number;
    aheadMs: number;
    days: LossRun[];
    unread: { threadId: string | null; createdAt: Date; because: string }[];
  };
  samples: Sample[];
  calls: BackfillCalls;
}

export interface Sample {
  cause: BackfillCause;
  /** Ours; null where the mode stores nothing. */
  messageId: string | null;
  direction: string;
  month: string;
  /** The command that tells its story. */
  trace: string;
}

const LONGEST_RUNS = 10;
const SAMPLES_PER_CAUSE = 3;

/**
 * What a backfill found out, from the ledger alone: what the provider holds, what was ours, what had been missed and why. Exact for
 * the threads that were read whole; of the interval only where nothing was left out.
 * @throws WaybillError LedgerConflict where there is no such backfill
 */
export async function reportBackfill(
  db: Sql,
  backfillId: string,
  now: Date,
  timing: Timing = DEFAULT_TIMING,
): Promise<BackfillReport> {
  const { before: kept, ...backfill } = await readReported(db, backfillId);
  const { source, from, to, mode, state, begunAt, endedAt } = backfill;
  const until = endedAt ?? now;
  const threads = await countThreads(db, backfillId);
  const counts = await countMonths(db, backfillId);
  const total = totalOf(counts);
  const missed = total.shown - total.known;
  const { days, lacking, ...found } = await readFound(db, {
    backfillId,
    missed,
    toleranceMs: timing.originToleranceMs,
  });
  const months = monthRows(counts, lacking);
  const after = months.reduce((sum, month) => sum + month.after, 0);
  const lackingInbound = Math.min(total.shownInbound - total.knownInbound, await countLacking(db, backfillId));
  const gaps = await readGaps(db, backfill);
  const finished = state === 'done';
  const isListed = gaps.unlistedMs === 0 && gaps.aheadMs === 0;
  const whole = isListed && threads.unread === 0 && threads.open === 0;
  const beside = whole ? { messages: 0, inbound: 0, threads: 0 } : await heldBeside(db, backfill);
  const held = isOf(kept, backfill) ? kept : await figuresBefore(db, { source, from, to, at: begunAt });
  const current = await figuresBefore(db, { source, from, to });
  const ofAll = (part: number) => claimOf(part, total.shown, { whole, beside: beside.messages });
  const ofInbound = (part: number) => claimOf(part, total.shownInbound, { whole, beside: beside.inbound });
  const ofThreads = (part: number) => claimOf(part, threads.listed, { whole: isListed, beside: beside.threads });
  const ofTruth = (part: number): Claim => {
    const claim = claimOf(part, total.shownInbound + (whole ? 0 : beside.inbound), { whole: true, beside: 0 });
    return whole || claim.state === 'unknown' || claim.share === 0 ? claim : { ...claim, state: 'at_most' };
  };
  const report: Omit<BackfillReport, 'marks'> = {
    backfill,
    asOf: now,
    finished,
    whole,
    threads,
    messages: { shown: total.shown, known: total.known, missed, after, parked: await countParked(db, backfillId) },
    inbound: { shown: total.shownInbound, known: total.knownInbound, missed: total.shownInbound - total.knownInbound },
    months,
    multiplier: shareOf(total.shown, total.known),
    coverage: {
      messages: { before: ofAll(total.known), after: ofAll(after) },
      inbound: { before: ofInbound(total.knownInbound), after: ofInbound(total.shownInbound - lackingInbound) },
      threads: { before: ofThreads(threads.known), after: ofThreads(mode === 'report' ? threads.known : threads.held) },
    },
    listed: { before: held.listedShare, after: current.listedShare },
    automation: {
      answered: held.answered,
      claimed: shareOf(held.answered, held.inbound),
      truth: ofTruth(held.answered),
      answeredNow: current.answered,
      now: ofTruth(current.answered),
    },
    found,
    gaps: { ...gaps, days: lossRuns(days).slice(0, LONGEST_RUNS) },
    samples: await readSamples(db, backfillId),
    calls: await readCalls(db, { backfillId, source, begunAt, until, timing }),
  };
  return { ...report, marks: marksOf(report) };
}

/** Whether the figures that were kept are of the interval as it is now: one that was extended is counted anew, as of its beginning. */
const isOf = (kept: FiguresBefore | null, { from, to }: ReportedBackfill): kept is FiguresBefore =>
  kept?.from === from.toISOString() && kept.to === to.toISOString();

async function readReported(db: Sql, id: string): Promise<ReportedBackfill & { before: FiguresBefore | null }> {
  return only(
    await db.$queryRaw<(ReportedBackfill & { before: FiguresBefore | null })[]>`
      SELECT id, source, name, mode, direction, from_at AS "from", to_at AS "to", state, hold, asked_by AS "askedBy", asked_at AS "askedAt",
             begun_at AS "begunAt", ended_at AS "endedAt", before
      FROM backfill WHERE id = ${id}::uuid`,
    `backfill ${id}`,
  );
}

async function countThreads(db: Sql, id: string): Promise<BackfillReport['threads']> {
  return only(
    await db.$queryRaw<BackfillReport['threads'][]>`
      SELECT count(*)::int AS listed, (count(*) FILTER (WHERE known))::int AS known,
             (count(thread_id))::int AS held, (count(*) FILTER (WHERE state = 'read'))::int AS read,
             (count(*) FILTER (WHERE state = 'gone'))::int AS gone, (count(*) FILTER (WHERE state = 'unread'))::int AS unread,
             (count(*) FILTER (WHERE state IN ('listed', 'taken')))::int AS open
      FROM backfill_thread WHERE backfill_id = ${id}::uuid`,
    `threads of backfill ${id}`,
  );
}

async function countMonths(db: Sql, id: string): Promise<Record<string, MonthCounts>> {
  const rows = await db.$queryRaw<({ month: string } & MonthCounts)[]>`
    SELECT m.key AS month, sum((m.value ->> 'shown')::int)::int AS shown, sum((m.value ->> 'known')::int)::int AS known,
           sum((m.value ->> 'shownInbound')::int)::int AS "shownInbound", sum((m.value ->> 'knownInbound')::int)::int AS "knownInbound"
    FROM backfill_thread t, jsonb_each(t.months) AS m WHERE t.backfill_id = ${id}::uuid AND t.state = 'read' GROUP BY 1`;
  return Object.fromEntries(rows.map(({ month, ...counts }) => [month, counts]));
}

function monthRows(
  counts: Readonly<Record<string, MonthCounts>>,
  lacking: Readonly<Record<string, number>>,
): MonthRow[] {
  return Object.keys(counts)
    .sort()
    .map((month) => {
      const { shown, known, shownInbound, knownInbound } = counts[month] ?? NO_MONTH;
      const missed = shown - known;
      const missedInbound = shownInbound - knownInbound;
      const after = shown - Math.min(missed, lacking[month] ?? 0);
      const missedShare = shareOf(missed, shown);
      return { month, shown, known, shownInbound, knownInbound, missed, missedInbound, missedShare, after };
    });
}

/** Inbound messages that were found in threads read whole and are not stored. */
async function countLacking(db: Sql, id: string): Promise<number> {
  const rows = await db.$queryRaw<{ n: number }[]>`
    SELECT count(*)::int AS n FROM backfill_find f JOIN backfill_thread t USING (backfill_id, provider_thread_id)
    WHERE f.backfill_id = ${id}::uuid AND f.message_id IS NULL AND f.direction = 'inbound' AND t.state = 'read'`;
  return only(rows, 'finds that are not stored').n;
}

/** Rows that could not be read, as often as they came: a row on two readings of its thread counts twice. */
async function countParked(db: Sql, id: string): Promise<number> {
  const rows = await db.$queryRaw<{ n: number }[]>`
    SELECT COALESCE(sum(parked), 0)::int AS n FROM backfill_thread WHERE backfill_id = ${id}::uuid`;
  return only(rows, 'rows that were parked').n;
}

/** What was ours without it of threads of the interval that it has not read whole: it may be all that the provider holds of them. */
async function heldBeside(
  db: Sql,
  { id, source, from, to }: ReportedBackfill,
): Promise<{ messages: number; inbound: number; threads: number }> {
  return only(
    await db.$queryRaw<{ messages: number; inbound: number; threads: number }[]>`
      SELECT count(m.id)::int AS messages, (count(m.id) FILTER (WHERE m.direction = 'inbound'))::int AS inbound,
             (count(DISTINCT t.id) FILTER (WHERE b.state IS NULL))::int AS threads
      FROM thread t
      LEFT JOIN backfill_thread b ON b.backfill_id = ${id}::uuid AND b.provider_thread_id = t.provider_thread_id
      LEFT JOIN message m ON m.thread_id = t.id AND m.backfill_id IS DISTINCT FROM ${id}::uuid AND m.gone_at IS NULL
      WHERE t.source = ${source} AND t.created_at >= ${from} AND t.created_at < ${to} AND b.state IS DISTINCT FROM 'read'`,
    'what is held beside a backfill',
  );
}

/** A few of each cause, inbound ones first, in an order that has nothing to do with time. */
async function readSamples(db: Sql, id: string): Promise<Sample[]> {
  const rows = await db.$queryRaw<(Omit<Sample, 'trace'> & { providerId: string })[]>`
    SELECT cause, message_id AS "messageId", direction, to_char(month, 'YYYY-MM') AS month, provider_message_id AS "providerId"
    FROM (
      SELECT *, row_number() OVER (PARTITION BY cause ORDER BY direction, md5(provider_message_id)) AS place
      FROM backfill_find WHERE backfill_id = ${id}::uuid) AS found
    WHERE place <= ${SAMPLES_PER_CAUSE} ORDER BY cause, place`;
  return rows.map(({ providerId, ...row }) => ({
    ...row,
    trace: `waybill trace ${row.messageId ?? quoted(providerId)}`,
  }));
}

/** As a shell takes it for one word, whatever the provider put into it. */
const quoted = (id: string): string =>
  /^[\w.:@-]+$/.test(id) && !id.startsWith('-') ? id : `'${id.replaceAll("'", `'\\''`)}'`;
