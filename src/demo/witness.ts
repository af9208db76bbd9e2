import { findMessages, findPark } from '../assurance/trace.js';
import { drawThreads } from '../domain/audit/draw.js';
import { type LossFigure, lossFigure, type ThreadTally } from '../domain/audit/figures.js';
import type { IncomingMessage } from '../domain/message.js';
import { only, type Sql } from '../ledger/database.js';
import type { World } from '../simulator/world.js';
import { simulatedSource } from './simulated-source.js';

const DAY_MS = 86_400_000;

/** A person of ours answered a customer, and we do not hold what they answered. */
export interface Witness {
  providerThreadId: string;
  /** What the customer wrote, which never reached us. */
  messageId: string;
  writtenAt: string;
  replyId: string;
  repliedAt: string;
}

export interface DirectReadings {
  threads: number;
  lacking: number;
  figure: LossFigure;
  witness: Witness | null;
}

/**
 * Draws known threads as an audit does, asks the provider for each by its id, and holds what it shows against the ledger. The first
 * reply of a person to something that we lack is the witness.
 */
export async function readDirectly(
  db: Sql,
  { world, source, at, wanted, seed }: { world: World; source: string; at: number; wanted: number; seed: number },
): Promise<DirectReadings> {
  const frame = await db.$queryRaw<{ id: string; known: number }[]>`
    SELECT t.provider_thread_id AS id, count(m.id)::int AS known FROM thread t LEFT JOIN message m ON m.thread_id = t.id
    WHERE t.source = ${source} GROUP BY 1 ORDER BY 1`;
  const provider = simulatedSource(world);
  const tallies: ThreadTally[] = [];
  let witness: Witness | null = null;
  for (const drawn of drawThreads(frame, wanted, seed)) {
    if (!provider.knows(drawn.id, at)) {
      tallies.push({ ...drawn, due: null, missed: 0 });
      continue;
    }
    const shown = provider
      .readThread(drawn.id, at)
      .flatMap((page) => page.items.flatMap((item) => (item.ok ? [item.value] : [])));
    const held = await heldOf(db, source, shown);
    const missed = shown.filter((one) => !held.has(one.providerMessageId)).length;
    tallies.push({ ...drawn, due: shown.length, missed });
    witness ??= witnessIn(shown.toReversed(), held);
  }
  const lacking = tallies.filter((one) => one.missed > 0).length;
  return { threads: tallies.length, lacking, figure: lossFigure(tallies, 'sample'), witness };
}

async function heldOf(db: Sql, source: string, shown: readonly IncomingMessage[]): Promise<Set<string>> {
  const ids = shown.map((one) => one.providerMessageId);
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT provider_message_id AS id FROM message WHERE source = ${source} AND provider_message_id = ANY (${ids}::text[])`;
  return new Set(rows.map((row) => row.id));
}

function witnessIn(oldestFirst: readonly IncomingMessage[], held: ReadonlySet<string>): Witness | null {
  for (const [index, reply] of oldestFirst.entries()) {
    const asked = oldestFirst[index - 1];
    if (reply.direction !== 'outbound' || asked?.direction !== 'inbound' || held.has(asked.providerMessageId)) continue;
    if (asked.originAt === null || reply.originAt === null) continue;
    return {
      providerThreadId: reply.providerThreadId,
      messageId: asked.providerMessageId,
      writtenAt: asked.originAt,
      replyId: reply.providerMessageId,
      repliedAt: reply.originAt,
    };
  }
  return null;
}

/** The falsifiable test of the original search: if the message is in our own calls, we dropped it; if not, it was never returned. */
export interface MissingTrace {
  verdict: 'the provider did not return it' | 'dropped inside' | 'not missing';
  /** Listings in the day after it was written: each was taken to show what had just been active. */
  listings: number;
  /** Of these, how many showed its thread. */
  showing: number;
  /** The last listing at all that showed its thread. */
  lastShownAt: string | null;
  threadReadAt: string | null;
  /** Calls of ours whose answer named it. */
  naming: number;
}

export async function traceMissing(
  db: Sql,
  { source, witness, windowMs }: { source: string; witness: Witness; windowMs: number },
): Promise<MissingTrace> {
  const { providerThreadId, messageId } = witness;
  const writtenAt = new Date(witness.writtenAt);
  const dayAfter = new Date(writtenAt.getTime() + DAY_MS);
  const thread = only(
    await db.$queryRaw<{ id: string; createdAt: Date; readWholeAt: Date | null }[]>`
      SELECT id, created_at AS "createdAt", read_whole_at AS "readWholeAt" FROM thread
      WHERE source = ${source} AND provider_thread_id = ${providerThreadId}`,
    `thread ${providerThreadId}`,
  );
  const listed = only(
    await db.$queryRaw<{ listings: number; showing: number }[]>`
      SELECT count(*)::int AS listings, (count(*) FILTER (WHERE EXISTS (
        SELECT 1 FROM provider_call c WHERE c.window_id = l.window_id AND c.opened_at BETWEEN ${writtenAt} AND ${dayAfter}
          AND c.source = ${source} AND ${providerThreadId} = ANY (c.ids))))::int AS showing
      FROM listing l WHERE l.source = ${source} AND l.begun_at >= ${writtenAt} AND l.begun_at < ${dayAfter}`,
    'listings of a day',
  );
  const end = new Date(thread.createdAt.getTime() + windowMs + DAY_MS);
  const [last] = await db.$queryRaw<{ at: Date | null }[]>`
    SELECT max(opened_at) AS at FROM provider_call
    WHERE source = ${source} AND operation = 'listThreads' AND opened_at BETWEEN ${thread.createdAt} AND ${end}
      AND ${providerThreadId} = ANY (ids)`;
  const [named] = await db.$queryRaw<{ naming: number }[]>`
    SELECT count(*)::int AS naming FROM provider_call WHERE thread_id = ${thread.id}::uuid AND ${messageId} = ANY (ids)`;
  const naming = named?.naming ?? 0;
  const isHeld = (await findMessages(db, messageId)).length > 0 || (await findPark(db, messageId)) !== null;
  return {
    verdict: isHeld ? 'not missing' : naming > 0 ? 'dropped inside' : 'the provider did not return it',
    ...listed,
    lastShownAt: last?.at?.toISOString() ?? null,
    threadReadAt: thread.readWholeAt?.toISOString() ?? null,
    naming,
  };
}
