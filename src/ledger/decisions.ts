import type { ActionKind, Choice } from '../domain/actions.js';
import type { Mode } from '../domain/states.js';
import type { Understanding } from '../domain/understanding.js';
import type { Sql } from './database.js';
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

/**
 * Writes down what a message asks for; what was decided on other words does not hold any more. What was decided on these is kept: a
 * message that is carried again belongs to the playbook and the mode that its draft, call or hand-off was begun under. False, and
 * nothing written, where `ofVersion` is not the newest version of its words.
 */
export async function recordUnderstanding(
  tx: Sql,
  { id: messageId, carry }: Pick<CarriedMessage, 'id' | 'carry'>,
  { label, confidence, classifier, reasons, abstained = false }: Understanding,
  now: Date,
  ofVersion: number | null = null,
): Promise<boolean> {
  const detail = { label, confidence, classifier, reasons, ...(abstained ? { abstained } : {}) };
  const written = await tx.$executeRaw`
    WITH understood AS (
      INSERT INTO decision (message_id, carry, label, confidence, classifier, abstained, understood_at)
      SELECT ${messageId}::uuid, ${carry}::int, ${label}::text, ${confidence}::float8, ${classifier}::text, ${abstained}::boolean, ${now}::timestamptz
      WHERE ${ofVersion}::int IS NULL
         OR ${ofVersion}::int = (SELECT max(version) FROM message_body WHERE message_id = ${messageId}::uuid)
      ON CONFLICT (message_id) DO UPDATE SET carry = excluded.carry, label = excluded.label, confidence = excluded.confidence,
        classifier = excluded.classifier, abstained = excluded.abstained, understood_at = excluded.understood_at,
        (playbook, playbook_version, action, mode, tags, decided_at) = (
          SELECT last.playbook, last.playbook_version, last.action, last.mode, COALESCE(last.tags, '{}'), last.decided_at
          FROM (SELECT) AS always LEFT JOIN decision last ON last.message_id = ${messageId}::uuid AND 'classified' = (
            SELECT kind FROM lifecycle_event WHERE message_id = ${messageId}::uuid AND kind IN ('classified', 'edited', 'body_arrived')
            ORDER BY seq DESC LIMIT 1))
      RETURNING message_id, carry)
    INSERT INTO lifecycle_event (at, message_id, kind, carry, detail)
    SELECT ${now}::timestamptz, message_id, 'classified', carry, ${JSON.stringify(detail)}::jsonb FROM understood`;
  return written > 0;
}

/** Writes down what was chosen for a message and under which mode, before any of it is done. */
export async function recordChoice(
  tx: Sql,
  { id: messageId, carry }: Pick<CarriedMessage, 'id' | 'carry'>,
  { playbook, action, asksApproval, tags, reasons }: Choice,
  mode: Mode,
  now: Date,
): Promise<void> {
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
  await tx.$executeRaw`
    WITH decided AS (
      UPDATE decision SET playbook = ${playbook?.name ?? null}, playbook_version = ${playbook?.version ?? null}, action = ${action.do},
        mode = ${mode}, tags = ${[...tags]}::text[], decided_at = ${now}
      WHERE message_id = ${messageId}::uuid AND carry = ${carry})
    INSERT INTO lifecycle_event (at, message_id, kind, carry, detail)
    SELECT ${now}::timestamptz, ${messageId}::uuid, kind, ${carry}::int, detail FROM (
      VALUES (1, 'decided', ${JSON.stringify(detail)}::jsonb), (2, 'tagged', ${JSON.stringify({ tags })}::jsonb)
    ) AS event (position, kind, detail)
    WHERE kind = 'decided' OR ${tags.length > 0}::boolean
    ORDER BY position`;
}

export async function readDecision(db: Sql, messageId: string): Promise<Decision | null> {
  const rows = await db.$queryRaw<Decision[]>`
    SELECT label, confidence, classifier, abstained, playbook, playbook_version AS "playbookVersion", action, mode, tags
    FROM decision WHERE message_id = ${messageId}::uuid`;
  return rows[0] ?? null;
}
