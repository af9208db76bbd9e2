import type { ActionKind, Choice } from '../domain/actions.js';
import type { Mode } from '../domain/states.js';
import type { Understanding } from '../domain/understanding.js';
import type { Sql } from './database.js';
import { appendEvents } from './events.js';
import type { CarriedMessage } from './lifecycles.js';

/** What the newest carry of a message was understood to ask for, and what was decided about it. */
export interface Decision extends Omit<Understanding, 'reasons' | 'abstained'> {
  abstained: boolean;
  playbook: string | null;
  playbookVersion: string | null;
  action: ActionKind | null;
  mode: Mode | null;
  tags: string[];
}

/** Writes down what a message asks for; what was decided on other words does not hold any more. */
export async function recordUnderstanding(
  tx: Sql,
  { id: messageId, carry }: Pick<CarriedMessage, 'id' | 'carry'>,
  { label, confidence, classifier, reasons, abstained = false }: Understanding,
  now: Date,
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO decision (message_id, carry, label, confidence, classifier, abstained, understood_at)
    VALUES (${messageId}::uuid, ${carry}, ${label}, ${confidence}::float8, ${classifier}, ${abstained}, ${now})
    ON CONFLICT (message_id) DO UPDATE SET carry = excluded.carry, label = excluded.label, confidence = excluded.confidence,
      classifier = excluded.classifier, abstained = excluded.abstained, understood_at = excluded.understood_at, playbook = NULL, playbook_version = NULL,
      action = NULL, mode = NULL, tags = '{}', decided_at = NULL`;
  const detail = { label, confidence, classifier, reasons, ...(abstained ? { abstained } : {}) };
  await appendEvents(tx, now, [{ messageId, kind: 'classified', carry, detail }]);
}

/** Writes down what was chosen for a message and under which mode, before any of it is done. */
export async function recordChoice(
  tx: Sql,
  { id: messageId, carry }: Pick<CarriedMessage, 'id' | 'carry'>,
  { playbook, action, asksApproval, tags, reasons }: Choice,
  mode: Mode,
  now: Date,
): Promise<void> {
  await tx.$executeRaw`
    UPDATE decision SET playbook = ${playbook?.name ?? null}, playbook_version = ${playbook?.version ?? null}, action = ${action.do},
      mode = ${mode}, tags = ${[...tags]}::text[], decided_at = ${now}
    WHERE message_id = ${messageId}::uuid AND carry = ${carry}`;
  const detail = {
    action: action.do,
    playbook: playbook?.name ?? null,
    version: playbook?.version ?? null,
    mode,
    asksApproval,
    reasons,
    ...(action.do === 'reply' ? { template: action.template } : {}),
    ...(action.do === 'escalate' ? { reason: action.reason } : {}),
  };
  await appendEvents(tx, now, [
    { messageId, kind: 'decided', carry, detail },
    ...(tags.length > 0 ? [{ messageId, kind: 'tagged' as const, carry, detail: { tags } }] : []),
  ]);
}

export async function readDecision(db: Sql, messageId: string): Promise<Decision | null> {
  const rows = await db.$queryRaw<Decision[]>`
    SELECT label, confidence, classifier, abstained, playbook, playbook_version AS "playbookVersion", action, mode, tags
    FROM decision WHERE message_id = ${messageId}::uuid`;
  return rows[0] ?? null;
}
