import { createHash } from 'node:crypto';
import {
  isCircling,
  isTooLong,
  judgeListing,
  type ListingReading,
  type ListingVerdict,
} from '../domain/listing-verdict.js';
import type { Timing } from '../domain/timing.js';
import { type OpenCall, type PageOfReading, pagesOfReading } from './calls.js';
import { only, type Sql } from './database.js';
import { hurryThreads } from './hurry.js';

export interface ListingContext {
  source: string;
  /** The window that reads it; null where a backfill does. */
  windowId: string | null;
  backfillId?: string;
  /** Whether what it shows is stored, and so counts as coverage. */
  stores?: boolean;
  interval: { from: Date; to: Date };
  /** False for a narrow early reading, which never counts as coverage. */
  covering: boolean;
  /** Readings of the same interval that were made before in this window, oldest first. */
  earlier: readonly string[];
  now: Date;
  timing: Pick<Timing, 'safeFrontierMs' | 'listingMinGapMs'>;
}

export type ListingStep = ListingVerdict['next'] | 'cut';

interface StoredReading extends ListingReading {
  readingId: string;
  stored: PageOfReading[];
}

/** Threads that a listing may set down as missing at once: each is visited, and visits are paid for. */
const MOST_MISSING = 200;

/**
 * What a page leads to: more pages, another reading, or a listing that counts and is written here. In the transaction of the page.
 */
export async function settleListing(
  tx: Sql,
  call: OpenCall,
  nextCursor: string | null,
  context: ListingContext,
): Promise<ListingStep> {
  if (nextCursor !== null && (await isEarly(tx, call, context.earlier))) {
    return (await circles(tx, call, nextCursor)) ? 'shifted' : isTooLong(call.page + 1) ? 'cut' : 'more';
  }
  const readings: StoredReading[] = [];
  for (const readingId of [...context.earlier, call.readingId]) {
    const stored = await pagesOfReading(tx, readingId);
    readings.push({
      readingId,
      stored,
      pages: stored.map((page) => page.ids),
      exhausted: stored.at(-1)?.exhausted === true,
      lacking: [],
    });
  }
  const begunAt = only(
    readings.flatMap((reading) => reading.stored),
    `reading ${call.readingId}`,
  ).openedAt;
  const frontier = new Date(begunAt.getTime() - context.timing.safeFrontierMs);
  const expected = context.covering ? await notLacking(tx, readings, { ...context, begunAt, frontier }) : 0;
  const verdict = judgeListing({
    readings,
    covering: context.covering,
    expected,
    young: await youngIds(tx, readings, context, frontier),
    emptiesNeeded: await emptiesNeeded(tx, readings, context),
  });
  const current = only(readings.slice(-1), 'the reading in hand');
  if (context.stores === false) {
    // Nothing follows from it but that this reading is over.
  } else if (verdict.next === 'end') {
    const counted = only(readings.slice(verdict.reading), 'the reading that counts');
    await writeListing(tx, counted, current, context);
    await markUnlisted(tx, counted.lacking, context);
  } else if (verdict.next === 'contradicted' && readings.length > 1) await markUnlisted(tx, current.lacking, context);
  if (verdict.next === 'more' && isTooLong(call.page + 1)) return 'cut';
  return verdict.next;
}

/** Whether this page cannot decide anything yet: the readings before had more pages than it can have seen again. */
async function isEarly(tx: Sql, call: OpenCall, earlier: readonly string[]): Promise<boolean> {
  if (earlier.length === 0) return true;
  const [row] = await tx.$queryRaw<{ fewest: number | null }[]>`
    SELECT min(pages)::int AS fewest FROM (
      SELECT count(DISTINCT page) AS pages FROM provider_call
      WHERE reading_id = ANY (${[...earlier]}::uuid[]) AND rows IS NOT NULL GROUP BY reading_id) AS lengths`;
  return call.page + 2 < (row?.fewest ?? 0);
}

/** A cursor that was followed before, or pages that bring nothing new. */
async function circles(tx: Sql, call: OpenCall, nextCursor: string): Promise<boolean> {
  const rows = await tx.$queryRaw<{ page: number; ids: string[]; isSame: boolean }[]>`
    SELECT DISTINCT ON (page) page, CASE WHEN page > ${call.page - 12} THEN ids ELSE '{}' END AS ids,
           page < ${call.page} AND next_cursor = ${nextCursor} AS "isSame"
    FROM provider_call WHERE reading_id = ${call.readingId}::uuid AND rows IS NOT NULL AND page <= ${call.page}
    ORDER BY page, opened_at DESC, id DESC`;
  const recent = rows.filter((row) => row.page > call.page - 12);
  return (
    rows.some((row) => row.isSame) || isCircling({ pages: recent.map((row) => row.ids), exhausted: false, lacking: [] })
  );
}

/**
 * Notes of each exhausted reading which threads it lacks although an earlier listing showed them and nobody knows them gone; gives
 * how many it has to show. A thread that was missing before and was visited since is not expected any more.
 */
async function notLacking(
  tx: Sql,
  readings: StoredReading[],
  { source, interval, begunAt, frontier }: ListingContext & { begunAt: Date; frontier: Date },
): Promise<number> {
  let expected = 0;
  for (const reading of readings.filter((one) => one.exhausted)) {
    const rows = await tx.$queryRaw<{ expected: number; lacking: string[] }[]>`
      SELECT count(*)::int AS expected,
             COALESCE(array_agg(provider_thread_id) FILTER (WHERE provider_thread_id <> ALL (${reading.pages.flat()}::text[])), '{}') AS lacking
      FROM thread
      WHERE source = ${source} AND created_at >= ${interval.from} AND created_at < ${interval.to} AND created_at < ${frontier}
        AND gone_at IS NULL AND first_listed_at < ${begunAt}
        AND (unlisted_at IS NULL OR read_whole_at IS NULL OR read_whole_at <= unlisted_at)`;
    const row = only(rows, 'expected threads');
    reading.lacking = row.lacking;
    expected = row.expected;
  }
  return expected;
}

async function youngIds(
  tx: Sql,
  readings: readonly StoredReading[],
  { source, interval }: ListingContext,
  frontier: Date,
): Promise<Set<string>> {
  if (readings.length < 2 || interval.to <= frontier) return new Set();
  const ids = readings.flatMap((reading) => reading.pages.flat());
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT provider_thread_id AS id FROM thread
    WHERE source = ${source} AND provider_thread_id = ANY (${ids}::text[]) AND created_at >= ${frontier}`;
  return new Set(rows.map((row) => row.id));
}

/**
 * An empty answer is what a server in trouble gives. One is enough where a listing that counts found all that is older than the
 * frontier empty a moment ago; two where the interval was listed before; three where nobody ever looked.
 */
async function emptiesNeeded(
  tx: Sql,
  readings: readonly StoredReading[],
  { source, interval: { from, to }, now, timing }: ListingContext,
): Promise<number> {
  const current = readings.at(-1);
  if (!current?.exhausted || current.pages.some((page) => page.length > 0)) return 1;
  const agreeing = new Date(to.getTime() - timing.safeFrontierMs);
  const recent = new Date(now.getTime() - timing.listingMinGapMs);
  const [known] = await tx.$queryRaw<{ isEmpty: boolean; isListed: boolean }[]>`
    SELECT COALESCE(bool_or(threads = 0 AND to_at >= ${agreeing} AND begun_at >= ${recent}), false) AS "isEmpty",
           count(*) > 0 AS "isListed"
    FROM listing WHERE source = ${source} AND covering AND NOT superseded AND from_at <= ${from} AND to_at > ${from}
      AND to_at >= ${new Date(to.getTime() - timing.listingMinGapMs)}`;
  return known?.isEmpty ? 1 : known?.isListed ? 2 : 3;
}

/** The reading that counts, as of its first page; what confirmed it stands beside it. */
async function writeListing(
  tx: Sql,
  counted: StoredReading,
  current: StoredReading,
  context: ListingContext,
): Promise<void> {
  const { source, windowId, backfillId = null, covering, now } = context;
  const { from, to } = context.interval;
  const first = only(counted.stored, `reading ${counted.readingId}`);
  const last = only(counted.stored.slice(-1), `reading ${counted.readingId}`);
  const ids = [...new Set(counted.pages.flat())].sort();
  const hash = createHash('sha256').update(ids.join('\n')).digest('hex');
  const confirmedBy = current.readingId === counted.readingId ? null : current.readingId;
  const inserted = await tx.$executeRaw`
    INSERT INTO listing (source, window_id, from_at, to_at, covering, begun_at, exhausted_at, pages, threads, id_set_hash, last_call_id,
                         confirmed_by, backfill_id)
    VALUES (${source}, ${windowId}::uuid, ${from}, ${to}, ${covering}, ${first.openedAt}, ${now}, ${counted.pages.length}, ${ids.length},
            ${hash}, ${last.id}::uuid, ${confirmedBy}::uuid, ${backfillId}::uuid)
    ON CONFLICT (last_call_id) DO NOTHING`;
  if (inserted === 0 || !covering) return;
  await tx.$executeRaw`
    UPDATE listing SET superseded = true, superseded_at = ${now}
    WHERE source = ${source} AND covering AND NOT superseded AND begun_at < ${first.openedAt} AND from_at >= ${from} AND to_at <= ${to}`;
}

/**
 * Listings narrower than this no longer cover: what made them count has turned. They stand as what was known until now, and their
 * intervals are owed again.
 */
export async function withdrawNarrowListings(
  tx: Sql,
  { source, belowMs, now }: { source: string; belowMs: number; now: Date },
): Promise<void> {
  await tx.$executeRaw`
    UPDATE listing SET superseded = true, superseded_at = ${now}
    WHERE source = ${source} AND covering AND NOT superseded AND to_at - from_at < ${belowMs}::float8 * interval '1 millisecond'`;
}

/** A listing alone never says that a thread is gone: the visit that this makes due finds out. */
async function markUnlisted(tx: Sql, lacking: readonly string[], { source, now }: ListingContext): Promise<void> {
  if (lacking.length === 0) return;
  const missing = await tx.$queryRaw<{ id: string }[]>`
    UPDATE thread SET unlisted_at = ${now} WHERE id IN (
      SELECT id FROM thread WHERE source = ${source} AND provider_thread_id = ANY (${[...lacking]}::text[]) AND unlisted_at IS NULL
      ORDER BY id LIMIT ${MOST_MISSING} FOR UPDATE)
    RETURNING id`;
  await hurryThreads(
    tx,
    missing.map((thread) => thread.id),
    now,
  );
}
