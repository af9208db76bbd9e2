import { owedParts } from '../domain/coverage.js';
import { floorToSecond, gaps, type Interval, overlaps, union, width } from '../domain/interval.js';
import type { Timing } from '../domain/timing.js';
import type { Sql } from '../ledger/database.js';
import { readReadingsAt } from '../ledger/windows.js';

export interface CoverageGap {
  from: string;
  to: string;
  /** When a window first named it; null where no window has come to it yet. */
  since: string | null;
  /** What was in the way when it was last tried. */
  because: string;
}

export interface SourceCoverage {
  source: string;
  horizon: { from: string; to: string };
  /** Share of the horizon that exhausted listings cover. */
  share: number;
  /** Whether every thread that the list shows has been shown to us; what it never shows is not ours to know from here. */
  frame: 'listed' | 'unknown';
  /** Parts that no exhausted listing covers, but for the moving edge. */
  gaps: CoverageGap[];
  /** Parts that were listed and that the newest closed window could not exhaust again. */
  notReadAgain: CoverageGap[];
  /** Parts that were listed and are due once more. */
  dueAgain: { from: string; to: string }[];
  /** The newest part, whose wide listing is still to come; null where there is none. */
  edge: { from: string; to: string } | null;
}

interface NamedGap extends Interval {
  since: Date;
  because: string;
  isNewest: boolean;
}

const iso = ({ from, to }: Interval) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });

/** What was known at `at` of which creation intervals were listed to their end: by the listings exhausted by then, alone. */
export async function readCoverage(
  db: Sql,
  { source, at, timing }: { source: string | null; at: Date; timing: Timing },
): Promise<SourceCoverage[]> {
  const sources = await db.$queryRaw<{ name: string; demandedAt: Date | null }[]>`
    SELECT name, demanded_at AS "demandedAt" FROM source
    WHERE kind = 'dashboard' AND (${source}::text IS NULL OR name = ${source}) AND created_at <= ${at} ORDER BY name`;
  return Promise.all(sources.map((one) => coverageOf(db, one.name, one.demandedAt, at, timing)));
}

async function coverageOf(
  db: Sql,
  source: string,
  demandedAt: Date | null,
  at: Date,
  timing: Timing,
): Promise<SourceCoverage> {
  const end = floorToSecond(at.getTime());
  const horizon = { from: end - timing.horizonMs, to: end };
  const missing = await readMissing(db, source, at, horizon);
  const named = await readNamedGaps(db, source, at);
  const readings = await readReadingsAt(db, source, at);
  const demand = demandedAt !== null && demandedAt <= at ? demandedAt.getTime() : null;
  const owed = owedParts({ readings, end, demandedAt: demand, frontierPages: null, timing });
  const dueAgain = owed
    .flatMap((part) => gaps(part, missing))
    .map((part) => ({ from: Math.max(part.from, horizon.from), to: part.to }))
    .filter((part) => part.from < part.to);
  // Until the next wide listing the newest minutes are known from narrow ones alone: no gap, unless they grow old.
  const isEdge = (part: Interval) =>
    part.to === end && width(part) <= timing.listingMinGapMs + 2 * timing.pollEveryMs && part.from > horizon.from;
  const never = missing.filter((part) => !isEdge(part));
  const failed = named.filter((gap) => gap.isNewest).flatMap((gap) => since(gap, missing, readings));
  const edge = missing.find(isEdge);
  return {
    source,
    horizon: iso(horizon),
    share: 1 - missing.reduce((sum, part) => sum + width(part), 0) / width(horizon),
    frame: never.length > 0 || failed.length > 0 ? 'unknown' : 'listed',
    gaps: never.map((part) => describe(part, named)),
    notReadAgain: failed.map((part) => describe(part, named)),
    dueAgain: union(dueAgain).map(iso),
    edge: edge ? iso(edge) : null,
  };
}

/** What is left of a gap of the newest window after the listings that were begun since it was opened. */
const since = (
  gap: NamedGap,
  missing: readonly Interval[],
  readings: readonly (Interval & { begunAt: number })[],
): Interval[] => gaps(gap, [...missing, ...readings.filter((reading) => reading.begunAt >= gap.since.getTime())]);

function describe(part: Interval, named: readonly NamedGap[]): CoverageGap {
  const bearing = named.filter((gap) => overlaps(gap, part));
  const first = bearing.reduce<NamedGap | null>(
    (least, gap) => (least && least.since <= gap.since ? least : gap),
    null,
  );
  const last = bearing.reduce<NamedGap | null>((most, gap) => (most && most.since >= gap.since ? most : gap), null);
  return {
    ...iso(part),
    since: first?.since.toISOString() ?? null,
    because: last?.because ?? 'no window has read it yet',
  };
}

async function readMissing(db: Sql, source: string, at: Date, horizon: Interval): Promise<Interval[]> {
  const rows = await db.$queryRaw<{ from: Date; to: Date }[]>`
    SELECT lower(part) AS from, upper(part) AS to
    FROM coverage_of(${source}, ${at}, ${new Date(horizon.from)}, ${new Date(horizon.to)}) AS known, unnest(known.missing) AS part`;
  return rows.map((row) => ({ from: row.from.getTime(), to: row.to.getTime() }));
}

/** The gaps that closed windows named, as known at an instant. */
async function readNamedGaps(db: Sql, source: string, at: Date): Promise<NamedGap[]> {
  const rows = await db.$queryRaw<
    { from: string; to: string; because: string | null; since: Date; isNewest: boolean }[]
  >`
    WITH newest AS (
      SELECT id FROM poll_window WHERE source = ${source} AND closed_at <= ${at} ORDER BY opened_at DESC LIMIT 1)
    SELECT gap ->> 'from' AS from, gap ->> 'to' AS to, gap ->> 'because' AS because, opened_at AS since,
           poll_window.id = newest.id AS "isNewest"
    FROM poll_window, newest, jsonb_array_elements(account -> 'gaps') AS gap
    WHERE source = ${source} AND closed_at <= ${at} AND outcome = 'open' AND (gap ->> 'covering')::boolean`;
  return rows.map(({ from, to, because, since, isNewest }) => ({
    from: Date.parse(from),
    to: Date.parse(to),
    because: because ?? 'ListingUnfinished',
    since,
    isNewest,
  }));
}
