import type { IncomingThread, Item } from '../domain/message.js';
import type { FirstSeenBy } from '../domain/states.js';
import type { Timing } from '../domain/timing.js';
import { finishCall, type OpenCall } from './calls.js';
import { type Database, only, type Sql } from './database.js';
import { parkedItemId, parkItems, resolveParks } from './parks.js';
import { upsertThreads } from './record-threads.js';

/** The provider's id of a thread whose row could not be read; null where it stands parked no longer. */
export async function readParkedThread(db: Sql, parkId: string): Promise<string | null> {
  const [park] = await db.$queryRaw<{ item: string }[]>`
    SELECT item FROM park WHERE id = ${parkId}::uuid AND kind = 'thread' AND state = 'parked'`;
  return park?.item ?? null;
}

export interface HoldContext {
  source: string;
  now: Date;
  timing: Timing;
  firstSeenBy?: FirstSeenBy;
}

/** Commits the answer about one thread: held and due for its visit, or parked as it came; and the balance of the call. */
export const recordLookup = (
  db: Database,
  call: OpenCall,
  item: Item<IncomingThread>,
  context: HoldContext,
): Promise<{ stored: number; parked: number }> => db.transaction((tx) => holdThread(tx, call, item, context));

/** The same in the caller's transaction. */
export async function holdThread(
  tx: Sql,
  call: OpenCall,
  item: Item<IncomingThread>,
  context: HoldContext,
): Promise<{ stored: number; parked: number }> {
  const { source, now, timing } = context;
  const counts = { rows: 1, known: 0, stored: 0, parked: 0, rejected: 0 };
  if (item.ok) {
    const stored = await upsertThreads(tx, [item.value], context);
    await resolveParks(tx, source, 'thread', [item.value.providerThreadId], now);
    Object.assign(counts, { stored, known: 1 - stored });
  } else {
    await parkItems(tx, [item], { source, kind: 'thread', callId: call.id, threadId: null, now, timing });
    counts.parked = 1;
  }
  const ids = [item.ok ? item.value.providerThreadId : parkedItemId(item)];
  await finishCall(tx, call, { ...counts, status: 200, ids, nextCursor: null, unknownFields: {} }, now);
  return counts;
}

/** A parked row of a listing that a newer adapter can read: the thread is held and due for its visit. */
export async function takeInThread(
  tx: Sql,
  parkId: string,
  thread: IncomingThread,
  source: string,
  now: Date,
): Promise<{ stored: number }> {
  const stored = await upsertThreads(tx, [thread], { source, now });
  only(
    await tx.$queryRaw<unknown[]>`
      UPDATE park SET state = 'resolved', resolved_at = ${now}, retry_at = NULL WHERE id = ${parkId}::uuid RETURNING id`,
    `park ${parkId}`,
  );
  return { stored };
}
