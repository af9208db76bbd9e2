import type { Mode, Route } from '../domain/states.js';
import { only, type Sql } from './database.js';
import { readDecision } from './decisions.js';
import type { CarriedMessage } from './lifecycles.js';
import type { StopScope } from './sending-stops.js';

/** What a decision belongs to: a mode or a stop can be set for each of them. */
export interface Scope {
  source: string;
  route: Route | null;
  playbook: string | null;
}

/** What a message that has been decided belongs to. */
export const scopeOf = async (
  tx: Sql,
  { id, source, route }: Pick<CarriedMessage, 'id' | 'source' | 'route'>,
): Promise<Scope> => ({ source, route, playbook: (await readDecision(tx, id))?.playbook ?? null });

/** What bears on whether something of a source may leave, as of one moment. */
export interface Sending {
  source: string;
  kind: string;
  /** Of the source itself; `modeIn` says what is in force. */
  mode: Mode;
  answerFrom: Date | null;
  /** Modes set below the source. */
  settings: readonly (Omit<Scope, 'source'> & { mode: Mode })[];
  /** Stops in force that can hold something of it. */
  stops: readonly StopScope[];
}

export async function readSending(db: Sql, source: string): Promise<Sending> {
  return only(
    await db.$queryRaw<Sending[]>`
      SELECT name AS source, kind, mode, answer_from AS "answerFrom",
             COALESCE((SELECT json_agg(json_build_object('route', route, 'playbook', playbook, 'mode', setting.mode))
                       FROM mode_setting setting WHERE setting.source = name), '[]') AS settings,
             COALESCE((SELECT json_agg(json_build_object('source', stop.source, 'route', route, 'playbook', playbook))
                       FROM sending_stop stop WHERE lifted_at IS NULL AND (stop.source IS NULL OR stop.source = name)), '[]') AS stops
      FROM source WHERE name = ${source}`,
    `source ${source}`,
  );
}

type Within = Pick<Scope, 'route' | 'playbook'>;

const fits = (set: Within, { route, playbook }: Within): boolean =>
  (set.route === null || set.route === route) && (set.playbook === null || set.playbook === playbook);

/**
 * The mode in force: the narrowest setting that fits (playbook on its route, playbook, route), else that of the source. A source in
 * `observe` carries nothing, so nothing below it can be in another mode. Source: DESIGN law 9.
 */
export function modeIn({ mode, settings }: Pick<Sending, 'mode' | 'settings'>, within: Within): Mode {
  if (mode === 'observe') return mode;
  const width = (set: Within) => (set.playbook === null ? 2 : 0) + (set.route === null ? 1 : 0);
  const [narrowest] = settings.filter((set) => fits(set, within)).sort((a, b) => width(a) - width(b));
  return narrowest?.mode ?? mode;
}

/** Whether a person has stopped what this would send. */
export const isStoppedIn = ({ stops }: Pick<Sending, 'stops'>, within: Within): boolean =>
  stops.some((stop) => fits(stop, within));

/** The mode in force, where nothing else is asked of the source. */
export const modeOf = async (tx: Sql, scope: Scope): Promise<Mode> =>
  modeIn(await readSending(tx, scope.source), scope);

/** The same of stops. Asked in the transaction that lets something leave, so that a stop holds at once. */
export const isStopped = async (tx: Sql, scope: Scope): Promise<boolean> =>
  isStoppedIn(await readSending(tx, scope.source), scope);

/** Whether all that is done about a message is to write down what would be: by the mode it was decided under, else the one in force. */
export async function isShadowed(
  tx: Sql,
  message: Pick<CarriedMessage, 'id' | 'carry' | 'source' | 'route'>,
): Promise<boolean> {
  const [decided] = await tx.$queryRaw<{ mode: Mode | null }[]>`
    SELECT mode FROM decision WHERE message_id = ${message.id}::uuid AND carry = ${message.carry}`;
  const mode = decided?.mode ?? (await modeOf(tx, { source: message.source, route: message.route, playbook: null }));
  return mode === 'shadow' && !(await mayHaveLeft(tx, message.id));
}

async function mayHaveLeft(tx: Sql, messageId: string): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM outbox WHERE message_id = ${messageId}::uuid AND state IN ('posting', 'doubtful', 'accepted', 'unconfirmed')`;
  return rows.length > 0;
}
