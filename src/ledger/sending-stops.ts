import { WaybillError } from '../domain/failures.js';
import type { Route } from '../domain/states.js';
import { quenchAlarm, raiseAlarm } from './alarms.js';
import { recordChange } from './changes.js';
import { type Database, only, type Sql } from './database.js';

/** What a stop holds back: null is every one. */
export interface StopScope {
  source: string | null;
  route: Route | null;
  playbook: string | null;
}

export interface SendingStop extends StopScope {
  id: string;
  stoppedAt: Date;
  stoppedBy: string;
  note: string | null;
}

export interface HeldStop extends SendingStop {
  /** Messages that are held now; one that two stops hold counts with both. */
  held: number;
}

export const sayScope = ({ source, route, playbook }: StopScope): string =>
  [source && `source ${source}`, route && `route ${route}`, playbook && `playbook ${playbook}`]
    .filter((part) => part !== null && part !== '')
    .join(', ') || 'everything';

interface Asked extends StopScope {
  actor: string;
  now: Date;
}

/**
 * Holds back everything of that scope from now on, on every worker: each asks in the transaction that lets something leave. A scope
 * that is stopped already stays as it was.
 * @throws WaybillError UsageWrong for a source or a playbook that is unknown: whoever mistypes a name must not think that it holds
 */
export async function stopSending(
  db: Database,
  { source, route, playbook, note, actor, now }: Asked & { note: string | null },
): Promise<{ stop: SendingStop; isNew: boolean }> {
  return db.transaction(async (tx) => {
    await refuseUnknown(tx, { source, playbook });
    const made = await tx.$executeRaw`
      INSERT INTO sending_stop (source, route, playbook, stopped_at, stopped_by, note)
      VALUES (${source}, ${route}, ${playbook}, ${now}, ${actor}, ${note}) ON CONFLICT DO NOTHING`;
    const scope = { source, route, playbook };
    const stop = only(await liveStops(tx, scope), `the stop of ${sayScope(scope)}`);
    if (made > 0) {
      await recordChange(tx, {
        actor,
        action: 'sending.stopped',
        subject: sayScope(scope),
        detail: { stopId: stop.id },
        now,
      });
      await mark(tx, `sending stopped for ${sayScope(scope)} by ${actor}`, now);
    }
    return { stop, isNew: made > 0 };
  });
}

async function refuseUnknown(tx: Sql, { source, playbook }: Pick<StopScope, 'source' | 'playbook'>): Promise<void> {
  const [known] = await tx.$queryRaw<{ source: boolean; playbook: boolean }[]>`
    SELECT ${source}::text IS NULL OR EXISTS (SELECT 1 FROM source WHERE name = ${source}) AS source,
           ${playbook}::text IS NULL OR EXISTS (SELECT 1 FROM playbook_version WHERE name = ${playbook}) AS playbook`;
  if (!known?.source) throw wrong(`There is no source "${source}", so nothing is stopped.`);
  if (!known.playbook) throw wrong(`No worker has loaded a playbook "${playbook}" yet, so nothing is stopped.`);
}

const wrong = (detail: string): WaybillError => new WaybillError('UsageWrong', detail, { retryable: false });

/** Lifts the stop of exactly that scope, or every one. What they held goes on, oldest first, once its lifecycle is woken. */
export async function resumeSending(
  db: Database,
  { all, actor, now, ...scope }: Asked & { all: boolean },
): Promise<SendingStop[]> {
  return db.transaction(async (tx) => {
    const stops = await liveStops(tx, all ? null : scope);
    for (const stop of stops) {
      await tx.$executeRaw`UPDATE sending_stop SET lifted_at = ${now}, lifted_by = ${actor} WHERE id = ${stop.id}::uuid`;
      await quenchAlarm(tx, { kind: 'sending_stopped', source: stop.source, subject: stop.id, now });
      await recordChange(tx, {
        actor,
        action: 'sending.resumed',
        subject: sayScope(stop),
        detail: { stopId: stop.id },
        now,
      });
      await mark(tx, `sending resumed for ${sayScope(stop)} by ${actor}`, now);
    }
    return stops;
  });
}

const mark = (tx: Sql, text: string, now: Date) =>
  tx.$executeRaw`INSERT INTO marker (at, kind, text) VALUES (${now}, 'setting', ${text})`;

/** Stops that are not lifted: that of one scope, or all. */
const liveStops = (tx: Sql, scope: StopScope | null): Promise<SendingStop[]> =>
  tx.$queryRaw<SendingStop[]>`
    SELECT id, source, route, playbook, stopped_at AS "stoppedAt", stopped_by AS "stoppedBy", note FROM sending_stop
    WHERE lifted_at IS NULL AND (${scope === null}::boolean OR (source IS NOT DISTINCT FROM ${scope?.source ?? null}
      AND route IS NOT DISTINCT FROM ${scope?.route ?? null} AND playbook IS NOT DISTINCT FROM ${scope?.playbook ?? null}))
    ORDER BY stopped_at, id FOR UPDATE`;

/** Stops in force with what each holds, the oldest first. */
export const readStops = (db: Sql): Promise<HeldStop[]> =>
  db.$queryRaw<HeldStop[]>`
    SELECT s.id, s.source, s.route, s.playbook, s.stopped_at AS "stoppedAt", s.stopped_by AS "stoppedBy", s.note, count(m.id)::int AS held
    FROM sending_stop s
    LEFT JOIN (message m LEFT JOIN decision d ON d.message_id = m.id)
      ON m.state = 'waiting' AND m.waiting_kind = 'stopped' AND (s.source IS NULL OR s.source = m.source)
         AND (s.route IS NULL OR s.route = m.route) AND (s.playbook IS NULL OR s.playbook = d.playbook)
    WHERE s.lifted_at IS NULL GROUP BY s.id ORDER BY s.stopped_at, s.id`;

/** Says of each stop that holds something that it does, and anew when it holds another number than was said. */
export async function sweepStops(db: Database, now: Date): Promise<void> {
  for (const { id: stopId, source, held, stoppedAt, ...stop } of await readStops(db)) {
    if (held === 0) continue;
    await db.transaction(async (tx) => {
      const [said] = await tx.$queryRaw<{ held: number | null }[]>`
        SELECT (evidence ->> 'held')::int AS held FROM alarm
        WHERE kind = 'sending_stopped' AND subject = ${stopId} AND state IN ('open', 'acknowledged')`;
      if (said?.held === held) return;
      const evidence = { stopId, scope: sayScope({ source, ...stop }), held, stoppedAt: stoppedAt.toISOString() };
      await raiseAlarm(tx, { kind: 'sending_stopped', source, subject: stopId, evidence, now });
    });
  }
}
