import type { Mode, Route } from '../domain/states.js';
import type { Sql } from './database.js';
import { readDecision } from './decisions.js';
import type { CarriedMessage } from './lifecycles.js';
import { readSource } from './sources.js';

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

/**
 * The mode in force: the narrowest setting that fits (playbook on its route, playbook, route), else that of the source. A source in
 * `observe` carries nothing, so nothing below it can be in another mode. Source: DESIGN law 9.
 */
export async function modeOf(tx: Sql, { source, route, playbook }: Scope): Promise<Mode> {
  const { mode } = await readSource(tx, source);
  if (mode === 'observe') return mode;
  const [narrower] = await tx.$queryRaw<{ mode: Mode }[]>`
    SELECT mode FROM mode_setting
    WHERE source = ${source} AND (route IS NULL OR route = ${route}) AND (playbook IS NULL OR playbook = ${playbook})
    ORDER BY (playbook IS NOT NULL) DESC, (route IS NOT NULL) DESC LIMIT 1`;
  return narrower?.mode ?? mode;
}

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

/** Whether a person has stopped what this would send. Asked in the transaction that lets something leave, so that a stop holds at once. */
export async function isStopped(tx: Sql, { source, route, playbook }: Scope): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM sending_stop
    WHERE lifted_at IS NULL AND (source IS NULL OR source = ${source}) AND (route IS NULL OR route = ${route})
      AND (playbook IS NULL OR playbook = ${playbook}) LIMIT 1`;
  return rows.length > 0;
}
