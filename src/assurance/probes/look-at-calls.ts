import type { Sql } from '../../ledger/database.js';
import { type CountRow, type Evidence, type Look, type Scan, seen } from './evidence.js';

const DAY_MS = 86_400_000;
/** Kept with a failed call at most; an answer of that length may have been cut by us. */
const KEPT_CHARACTERS = 60_000;

/** What single requests and their answers say: pauses, broken and missing answers, short pages. */
export const lookAtCalls: Look = async (db, scan) => ({
  ...(await lookAtAnswers(db, scan)),
  ...(await lookAtBodies(db, scan)),
  short_page_is_last: seen((await shortPages(db, scan))[0]),
  empty_list_is_empty: seen((await emptyLists(db, scan))[0]),
});

type Named = CountRow & { claim: string };

/** Failures whose kind alone tells them apart; a reply's request has its own probes. */
async function lookAtAnswers(db: Sql, { source, since }: Scan): Promise<Evidence> {
  const rows = await db.$queryRaw<Named[]>`
    WITH calls AS (SELECT id, operation, status, failure, retry_after_ms, rows FROM provider_call
                   WHERE source = ${source} AND opened_at >= ${since} AND finished_at IS NOT NULL AND operation <> 'postReply'),
    kinds (claim, id, outcome) AS (
      SELECT 'retry_after_told', id, CASE WHEN retry_after_ms IS NULL THEN 'contradicts' ELSE 'supports' END FROM calls
      WHERE failure = 'SourceRateLimited'
      UNION ALL SELECT 'every_request_answered', id, 'contradicts' FROM calls WHERE failure = 'SourceTimeout'
      UNION ALL SELECT 'answer_sent_to_end', id, 'contradicts' FROM calls WHERE failure = 'SourceUnreachable' AND status IS NOT NULL
      UNION ALL SELECT 'server_is_there', id, 'contradicts' FROM calls
      WHERE (failure = 'SourceUnreachable' AND status IS NULL) OR (failure = 'SourceTrouble' AND status >= 500)
      UNION ALL SELECT claim, id, 'supports' FROM calls,
        unnest(ARRAY['every_request_answered', 'answer_sent_to_end', 'server_is_there']) AS claim WHERE rows IS NOT NULL)
    SELECT claim, count(*) FILTER (WHERE outcome = 'supports')::int AS supports,
           count(*) FILTER (WHERE outcome = 'contradicts')::int AS contradicts,
           max(id::text) FILTER (WHERE outcome = 'contradicts') AS example
    FROM kinds GROUP BY claim`;
  return Object.fromEntries(rows.map((row) => [row.claim, seen(row)]));
}

/** Good statuses with a body that is none: another type than JSON, or JSON that ends in the middle. */
async function lookAtBodies(db: Sql, { source, since }: Scan): Promise<Evidence> {
  const [good] = await db.$queryRaw<{ n: number }[]>`
    SELECT count(*)::int AS n FROM provider_call WHERE source = ${source} AND opened_at >= ${since} AND status = 200 AND rows IS NOT NULL`;
  const bad = await db.$queryRaw<{ id: string; answer: string | null }[]>`
    SELECT id, answer FROM provider_call
    WHERE source = ${source} AND opened_at >= ${since} AND status BETWEEN 200 AND 299 AND failure = 'SourceAnswerUnreadable'
      AND operation <> 'postReply'
    ORDER BY opened_at DESC LIMIT 500`;
  const kinds = bad.map(({ id, answer }) => ({ id, kind: bodyKind(answer ?? '') }));
  const of = (kind: BodyKind) => {
    const found = kinds.filter((one) => one.kind === kind);
    return seen({ supports: good?.n ?? 0, contradicts: found.length, example: found[0]?.id ?? null });
  };
  return { ok_is_json: of('no JSON'), ok_is_whole: of('cut JSON') };
}

export type BodyKind = 'no JSON' | 'cut JSON' | 'other JSON' | 'unclear';

/** What the body of an unreadable answer was: something else than JSON, JSON that was cut, or JSON of another shape. */
export function bodyKind(answer: string): BodyKind {
  const text = answer.trimStart();
  if (!/^[{[]/.test(text)) return 'no JSON';
  try {
    JSON.parse(text);
    return 'other JSON';
  } catch {
    return text.length < KEPT_CHARACTERS ? 'cut JSON' : 'unclear';
  }
}

/** Pages with a cursor: full ones fit the claim, shorter ones do not. */
const shortPages = (db: Sql, { source, since }: Scan) => db.$queryRaw<CountRow[]>`
  WITH pages AS (SELECT id, rows, COALESCE((parameters ->> 'limit')::int, 100) AS wanted FROM provider_call
                 WHERE source = ${source} AND opened_at >= ${since} AND operation = 'listThreads' AND rows IS NOT NULL
                   AND next_cursor IS NOT NULL)
  SELECT count(*) FILTER (WHERE rows >= wanted)::int AS supports, count(*) FILTER (WHERE rows < wanted)::int AS contradicts,
         max(id::text) FILTER (WHERE rows < wanted) AS example FROM pages`;

/**
 * An empty answer for a wide window counts against the claim where the window, or a part of it, showed one and the same thread
 * before and after. An empty one alone says nothing: there may have been nothing.
 */
const emptyLists = (db: Sql, { source, since }: Scan) => db.$queryRaw<CountRow[]>`
  WITH pages AS (
    SELECT id, ids, rows, opened_at, finished_at, (parameters ->> 'since')::timestamptz AS since,
           (parameters ->> 'until')::timestamptz AS until
    FROM provider_call
    WHERE source = ${source} AND opened_at >= ${since} AND operation = 'listThreads' AND rows IS NOT NULL AND page = 0
      AND parameters ? 'since'),
  wide AS (SELECT * FROM pages WHERE until - since >= make_interval(secs => ${DAY_MS / 1000}::float8)),
  wrong AS (
    SELECT empty.id FROM (SELECT * FROM wide WHERE rows = 0 ORDER BY opened_at DESC LIMIT 200) AS empty
    WHERE EXISTS (
      SELECT 1 FROM pages before JOIN pages after ON before.ids && after.ids
      WHERE before.rows > 0 AND before.since >= empty.since AND before.until <= empty.until AND before.finished_at <= empty.opened_at
        AND after.rows > 0 AND after.since >= empty.since AND after.until <= empty.until AND after.opened_at >= empty.finished_at))
  SELECT (SELECT count(*)::int FROM wide WHERE rows > 0) AS supports, count(*)::int AS contradicts, max(id::text) AS example
  FROM wrong`;
