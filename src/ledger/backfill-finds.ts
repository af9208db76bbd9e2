import { type CauseFacts, causeOf } from '../domain/backfill-cause.js';
import type { IncomingMessage } from '../domain/message.js';
import type { BackfillThread } from './backfill-threads.js';
import { only, type Sql } from './database.js';

export interface FoundMessage {
  message: IncomingMessage;
  /** Ours; null where the mode stores nothing. */
  id: string | null;
  /** Receipt at the provider where that claim is verified. */
  receivedAt: string | null;
  /** The way it would have gone, or why none. */
  route: string | null;
}

export interface Finding {
  backfillId: string;
  source: string;
  thread: BackfillThread;
  callId: string;
  now: Date;
  /** How far a stamp may lie outside the life of its thread and be believed, ms. */
  toleranceMs: number;
}

/** Keeps what a page showed that was not ours, each message once, with what can be told of why. */
export async function noteBackfillFinds(tx: Sql, finding: Finding, found: readonly FoundMessage[]): Promise<void> {
  if (found.length === 0) return;
  const { backfillId, thread, callId, now } = finding;
  const facts = await factsOf(tx, finding, found);
  const rows = found.map((one) => {
    const originAt = plausibleOrigin(one.message.originAt, finding);
    return {
      ...one,
      ageMs: originAt === null ? null : Math.max(0, originAt - thread.createdAt.getTime()),
      cause: causeOf({
        ...facts.shared,
        originAt,
        receivedAt: one.receivedAt === null ? null : Date.parse(one.receivedAt),
        wasParked: facts.parked.has(one.message.providerMessageId),
        wasReturned: facts.returned.has(one.message.providerMessageId),
      }),
    };
  });
  const of = <T>(pick: (row: (typeof rows)[number]) => T): T[] => rows.map(pick);
  await tx.$executeRaw`
    INSERT INTO backfill_find (backfill_id, provider_message_id, provider_thread_id, message_id, direction, channel, month, origin_at,
                               thread_age_ms, route, cause, call_id, found_at)
    SELECT ${backfillId}::uuid, id, ${thread.providerThreadId}, message_id, direction, channel,
           date_trunc('month', COALESCE(origin_at, ${thread.createdAt}::timestamptz) AT TIME ZONE 'UTC')::date, origin_at, age, route, cause,
           ${callId}::uuid, ${now}
    FROM unnest(${of((row) => row.message.providerMessageId)}::text[], ${of((row) => row.id)}::uuid[],
                ${of((row) => row.message.direction)}::text[], ${of((row) => row.message.channel)}::text[],
                ${of((row) => row.message.originAt)}::timestamptz[], ${of((row) => row.ageMs)}::bigint[],
                ${of((row) => row.route)}::text[], ${of((row) => row.cause)}::text[])
      AS row (id, message_id, direction, channel, origin_at, age, route, cause)
    ON CONFLICT DO NOTHING`;
}

/** A stamp of the sender within the life of its thread, give or take; null where it proves nothing. */
function plausibleOrigin(stamp: string | null, { thread, now, toleranceMs }: Finding): number | null {
  if (stamp === null) return null;
  const at = Date.parse(stamp);
  return at >= thread.createdAt.getTime() - toleranceMs && at <= now.getTime() + toleranceMs ? at : null;
}

async function factsOf(tx: Sql, { backfillId, source, thread }: Finding, found: readonly FoundMessage[]) {
  const ids = found.map((one) => one.message.providerMessageId);
  const [asked] = await tx.$queryRaw<{ asked: boolean }[]>`
    SELECT EXISTS (
      SELECT 1 FROM listing l JOIN backfill b ON b.id = ${backfillId}::uuid
      WHERE l.source = ${source} AND l.backfill_id IS DISTINCT FROM b.id AND l.from_at <= ${thread.createdAt} AND l.to_at > ${thread.createdAt}
        AND l.begun_at >= ${thread.createdAt} AND l.begun_at < b.begun_at) AS asked`;
  const parked = await tx.$queryRaw<{ id: string }[]>`
    SELECT item AS id FROM park JOIN backfill b ON b.id = ${backfillId}::uuid
    WHERE park.source = ${source} AND kind = 'message' AND item = ANY (${ids}::text[]) AND parked_at < b.begun_at`;
  // A call that only compared has lost nothing: it says how many of its rows were not ours.
  const returned = thread.threadId
    ? await tx.$queryRaw<{ id: string }[]>`
        SELECT DISTINCT named.id FROM provider_call c JOIN backfill b ON b.id = ${backfillId}::uuid, unnest(c.ids) AS named (id)
        WHERE c.thread_id = ${thread.threadId}::uuid AND c.opened_at < b.begun_at AND c.rows IS NOT NULL AND c.rejected = 0
          AND named.id = ANY (${ids}::text[])`
    : [];
  const shared: Pick<CauseFacts, 'threadKnown' | 'dayAskedFor' | 'readWholeAt'> = {
    threadKnown: thread.known,
    dayAskedFor: only(asked ? [asked] : [], 'listings').asked,
    readWholeAt: thread.readWholeAt?.getTime() ?? null,
  };
  const idsOf = (rows: readonly { id: string }[]) => new Set(rows.map((one) => one.id));
  return { shared, parked: idsOf(parked), returned: idsOf(returned) };
}
