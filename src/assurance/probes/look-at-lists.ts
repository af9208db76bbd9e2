import type { Sql } from '../../ledger/database.js';
import { type CountRow, type Look, type Scan, seen } from './evidence.js';

/** What the list of threads says about itself, held against what is known of the threads. */
export const lookAtLists: Look = async (db, scan) => {
  const [late] = await lateThreads(db, scan);
  const longestMs = late?.longestMs ?? null;
  return {
    listed_at_once: seen(late, longestMs === null ? {} : { longestMs }),
    list_newest_first: seen((await inversions(db, scan))[0]),
    pages_hold_still: seen((await repeats(db, scan))[0]),
    list_by_activity: seen((await repliesOnOldThreads(db, scan))[0]),
  };
};

/**
 * A thread that an exhausted wide listing lacks although it had been created before the listing began, and that shows later. The
 * listing has to be one page that is not empty, or has to have lacked it twice: an empty answer and pages that moved are other
 * matters.
 */
const lateThreads = (db: Sql, { source, since, timing }: Scan) => db.$queryRaw<
  (CountRow & { longestMs: number | null })[]
>`
  WITH wide AS (
    SELECT l.from_at, l.to_at, l.begun_at, l.pages, c.reading_id, c.rows FROM listing l JOIN provider_call c ON c.id = l.last_call_id
    WHERE l.source = ${source} AND l.begun_at >= ${since} AND l.to_at - l.from_at >= interval '24 hours' AND l.threads > 0 AND c.rows > 0),
  fresh AS (
    SELECT t.id, t.created_at, t.first_listed_at,
      (SELECT count(*) FROM wide WHERE wide.from_at <= t.created_at - interval '2 seconds' AND wide.to_at > t.created_at + interval '2 seconds'
         AND wide.begun_at > t.created_at + make_interval(secs => ${timing.listedWithinMs / 1000}::float8)
         AND wide.begun_at < t.first_listed_at
         AND NOT EXISTS (SELECT 1 FROM provider_call p WHERE p.reading_id = wide.reading_id AND t.provider_thread_id = ANY (p.ids))
         AND wide.pages = 1) AS missed_alone,
      (SELECT count(*) FROM wide WHERE wide.from_at <= t.created_at - interval '2 seconds' AND wide.to_at > t.created_at + interval '2 seconds'
         AND wide.begun_at > t.created_at + make_interval(secs => ${timing.listedWithinMs / 1000}::float8)
         AND wide.begun_at < t.first_listed_at
         AND NOT EXISTS (SELECT 1 FROM provider_call p WHERE p.reading_id = wide.reading_id AND t.provider_thread_id = ANY (p.ids))) AS missed
    FROM thread t JOIN source s ON s.name = t.source
    WHERE t.source = ${source} AND t.first_listed_at >= ${since} AND t.created_at >= s.created_at - interval '1 day')
  SELECT count(*) FILTER (WHERE missed = 0)::int AS supports, count(*) FILTER (WHERE missed_alone > 0 OR missed > 1)::int AS contradicts,
         max(id::text) FILTER (WHERE missed_alone > 0 OR missed > 1) AS example,
         (extract(epoch FROM max(first_listed_at - created_at) FILTER (WHERE missed_alone > 0 OR missed > 1)) * 1000)::float8 AS "longestMs"
  FROM fresh`;

/**
 * Two threads on one page, the newer one below. Only threads count whose first message was all that they held at the time, so that
 * creation and activity are one and the same instant and the order is known whatever the list sorts by.
 */
/** One thread out of place may have had mail that was deleted before anybody read it. */
const FEWEST_INVERSIONS = 3;

const inversions = (db: Sql, { source, since }: Scan) => db.$queryRaw<CountRow[]>`
  WITH pages AS (
    SELECT id, opened_at, ids FROM provider_call
    WHERE source = ${source} AND opened_at >= ${since} AND operation = 'listThreads' AND rows > 1 ORDER BY opened_at DESC LIMIT 400),
  placed AS (
    SELECT p.id, p.opened_at, row.place, t.created_at, t.id AS thread_id
    FROM pages p, unnest(p.ids) WITH ORDINALITY AS row (pid, place), thread t
    WHERE t.source = ${source} AND t.provider_thread_id = row.pid AND t.read_whole_at > p.opened_at),
  single AS (
    SELECT placed.* FROM placed
    WHERE (SELECT count(*) FILTER (WHERE m.client_ref IS NULL OR m.first_seen_at <= placed.opened_at) = 1
                  AND min(m.origin_at) <= placed.created_at + interval '1 second'
           FROM message m WHERE m.thread_id = placed.thread_id)),
  pairs AS (SELECT id, thread_id, created_at, lag(created_at) OVER (PARTITION BY id ORDER BY place) AS above FROM single)
  SELECT count(*) FILTER (WHERE above >= created_at)::int AS supports,
         CASE WHEN count(DISTINCT thread_id) FILTER (WHERE above < created_at - interval '1 second') >= ${FEWEST_INVERSIONS}::int
           THEN count(*) FILTER (WHERE above < created_at - interval '1 second') ELSE 0 END::int AS contradicts,
         max(id::text) FILTER (WHERE above < created_at - interval '1 second') AS example FROM pairs`;

/**
 * An id on two pages of one reading. Readings without one prove nothing, unless something was there to move the rows. A page that
 * was asked for once more, after later ones had been read, tells of its cursor and not of its rows.
 */
const repeats = (db: Sql, { source, since }: Scan) => db.$queryRaw<CountRow[]>`
  SELECT 0 AS supports, count(*)::int AS contradicts, max(reading_id::text) AS example FROM (
    SELECT c.reading_id FROM provider_call c, unnest(c.ids) AS row (pid)
    WHERE c.source = ${source} AND c.opened_at >= ${since} AND c.operation = 'listThreads' AND c.rows IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM provider_call later
                      WHERE later.reading_id = c.reading_id AND later.page > c.page AND later.opened_at < c.opened_at)
    GROUP BY c.reading_id, row.pid HAVING count(DISTINCT c.page) > 1) AS moved`;

/**
 * A customer's message on a thread from before the window, found by a visit: a wide listing that began after it, of a window in
 * which it arrived, shows the thread or does not.
 */
const repliesOnOldThreads = (db: Sql, { source, since }: Scan) => db.$queryRaw<CountRow[]>`
  WITH arrivals AS (
    SELECT m.id, t.provider_thread_id AS pid, t.created_at, m.first_seen_at,
      (SELECT max(c.opened_at) FROM provider_call c
       WHERE c.thread_id = m.thread_id AND c.operation = 'listMessages' AND c.rows IS NOT NULL AND c.finished_at < m.first_seen_at
         AND c.reading_id <> m.reading_id) AS after_at
    FROM message m JOIN thread t ON t.id = m.thread_id
    WHERE m.source = ${source} AND m.first_seen_at >= ${since} AND m.direction = 'inbound' AND m.arrival_known
      AND t.created_at < m.first_seen_at - interval '25 hours' AND t.gone_at IS NULL
    ORDER BY m.first_seen_at DESC LIMIT 200),
  judged AS (
    SELECT a.id, EXISTS (SELECT 1 FROM provider_call p WHERE p.reading_id = l.reading_id AND a.pid = ANY (p.ids)) AS shown
    FROM arrivals a, LATERAL (
      SELECT c.reading_id FROM listing l JOIN provider_call c ON c.id = l.last_call_id
      WHERE l.source = ${source} AND l.begun_at > a.first_seen_at AND l.from_at > a.created_at + interval '2 seconds'
        AND l.from_at < a.after_at AND l.to_at > a.first_seen_at AND l.to_at - l.from_at >= interval '24 hours'
      ORDER BY l.begun_at LIMIT 1) AS l)
  SELECT count(*) FILTER (WHERE shown)::int AS supports, count(*) FILTER (WHERE NOT shown)::int AS contradicts,
         max(id::text) FILTER (WHERE NOT shown) AS example FROM judged`;
