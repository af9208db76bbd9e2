import { type CallWitness, FINAL_STATUSES, type PhoneStatus } from '../domain/calls.js';
import type { Sql } from './database.js';
import { numberHash } from './phone-calls.js';

/** Calls of the list that are ours, and whose status the list tells anew. */
export async function knownCalls(
  db: Sql,
  provider: string,
  sids: readonly string[],
): Promise<{ sid: string; status: PhoneStatus; messageId: string }[]> {
  return db.$queryRaw<{ sid: string; status: PhoneStatus; messageId: string }[]>`
    SELECT shown.sid, shown.status, call.message_id AS "messageId"
    FROM phone_call shown JOIN call_attempt one ON one.provider = shown.provider AND one.sid = shown.sid
    JOIN call ON call.id = one.call_id
    WHERE shown.provider = ${provider} AND shown.sid = ANY (${[...sids]}::text[]) AND one.status IS DISTINCT FROM shown.status
    ORDER BY shown.sid`;
}

/**
 * Calls of the list that a request became which was taken for lost, while the next one has not left: the only unclaimed call between
 * the two numbers since that request was begun.
 */
export async function lateCalls(
  db: Sql,
  provider: string,
  sids: readonly string[],
): Promise<{ sid: string; key: string; status: PhoneStatus }[]> {
  return db.$queryRaw<{ sid: string; key: string; status: PhoneStatus }[]>`
    SELECT min(shown.sid) AS sid, one.key, min(shown.status) AS status
    FROM call JOIN call_attempt one ON one.call_id = call.id AND one.sid IS NULL AND one.attempt = call.attempt - 1
    JOIN phone_call shown ON shown.provider = call.provider
      AND shown.from_hash = encode(sha256(convert_to(call.from_number, 'UTF8')), 'hex')
      AND shown.to_hash = encode(sha256(convert_to(call.to_number, 'UTF8')), 'hex')
      AND shown.created_at >= one.placing_at - interval '30 seconds'
    WHERE call.provider = ${provider} AND call.state = 'scheduled' AND shown.sid = ANY (${[...sids]}::text[])
      AND NOT EXISTS (SELECT 1 FROM call_attempt tied WHERE tied.provider = shown.provider AND tied.sid = shown.sid)
    GROUP BY one.key HAVING count(*) = 1`;
}

/** Calls of the list from our number that no attempt of ours is tied to, but those that a request in doubt may have become. */
export async function strangeCalls(
  db: Sql,
  { provider, sids, since, from }: { provider: string; sids: readonly string[]; since: Date; from: string },
): Promise<string[]> {
  const rows = await db.$queryRaw<{ sid: string; toHash: string }[]>`
    SELECT sid, to_hash AS "toHash" FROM phone_call
    WHERE provider = ${provider} AND sid = ANY (${[...sids]}::text[]) AND created_at >= ${since} AND from_hash = ${numberHash(from)}
      AND NOT EXISTS (SELECT 1 FROM call_attempt one WHERE one.provider = phone_call.provider AND one.sid = phone_call.sid)
    ORDER BY sid`;
  if (rows.length === 0) return [];
  const doubted = await db.$queryRaw<{ toNumber: string }[]>`
    SELECT to_number AS "toNumber" FROM call WHERE provider = ${provider} AND state IN ('placing', 'doubtful')`;
  const awaited = new Set(doubted.map(({ toNumber }) => numberHash(toNumber)));
  return rows.filter(({ toHash }) => !awaited.has(toHash)).map(({ sid }) => sid);
}

/** Calls from a number that the provider accepted within [since, shownBy) and that the list of this number lacks. */
export async function missingCalls(
  db: Sql,
  {
    provider,
    sids,
    since,
    shownBy,
    from,
  }: { provider: string; sids: readonly string[]; since: Date; shownBy: Date; from: string },
): Promise<{ sid: string; key: string }[]> {
  return db.$queryRaw<{ sid: string; key: string }[]>`
    SELECT one.sid, one.key FROM call_attempt one JOIN call ON call.id = one.call_id AND call.from_number = ${from}
    WHERE one.provider = ${provider} AND one.accepted_at >= ${since} AND one.accepted_at < ${shownBy} AND one.sid IS NOT NULL
      AND NOT (one.sid = ANY (${[...sids]}::text[])) ORDER BY one.sid`;
}

/** How many calls of ours the list had to show: accepted by the provider within [since, shownBy). */
export async function expectedCalls(
  db: Sql,
  { provider, since, shownBy, from }: { provider: string; since: Date; shownBy: Date; from: string },
): Promise<number> {
  const rows = await db.$queryRaw<{ n: number }[]>`
    SELECT count(*)::int AS n FROM call_attempt one JOIN call ON call.id = one.call_id
    WHERE one.provider = ${provider} AND one.accepted_at >= ${since} AND one.accepted_at < ${shownBy} AND one.sid IS NOT NULL
      AND call.from_number = ${from}`;
  return rows[0]?.n ?? 0;
}

/** A comparison that was carried through, over a list that was read to its end. */
export interface KeptComparison {
  readingId: string;
  provider: string;
  /** Hash of the number whose calls were listed. */
  fromHash: string;
  sinceAt: Date;
  begunAt: Date;
  comparedAt: Date;
  listed: number;
  expected: number;
  recovered: number;
  strange: number;
  missing: number;
}

/** Writes it down. A second run of the same one finds recovered what the first run took over: both count. */
export async function keepComparison(tx: Sql, one: KeptComparison): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO call_comparison (reading_id, provider, from_hash, since_at, begun_at, compared_at, listed, expected, recovered, strange, missing)
    VALUES (${one.readingId}::uuid, ${one.provider}, ${one.fromHash}, ${one.sinceAt}, ${one.begunAt}, ${one.comparedAt}, ${one.listed}, ${one.expected},
            ${one.recovered}, ${one.strange}, ${one.missing})
    ON CONFLICT (reading_id) DO UPDATE SET compared_at = excluded.compared_at, listed = excluded.listed, expected = excluded.expected,
      recovered = call_comparison.recovered + excluded.recovered, strange = excluded.strange, missing = excluded.missing`;
}

/** The newest comparison that had been carried through by an instant; null where there was none. */
export async function lastComparison(db: Sql, provider: string, at: Date): Promise<KeptComparison | null> {
  const rows = await db.$queryRaw<KeptComparison[]>`
    SELECT reading_id AS "readingId", provider, from_hash AS "fromHash", since_at AS "sinceAt", begun_at AS "begunAt", compared_at AS "comparedAt", listed,
           expected, recovered, strange, missing
    FROM call_comparison WHERE provider = ${provider} AND compared_at <= ${at} ORDER BY begun_at DESC, compared_at DESC LIMIT 1`;
  return rows[0] ?? null;
}

/** Calls of ours that the provider accepted before an instant, and of which nobody has told an end by another. */
export async function endlessCalls(
  db: Sql,
  { provider, acceptedBefore, at }: { provider: string; acceptedBefore: Date; at: Date },
): Promise<string[]> {
  const rows = await db.$queryRaw<{ sid: string }[]>`
    SELECT sid FROM call_attempt one
    WHERE provider = ${provider} AND sid IS NOT NULL AND accepted_at < ${acceptedBefore} AND NOT EXISTS (
      SELECT 1 FROM call_report told WHERE told.provider = one.provider AND told.sid = one.sid AND told.at <= ${at}
        AND told.status = ANY (${[...FINAL_STATUSES]}::text[]))
    ORDER BY sid`;
  return rows.map(({ sid }) => sid);
}

export async function openMismatches(db: Sql, provider: string): Promise<string[]> {
  const rows = await db.$queryRaw<{ subject: string }[]>`
    SELECT subject FROM alarm WHERE kind = 'call_mismatch' AND source = ${provider} AND state IN ('open', 'acknowledged')`;
  return rows.map(({ subject }) => subject);
}

/** Who first told of how many calls, and of how many endings of calls: without another way there is no telling what callbacks miss. */
export async function countCallWitnesses(
  db: Sql,
  provider: string,
): Promise<{ via: CallWitness; calls: number; endings: number }[]> {
  return db.$queryRaw<{ via: CallWitness; calls: number; endings: number }[]>`
    WITH first_told AS (
      SELECT DISTINCT ON (sid, status) sid, status, via FROM call_report WHERE provider = ${provider} ORDER BY sid, status, at, id
    ), endings AS (
      SELECT via, count(*)::int AS n FROM first_told WHERE status IN ('completed', 'busy', 'no-answer', 'failed', 'canceled') GROUP BY via
    ), calls AS (
      SELECT first_seen_by AS via, count(*)::int AS n FROM call_attempt WHERE provider = ${provider} AND sid IS NOT NULL GROUP BY first_seen_by
    )
    SELECT COALESCE(calls.via, endings.via) AS via, COALESCE(calls.n, 0) AS calls, COALESCE(endings.n, 0) AS endings
    FROM calls FULL JOIN endings ON endings.via = calls.via ORDER BY 1`;
}
