import { WaybillError } from '../domain/failures.js';
import { isMassParking } from '../domain/mass-parking.js';
import type { Page } from '../sources/source.js';
import { quenchAlarm, raiseAlarm } from './alarms.js';
import type { OpenCall } from './calls.js';
import { recordChange } from './changes.js';
import type { Database, Sql } from './database.js';
import { parkedItemId, type UnreadableItem } from './parks.js';

/** Newest pages that are judged together. */
const RECENT_CALLS = 50;

export async function isStopped(db: Sql, source: string): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>`SELECT 1 FROM source WHERE name = ${source} AND stopped_at IS NOT NULL`;
  return rows.length > 0;
}

/**
 * Stops the source where so many rows of a page cannot be read that parking them would hide a change of the provider. Nothing of
 * the page is taken: its answer is kept as it came with the call, which counts as not read, and an alarm is raised, all in one
 * transaction before the error.
 * @throws WaybillError SourceStopped
 */
export async function refuseMassParking(
  db: Database,
  call: OpenCall,
  page: Page<unknown>,
  kind: 'thread' | 'message',
  now: Date,
): Promise<void> {
  const bad = page.items.filter((item): item is UnreadableItem => !item.ok);
  if (bad.length === 0) return;
  const stopped = await db.transaction(async (tx) => {
    const [source] = await tx.$queryRaw<{ name: string; operation: string; free: boolean }[]>`
      SELECT name, operation, COALESCE(park_freely_until > ${now}, false) AS free
      FROM provider_call JOIN source ON source.name = provider_call.source
      WHERE provider_call.id = ${call.id}::uuid FOR UPDATE OF source`;
    if (!source || source.free) return null;
    const items = [...new Set(bad.map(parkedItemId))];
    const [before] = await tx.$queryRaw<{ known: number }[]>`
      SELECT count(*)::int AS known FROM park
      WHERE source = ${source.name} AND kind = ${kind} AND item = ANY (${items}::text[])`;
    const fresh = items.length - (before?.known ?? 0);
    const [recent] = await tx.$queryRaw<{ rows: number; fresh: number }[]>`
      WITH calls AS (
        SELECT opened_at, rows FROM provider_call
        WHERE source = ${source.name} AND operation = ${source.operation} AND rows IS NOT NULL
        ORDER BY opened_at DESC LIMIT ${RECENT_CALLS})
      SELECT COALESCE(sum(rows), 0)::int AS rows,
             (SELECT count(*)::int FROM park
              WHERE source = ${source.name} AND kind = ${kind} AND reason = 'unreadable_row'
                AND parked_at >= (SELECT min(opened_at) FROM calls)) AS fresh
      FROM calls`;
    const rows = page.items.length;
    const together = { fresh: fresh + (recent?.fresh ?? 0), rows: rows + (recent?.rows ?? 0) };
    if (fresh === 0 || !isMassParking({ fresh, rows }, together)) return null;
    const { name, operation } = source;
    await tx.$executeRaw`
      UPDATE source SET stopped_at = COALESCE(stopped_at, ${now}::timestamptz), stopped_reason = 'mass_parking',
             stopped_call_id = ${call.id}::uuid WHERE name = ${name}`;
    await tx.$executeRaw`
      UPDATE provider_call SET finished_at = ${now}, status = ${page.status}, failure = 'SourceAnswerUnreadable',
             answer = ${page.answer ?? null}
      WHERE id = ${call.id}::uuid AND opened_at = ${call.openedAt}`;
    const evidence = { callId: call.id, operation, rows, unreadable: bad.length, recent: together };
    await raiseAlarm(tx, { kind: 'mass_parking', source: name, subject: operation, evidence, now });
    return name;
  });
  if (stopped === null) return;
  throw new WaybillError(
    'SourceStopped',
    `${bad.length} of ${page.items.length} rows of one answer of "${stopped}" cannot be read: the source is stopped.`,
    { callId: call.id, retryable: true },
  );
}

export interface Resumption {
  source: string;
  by: string;
  /** Until then whatever cannot be read is parked, however much it is; null leaves mass parking guarded. */
  parkFreelyUntil: Date | null;
  now: Date;
}

export interface StoppedSource {
  stoppedAt: Date;
  reason: string;
  callId: string | null;
}

/** Starts a stopped source again and says that its condition no longer holds; null where it was not stopped. */
export async function resumeSource(db: Database, resumption: Resumption): Promise<StoppedSource | null> {
  const { source, by, parkFreelyUntil, now } = resumption;
  return db.transaction(async (tx) => {
    const [found] = await tx.$queryRaw<{ stoppedAt: Date | null; reason: string | null; callId: string | null }[]>`
      SELECT stopped_at AS "stoppedAt", stopped_reason AS reason, stopped_call_id AS "callId" FROM source
      WHERE name = ${source} FOR UPDATE`;
    if (!found) throw new WaybillError('UsageWrong', `There is no source "${source}".`, { retryable: false });
    if (found.stoppedAt === null || found.reason === null) return null;
    await tx.$executeRaw`
      UPDATE source SET stopped_at = NULL, stopped_reason = NULL, stopped_call_id = NULL,
             park_freely_until = ${parkFreelyUntil}::timestamptz WHERE name = ${source}`;
    for (const subject of ['listThreads', 'listMessages'])
      await quenchAlarm(tx, { kind: 'mass_parking', source, subject, now });
    const freely = parkFreelyUntil ? `, parking freely until ${parkFreelyUntil.toISOString()}` : '';
    await tx.$executeRaw`
      INSERT INTO marker (at, kind, text) VALUES (${now}, 'setting', ${`source ${source}: started again by ${by}${freely}`})`;
    const detail = { parkFreelyUntil };
    await recordChange(tx, { actor: by, action: 'source.resume', subject: `source/${source}`, detail, now });
    return { stoppedAt: found.stoppedAt, reason: found.reason, callId: found.callId };
  });
}
