import { WaybillError } from '../domain/failures.js';
import type { Mode, Route } from '../domain/states.js';
import { recordChange } from './changes.js';
import type { Database, Sql } from './database.js';
import { enterMode } from './sources.js';

export interface ModeSetting {
  source: string;
  route: Route | null;
  playbook: string | null;
  mode: Mode;
  setAt: Date;
  setBy: string;
}

export interface SourceModes {
  source: string;
  kind: string;
  mode: Mode;
  /** What was first seen or written before it is answered by nobody. */
  answerFrom: Date | null;
  answerFromExplicit: boolean;
  /** For a route, a playbook, or both; the narrowest that fits counts. Without effect while the source is in observe. */
  narrower: ModeSetting[];
}

/** Every source with its mode and those below it. */
export async function readModes(db: Sql): Promise<SourceModes[]> {
  const sources = await db.$queryRaw<Omit<SourceModes, 'narrower'>[]>`
    SELECT name AS source, kind, mode, answer_from AS "answerFrom", answer_from_explicit AS "answerFromExplicit"
    FROM source ORDER BY name`;
  const settings = await db.$queryRaw<ModeSetting[]>`
    SELECT source, route, playbook, mode, set_at AS "setAt", set_by AS "setBy" FROM mode_setting
    ORDER BY source, route NULLS FIRST, playbook NULLS FIRST`;
  return sources.map((one) => ({ ...one, narrower: settings.filter(({ source }) => source === one.source) }));
}

export interface ModeChange {
  source: string;
  route: Route | null;
  playbook: string | null;
  /** Null takes the setting of a route or playbook away, so that what is above it counts. */
  mode: Mode | null;
  /** Set by the operator; null lets the first scope that may send set it to now. */
  answerFrom: Date | null;
  actor: string;
  now: Date;
}

/**
 * Sets the mode of a source, or of a route, a playbook or both in it. What is under way is decided under the mode in force when it
 * acts.
 * @throws WaybillError UsageWrong for an unknown source, for a scope below a source in observe, and for taking away a source's own
 */
export async function setMode(db: Database, change: ModeChange): Promise<{ before: Mode | null }> {
  const { source, route, playbook, mode, answerFrom, actor, now } = change;
  const isWhole = route === null && playbook === null;
  return db.transaction(async (tx) => {
    const [found] = await tx.$queryRaw<{ mode: Mode }[]>`SELECT mode FROM source WHERE name = ${source} FOR UPDATE`;
    if (!found) throw wrong(`There is no source "${source}".`);
    if (isWhole && mode === null)
      throw wrong('A source always has a mode: only that of a route or playbook can be taken away.');
    if (!isWhole && found.mode === 'observe' && mode !== null)
      throw wrong(
        `The source "${source}" is in observe, so nothing of it is decided: set its own mode to shadow first.`,
      );
    if (mode !== null) await enterMode(tx, source, mode, answerFrom, now);
    const before = isWhole ? found.mode : await replaceSetting(tx, change);
    if (isWhole) await tx.$executeRaw`UPDATE source SET mode = ${mode} WHERE name = ${source}`;
    const subject = [
      'source',
      source,
      ...(route ? ['route', route] : []),
      ...(playbook ? ['playbook', playbook] : []),
    ].join('/');
    const detail = { from: before, mode, ...(answerFrom ? { answerFrom: answerFrom.toISOString() } : {}) };
    await recordChange(tx, { actor, action: 'mode.set', subject, detail, now });
    await tx.$executeRaw`
      INSERT INTO marker (at, kind, text) VALUES (${now}, 'setting', ${`${subject}: mode ${mode ?? 'as above'}`})`;
    return { before };
  });
}

async function replaceSetting(
  tx: Sql,
  { source, route, playbook, mode, actor, now }: ModeChange,
): Promise<Mode | null> {
  const [before] = await tx.$queryRaw<{ mode: Mode }[]>`
    DELETE FROM mode_setting WHERE source = ${source} AND route IS NOT DISTINCT FROM ${route}
      AND playbook IS NOT DISTINCT FROM ${playbook} RETURNING mode`;
  if (mode !== null)
    await tx.$executeRaw`
      INSERT INTO mode_setting (source, route, playbook, mode, set_at, set_by)
      VALUES (${source}, ${route}, ${playbook}, ${mode}, ${now}, ${actor})`;
  return before?.mode ?? null;
}

const wrong = (detail: string): WaybillError => new WaybillError('UsageWrong', detail, { retryable: false });
