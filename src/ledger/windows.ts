import { type CoverageInput, type OwedInterval, planWindow, type Reading, uncoveredSince } from '../domain/coverage.js';
import type { FailureType } from '../domain/failures.js';
import { floorToSecond, type Interval, overlaps } from '../domain/interval.js';
import type { Timing } from '../domain/timing.js';
import { type Database, only, type Sql } from './database.js';
import { sayListingGaps } from './listing-gaps.js';
import { readSource } from './sources.js';
import { isStopped } from './stopped-sources.js';

export interface StoredInterval {
  from: string;
  to: string;
  covering: boolean;
}

export interface OpenWindow {
  id: string;
  source: string;
  endAt: Date;
  owed: StoredInterval[];
}

/** A part of what a window owed that no reading exhausted, and what was in the way. */
export interface ListingGap extends StoredInterval {
  because: FailureType;
}

export interface WindowAccount {
  owed: number;
  listings: number;
  pages: number;
  threads: number;
  newThreads: number;
  gaps: ListingGap[];
  outcome: 'balanced' | 'open';
  /** Whether the source stood stopped when the window closed. */
  stopped: boolean;
}

/** How far the clocks of two workers may lie apart: a window's calls are looked for by when they were opened. */
const MOST_SKEW_MS = 300_000;

/** Exhausted readings that still count for the plan, and the pages of the newest one. */
export async function readReadings(
  db: Sql,
  source: string,
): Promise<{ readings: Reading[]; frontierPages: number | null }> {
  const rows = await db.$queryRaw<{ fromAt: Date; toAt: Date; begunAt: Date; pages: number }[]>`
    SELECT from_at AS "fromAt", to_at AS "toAt", begun_at AS "begunAt", pages FROM listing
    WHERE source = ${source} AND covering AND NOT superseded ORDER BY to_at`;
  const readings = rows.map((row) => ({
    from: row.fromAt.getTime(),
    to: row.toAt.getTime(),
    begunAt: row.begunAt.getTime(),
  }));
  return { readings, frontierPages: rows.at(-1)?.pages ?? null };
}

/** Exhausted readings that counted at an instant. */
export async function readReadingsAt(db: Sql, source: string, at: Date): Promise<Reading[]> {
  const rows = await db.$queryRaw<{ fromAt: Date; toAt: Date; begunAt: Date }[]>`
    SELECT from_at AS "fromAt", to_at AS "toAt", begun_at AS "begunAt" FROM listing
    WHERE source = ${source} AND covering AND exhausted_at <= ${at} AND (superseded_at IS NULL OR superseded_at > ${at})
    ORDER BY to_at`;
  return rows.map((row) => ({ from: row.fromAt.getTime(), to: row.toAt.getTime(), begunAt: row.begunAt.getTime() }));
}

const stored = (interval: OwedInterval): StoredInterval => ({
  from: new Date(interval.from).toISOString(),
  to: new Date(interval.to).toISOString(),
  covering: interval.covering,
});

export interface OpenWindowInput {
  source: string;
  runId: string;
  /** The window's end, before it is cut to whole seconds: the scheduled start time. */
  scheduledAt: Date;
  now: Date;
  timing: Timing;
}

/** Freezes what is owed, once per run: a retried or replayed window reads the same. */
export async function openWindow(db: Database, input: OpenWindowInput): Promise<OpenWindow> {
  return db.transaction(async (tx) => {
    const find = () => tx.$queryRaw<OpenWindow[]>`
      SELECT id, source, end_at AS "endAt", owed FROM poll_window WHERE run_id = ${input.runId}`;
    const [known] = await find();
    if (known) return known;
    const source = await readSource(tx, input.source);
    // A run that waited behind another was scheduled before a demand that it can meet as well.
    const meant = Math.max(input.scheduledAt.getTime(), source.demandedAt?.getTime() ?? 0);
    const end = floorToSecond(Math.min(meant, input.now.getTime()));
    const { readings, frontierPages } = await readReadings(tx, input.source);
    const plan: CoverageInput = {
      readings,
      frontierPages,
      end,
      demandedAt: source.demandedAt?.getTime() ?? null,
      failed: await failedBefore(tx, input.source),
      timing: input.timing,
    };
    // Nothing is asked of a stopped source: what it owes stays owed, and the window closes saying so.
    const owed = (await isStopped(tx, input.source)) ? [] : planWindow(plan).map(stored);
    await tx.$executeRaw`
      INSERT INTO poll_window (source, run_id, end_at, horizon_at, owed, opened_at)
      VALUES (${input.source}, ${input.runId}, ${new Date(end)}, ${new Date(end - input.timing.horizonMs)},
              ${JSON.stringify(owed)}::jsonb, ${input.now})
      ON CONFLICT (run_id) DO NOTHING`;
    return only(await find(), `window of run ${input.runId}`);
  });
}

/** What the newest closed window could not exhaust. */
async function failedBefore(tx: Sql, source: string): Promise<Interval[]> {
  const [row] = await tx.$queryRaw<{ gaps: ListingGap[] | null }[]>`
    SELECT account -> 'gaps' AS gaps FROM poll_window WHERE source = ${source} AND closed_at IS NOT NULL
    ORDER BY opened_at DESC LIMIT 1`;
  return (row?.gaps ?? [])
    .filter((gap) => gap.covering)
    .map(({ from, to }) => ({ from: Date.parse(from), to: Date.parse(to) }));
}

/** Parts of a window that could not be exhausted, as the run that listed them says. */
export interface Trouble {
  from: string;
  to: string;
  because: FailureType;
}

/**
 * Closes a window: balanced when each covering interval that it owed was exhausted, else open with its gaps named, in the account
 * and as alarms.
 */
export async function closeWindow(
  db: Database,
  windowId: string,
  now: Date,
  timing: Timing,
  troubles: readonly Trouble[] = [],
): Promise<WindowAccount> {
  return db.transaction(async (tx) => {
    const window = only(
      await tx.$queryRaw<(OpenWindow & { openedAt: Date })[]>`
        SELECT id, source, end_at AS "endAt", owed, opened_at AS "openedAt" FROM poll_window WHERE id = ${windowId}::uuid`,
      `window ${windowId}`,
    );
    const lists = await tx.$queryRaw<
      { fromAt: Date; toAt: Date; covering: boolean; begunAt: Date; pages: number; threads: number }[]
    >`
      SELECT from_at AS "fromAt", to_at AS "toAt", covering, begun_at AS "begunAt", pages, threads
      FROM listing WHERE window_id = ${windowId}::uuid`;
    const read = lists.map((row) => ({
      from: row.fromAt.getTime(),
      to: row.toAt.getTime(),
      begunAt: row.begunAt.getTime(),
    }));
    const gaps = window.owed.flatMap((owed) => {
      const whole = { from: Date.parse(owed.from), to: Date.parse(owed.to) };
      return uncoveredSince(whole, read, 0).map((gap) => ({
        ...stored({ ...gap, covering: owed.covering }),
        because: reasonOf(gap, troubles),
      }));
    });
    const [fresh] = await tx.$queryRaw<{ stored: number }[]>`
      SELECT COALESCE(sum(stored), 0)::int AS stored FROM provider_call
      WHERE source = ${window.source} AND opened_at >= ${new Date(window.openedAt.getTime() - MOST_SKEW_MS)}
        AND window_id = ${windowId}::uuid`;
    const stopped = await isStopped(tx, window.source);
    const account: WindowAccount = {
      owed: window.owed.length,
      listings: lists.length,
      pages: lists.reduce((sum, row) => sum + row.pages, 0),
      threads: lists.reduce((sum, row) => sum + row.threads, 0),
      newThreads: fresh?.stored ?? 0,
      gaps,
      outcome: stopped || gaps.some((gap) => gap.covering) ? 'open' : 'balanced',
      stopped,
    };
    await tx.$executeRaw`
      UPDATE poll_window SET closed_at = ${now}, outcome = ${account.outcome}, account = ${JSON.stringify(account)}::jsonb
      WHERE id = ${windowId}::uuid AND closed_at IS NULL`;
    const { readings } = await readReadings(tx, window.source);
    const end = window.endAt.getTime();
    await sayListingGaps(tx, { ...window, horizonMs: timing.horizonMs }, gaps, readings, now);
    await noteEnumeration(tx, window.source, { from: end - timing.horizonMs, to: end }, readings, now);
    return account;
  });
}

const reasonOf = (gap: Interval, troubles: readonly Trouble[]): FailureType =>
  troubles.find((one) => overlaps(gap, { from: Date.parse(one.from), to: Date.parse(one.to) }))?.because ??
  'ListingUnfinished';

/** The first enumeration is over when the whole horizon has been listed once. */
async function noteEnumeration(
  tx: Sql,
  source: string,
  horizon: Interval,
  readings: readonly Reading[],
  now: Date,
): Promise<void> {
  if (uncoveredSince(horizon, readings, 0).length > 0) return;
  await tx.$executeRaw`UPDATE source SET enumerated_at = ${now} WHERE name = ${source} AND enumerated_at IS NULL`;
}
