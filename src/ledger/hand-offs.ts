import { type HandOffState, handOffWebhookId, type Outcome, sameOutcome } from '../domain/hand-offs.js';
import { quenchAlarm, raiseAlarm } from './alarms.js';
import type { Sql } from './database.js';
import { appendEvents } from './events.js';
import type { CarriedMessage } from './lifecycles.js';

export interface HandOff {
  messageId: string;
  /** Of the message. */
  source: string;
  platform: string;
  webhookId: string;
  state: HandOffState;
  /** Requests begun. */
  attempts: number;
  preparedAt: Date;
  deadlineAt: Date;
  acknowledgedAt: Date | null;
  endedAt: Date | null;
  outcome: Outcome | null;
  outcomeAt: Date | null;
}

/** A hand-off of the message, locked until the transaction ends; null where there is none. */
export async function holdHandOff(tx: Sql, messageId: string): Promise<HandOff | null> {
  const rows = await tx.$queryRaw<HandOff[]>`
    SELECT message_id AS "messageId", source, platform, webhook_id AS "webhookId", state, attempts, prepared_at AS "preparedAt",
           deadline_at AS "deadlineAt", acknowledged_at AS "acknowledgedAt", ended_at AS "endedAt", outcome, outcome_at AS "outcomeAt"
    FROM hand_off WHERE message_id = ${messageId}::uuid FOR UPDATE`;
  return rows[0] ?? null;
}

/** Whether a worker was ever configured for the platform. */
export async function isPlatformKnown(tx: Sql, platform: string): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`SELECT 1 FROM source WHERE name = ${platform} AND kind = 'platform'`;
  return rows.length > 0;
}

/** Writes the hand-off once; one that was withdrawn before it left is written anew. */
export async function prepareHandOff(
  tx: Sql,
  { id, source }: Pick<CarriedMessage, 'id' | 'source'>,
  platform: string,
  { deadlineAt, now }: { deadlineAt: Date; now: Date },
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO hand_off (message_id, source, platform, webhook_id, state, prepared_at, deadline_at)
    VALUES (${id}::uuid, ${source}, ${platform}, ${handOffWebhookId(id)}, 'pending', ${now}, ${deadlineAt})
    ON CONFLICT (message_id) DO UPDATE SET state = 'pending', platform = excluded.platform, prepared_at = excluded.prepared_at,
      deadline_at = excluded.deadline_at WHERE hand_off.state = 'withdrawn'`;
}

/** The request is about to leave: from here on the platform may have it. */
export async function beginHandOff(tx: Sql, messageId: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE hand_off SET state = 'sending', attempts = attempts + 1 WHERE message_id = ${messageId}::uuid AND state IN ('pending', 'sending')`;
}

/** It never left, and is not to leave any more. */
export async function withdrawHandOff(tx: Sql, messageId: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE hand_off SET state = 'withdrawn' WHERE message_id = ${messageId}::uuid AND state = 'pending' AND attempts = 0`;
}

/** Held by a stop of sending while it may have been taken already: the time of the stop does not count. */
export async function extendHandOff(tx: Sql, messageId: string, deadlineAt: Date): Promise<void> {
  await tx.$executeRaw`
    UPDATE hand_off SET deadline_at = GREATEST(deadline_at, ${deadlineAt}::timestamptz)
    WHERE message_id = ${messageId}::uuid AND state = 'sending'`;
}

interface Fact {
  messageId: string;
  carry: number;
  now: Date;
}

/** The platform has it: from now on it owes the outcome. True for the first who learns it. */
export async function acknowledgeHandOff(
  tx: Sql,
  { messageId, carry, now, deadlineAt, callId }: Fact & { deadlineAt: Date; callId: string | null },
): Promise<boolean> {
  const rows = await tx.$queryRaw<{ platform: string; attempts: number }[]>`
    UPDATE hand_off SET state = 'acknowledged', acknowledged_at = ${now}, deadline_at = ${deadlineAt}
    WHERE message_id = ${messageId}::uuid AND state = 'sending' RETURNING platform, attempts`;
  const row = rows[0];
  if (!row) return false;
  const detail = { ...row, until: deadlineAt.toISOString(), ...(callId ? { callId } : {}) };
  await appendEvents(tx, now, [{ messageId, kind: 'handed_off', carry, detail }]);
  return true;
}

/** The platform did not take it: refused, or not reached as often or as long as it may be tried. */
export async function refuseHandOff(tx: Sql, messageId: string, now: Date): Promise<boolean> {
  const refused = await tx.$executeRaw`
    UPDATE hand_off SET state = 'refused', ended_at = ${now} WHERE message_id = ${messageId}::uuid AND state IN ('pending', 'sending')`;
  return refused > 0;
}

const alarmOf = ({ platform, messageId }: Pick<HandOff, 'platform' | 'messageId'>) =>
  ({ kind: 'hand_off_overdue', source: platform, subject: `hand-off/${messageId}` }) as const;

/** The outcome did not come in time: a fact with an alarm, whoever notices it first. */
export async function expireHandOff(tx: Sql, handOff: HandOff, now: Date): Promise<boolean> {
  const expired = await tx.$executeRaw`
    UPDATE hand_off SET state = 'overdue', ended_at = ${now}
    WHERE message_id = ${handOff.messageId}::uuid AND state = 'acknowledged' AND deadline_at <= ${now}`;
  if (expired === 0) return false;
  const { messageId, webhookId, acknowledgedAt, deadlineAt } = handOff;
  await raiseAlarm(tx, { ...alarmOf(handOff), evidence: { messageId, webhookId, acknowledgedAt, deadlineAt }, now });
  return true;
}

export type Reported =
  | { kind: 'recorded'; handOff: HandOff; late: boolean }
  /** The same was reported before. */
  | { kind: 'repeated'; handOff: HandOff; late: boolean }
  /** Something else was reported before: the first word counts. */
  | { kind: 'contradicted'; handOff: HandOff }
  /** It was never handed to that platform, or has not left. */
  | { kind: 'unknown' };

/**
 * Writes down what a platform reports of a message. The first word counts; one that comes after the deadline is kept beside the
 * ending and changes nothing of it. A report proves that the hand-off was taken, also where its acknowledgement was lost.
 */
export async function reportOutcome(
  tx: Sql,
  {
    messageId,
    platform,
    outcome,
    by,
    now,
  }: { messageId: string; platform: string | null; outcome: Outcome; by: string; now: Date },
): Promise<Reported> {
  const [message] = await tx.$queryRaw<{ carry: number }[]>`
    SELECT carry_count AS carry FROM message WHERE id = ${messageId}::uuid`;
  const held = await holdHandOff(tx, messageId);
  if (!message || !held || (platform !== null && held.platform !== platform)) return { kind: 'unknown' };
  const { carry } = message;
  if (held.outcome !== null) {
    const late = held.state === 'overdue' || held.state === 'refused';
    return sameOutcome(held.outcome, outcome)
      ? { kind: 'repeated', handOff: held, late }
      : { kind: 'contradicted', handOff: held };
  }
  if (held.state === 'sending')
    await acknowledgeHandOff(tx, { messageId, carry, now, deadlineAt: held.deadlineAt, callId: null });
  const expired = held.state === 'acknowledged' && (await expireHandOff(tx, held, now));
  const late = expired || held.state === 'overdue' || (held.state === 'refused' && held.attempts > 0);
  if (!late && held.state !== 'sending' && held.state !== 'acknowledged') return { kind: 'unknown' };
  await tx.$executeRaw`
    UPDATE hand_off SET outcome = ${JSON.stringify(outcome)}::jsonb, outcome_at = ${now},
      state = CASE WHEN ${late} THEN state ELSE ${outcome.status} END, ended_at = CASE WHEN ${late} THEN ended_at ELSE ${now}::timestamptz END
    WHERE message_id = ${messageId}::uuid`;
  const detail = { platform: held.platform, status: outcome.status, by, late };
  await appendEvents(tx, now, [{ messageId, kind: 'outcome_reported', carry, detail }]);
  if (late) await quenchAlarm(tx, { ...alarmOf(held), now });
  return { kind: 'recorded', handOff: held, late };
}

export interface HandOffFilter {
  platform: string | null;
  states: readonly HandOffState[];
  limit: number;
}

/** Those that are not over first, the oldest first. */
export const listHandOffs = (db: Sql, { platform, states, limit }: HandOffFilter): Promise<HandOff[]> => db.$queryRaw<
  HandOff[]
>`
  SELECT message_id AS "messageId", source, platform, webhook_id AS "webhookId", state, attempts, prepared_at AS "preparedAt",
         deadline_at AS "deadlineAt", acknowledged_at AS "acknowledgedAt", ended_at AS "endedAt", outcome, outcome_at AS "outcomeAt"
  FROM hand_off
  WHERE (${platform}::text IS NULL OR platform = ${platform}::text)
    AND (cardinality(${[...states]}::text[]) = 0 OR state = ANY (${[...states]}::text[]))
  ORDER BY (ended_at IS NOT NULL), prepared_at, message_id LIMIT ${limit}`;

/** States that `waybill hand-off list` shows unless it is told otherwise: all in which somebody still owes something. */
export const OPEN_HAND_OFFS = [
  'pending',
  'sending',
  'acknowledged',
  'overdue',
] as const satisfies readonly HandOffState[];
