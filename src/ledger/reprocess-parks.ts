import { finishedCall } from './calls.js';
import type { Database } from './database.js';
import { recordParkAction } from './park-book.js';
import { takeInThread } from './record-lookup.js';
import { recordItems } from './record-messages.js';
import type { Reprocessing } from './reprocess.js';
import { readSource } from './sources.js';
import { lockThread } from './visits.js';

export interface ParksReprocessed {
  examined: number;
  /** Rows that today's adapter reads: taken in, or held already. */
  takenIn: number;
  stillUnreadable: number;
}

interface ParkedRow {
  id: string;
  kind: 'thread' | 'message';
  threadId: string | null;
  callId: string;
  raw: string;
}

/**
 * Takes in what lay parked because no row of it could be read and today's adapter can read it: first seen now, under the rules of
 * admission, and never answered by itself, however young its stamp looks.
 */
export async function reprocessParks(db: Database, run: Reprocessing): Promise<ParksReprocessed> {
  const { source, since, adapter } = run;
  const report = { examined: 0, takenIn: 0, stillUnreadable: 0 };
  const parks = await db.$queryRaw<ParkedRow[]>`
    SELECT id, kind, thread_id AS "threadId", call_id AS "callId", raw FROM park
    WHERE source = ${source} AND reason = 'unreadable_row' AND state = 'parked' AND last_seen_at >= ${since} ORDER BY id`;
  for (const park of parks) {
    report.examined += 1;
    if (await takeIn(db, run, park)) report.takenIn += 1;
    else report.stillUnreadable += 1;
    if (report.examined % 100 === 0) run.progress(report.examined, parks.length);
  }
  return report;

  async function takeIn(_: Database, { dryRun, by, clock, timing }: Reprocessing, park: ParkedRow): Promise<boolean> {
    const now = clock.now();
    if (park.kind === 'thread') {
      const item = adapter.parkedThread(park.raw);
      if (!item?.ok) return false;
      if (dryRun) return true;
      await db.transaction(async (tx) => {
        await takeInThread(tx, park.id, item.value, source, now);
        await recordParkAction(tx, { parkId: park.id, action: 'reprocessed', by, note: adapter.version, now });
      });
      return true;
    }
    const item = adapter.parkedMessage(park.raw);
    const { threadId } = park;
    if (!item?.ok || threadId === null) return false;
    if (dryRun) return true;
    await db.transaction(async (tx) => {
      const thread = await lockThread(tx, threadId);
      const context = {
        threadId,
        firstSeenBy: 'backfill' as const,
        adapterVersion: adapter.version,
        now,
        timing,
        thread,
        source: await readSource(tx, source),
        readLate: true,
      };
      await recordItems(tx, await finishedCall(tx, park.callId), [item], context);
      await tx.$executeRaw`
        UPDATE park SET state = 'resolved', resolved_at = ${now}, retry_at = NULL WHERE id = ${park.id}::uuid`;
      await recordParkAction(tx, { parkId: park.id, action: 'reprocessed', by, note: adapter.version, now });
    });
    return true;
  }
}
