import { createHash } from 'node:crypto';
import { type CallFacts, type CallState, type CallWitness, isNewer, type PhoneStatus } from '../domain/calls.js';
import { callKey } from '../domain/identity.js';
import type { EscalateReason } from '../domain/reasons.js';
import type { Sql } from './database.js';
import { appendEvents } from './events.js';
import type { CarriedMessage } from './lifecycles.js';

export interface PhoneCallRow {
  id: string;
  messageId: string;
  /** Source of the message; the provider of the call is another. */
  source: string;
  provider: string;
  toNumber: string;
  fromNumber: string;
  state: CallState;
  attempt: number;
  reason: EscalateReason | null;
  /** Whether a person approved it. */
  approved: boolean;
  zones: string[];
  slotAt: Date;
  windowEnd: Date;
  placingAt: Date | null;
  placedAt: Date | null;
  heardAt: Date | null;
  status: PhoneStatus | null;
  /** The provider's id of the newest attempt; null before anything told it. */
  sid: string | null;
}

/** What telephone numbers are compared by, wherever they need not be dialled. */
export const numberHash = (number: string): string => createHash('sha256').update(number).digest('hex');

export const factsOf = (call: PhoneCallRow): CallFacts => ({
  state: call.state,
  attempt: call.attempt,
  slotAt: call.slotAt.getTime(),
  windowEnd: call.windowEnd.getTime(),
  placingAt: call.placingAt?.getTime() ?? null,
  placedAt: call.placedAt?.getTime() ?? null,
  heardAt: call.heardAt?.getTime() ?? null,
  status: call.status,
});

/** The call that a message asked for, locked until the transaction ends; null where it asked for none. */
export async function lockCallOf(tx: Sql, messageId: string): Promise<PhoneCallRow | null> {
  await tx.$queryRaw`SELECT 1 FROM call WHERE message_id = ${messageId}::uuid FOR UPDATE`;
  return readCallOf(tx, messageId);
}

export async function readCallOf(db: Sql, messageId: string): Promise<PhoneCallRow | null> {
  const rows = await db.$queryRaw<PhoneCallRow[]>`
    SELECT call.id, call.message_id AS "messageId", call.source, call.provider, call.to_number AS "toNumber",
           call.from_number AS "fromNumber", call.state, call.attempt, call.reason, call.approved, call.zones, call.slot_at AS "slotAt",
           call.window_end AS "windowEnd", call.placing_at AS "placingAt", call.placed_at AS "placedAt",
           call.heard_at AS "heardAt", call.status, one.sid
    FROM call LEFT JOIN call_attempt one ON one.call_id = call.id AND one.attempt = call.attempt
    WHERE call.message_id = ${messageId}::uuid`;
  return rows[0] ?? null;
}

export interface CallOrder {
  provider: string;
  to: string;
  from: string;
  approved: boolean;
  zones: readonly string[];
  slotAt: Date;
  windowEnd: Date;
}

/** Writes a call down; false where another one between the two numbers is open. One that was withdrawn is wanted again. */
export async function orderCall(tx: Sql, message: CarriedMessage, order: CallOrder, now: Date): Promise<boolean> {
  // Two messages may ask for the same number at once: the second one waits here for the first, and then finds its row.
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`call ${order.from} ${order.to}`}, 0))`;
  const elsewhere = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM call WHERE from_number = ${order.from} AND to_number = ${order.to} AND message_id <> ${message.id}::uuid
      AND state IN ('scheduled', 'placing', 'doubtful', 'placed') LIMIT 1`;
  if (elsewhere.length > 0) return false;
  await tx.$executeRaw`
    INSERT INTO call (message_id, source, provider, to_number, from_number, state, attempt, approved, zones, slot_at, window_end, requested_at)
    VALUES (${message.id}::uuid, ${message.source}, ${order.provider}, ${order.to}, ${order.from}, 'scheduled', 1, ${order.approved},
            ${[...order.zones]}::text[], ${order.slotAt}, ${order.windowEnd}, ${now})
    ON CONFLICT (message_id) DO UPDATE SET state = 'scheduled', to_number = excluded.to_number, from_number = excluded.from_number,
      provider = excluded.provider, approved = excluded.approved, zones = excluded.zones, slot_at = excluded.slot_at, window_end = excluded.window_end,
      ended_at = NULL WHERE call.state = 'withdrawn'`;
  const detail = { slot: order.slotAt.toISOString(), zones: order.zones.length };
  await appendEvents(tx, now, [{ messageId: message.id, kind: 'call_requested', carry: message.carry, detail }]);
  return true;
}

/** Gives a call that has not left another hour; its attempt counts on where the one before was made. */
export async function rescheduleCall(tx: Sql, call: PhoneCallRow, slotAt: Date, attempt: number): Promise<void> {
  await tx.$executeRaw`
    UPDATE call SET state = 'scheduled', slot_at = ${slotAt}, attempt = ${attempt}, status = NULL, placing_at = NULL, placed_at = NULL,
      heard_at = NULL WHERE id = ${call.id}::uuid`;
}

/** The request is about to leave: its attempt is written down with the key that it carries. */
export async function beginPlacing(tx: Sql, call: PhoneCallRow, now: Date): Promise<string> {
  const key = callKey(call.messageId, call.attempt);
  await tx.$executeRaw`
    UPDATE call SET state = 'placing', placing_at = ${now}, status = NULL, placed_at = NULL, heard_at = NULL WHERE id = ${call.id}::uuid`;
  await tx.$executeRaw`
    INSERT INTO call_attempt (key, call_id, attempt, provider, placing_at)
    VALUES (${key}, ${call.id}::uuid, ${call.attempt}, ${call.provider}, ${now})
    ON CONFLICT (key) DO UPDATE SET placing_at = excluded.placing_at`;
  return key;
}

/** The request certainly placed nothing: the same attempt may be begun again. A later one that is on its way is left alone. */
export async function takeBackPlacing(tx: Sql, { id, attempt }: PhoneCallRow): Promise<void> {
  await tx.$executeRaw`
    UPDATE call SET state = 'scheduled', placing_at = NULL WHERE id = ${id}::uuid AND attempt = ${attempt} AND state = 'placing'`;
}

/** Nobody knows what became of the request. */
export async function doubtCall(tx: Sql, call: PhoneCallRow, carry: number, now: Date): Promise<void> {
  const doubted =
    await tx.$executeRaw`UPDATE call SET state = 'doubtful' WHERE id = ${call.id}::uuid AND state = 'placing'`;
  if (doubted === 0) return;
  const detail = { attempt: call.attempt };
  await appendEvents(tx, now, [{ messageId: call.messageId, kind: 'call_doubtful', carry, detail }]);
}

export type CallEnd = { as: 'completed' | 'withdrawn' } | { as: 'given_up'; reason: EscalateReason };

/** Ends a call that is open; the message is ended by its own lifecycle, which is woken for it. */
export async function endCall(tx: Sql, call: PhoneCallRow, end: CallEnd, carry: number, now: Date): Promise<void> {
  const reason = end.as === 'given_up' ? end.reason : null;
  const ended = await tx.$executeRaw`
    UPDATE call SET state = ${end.as}, reason = ${reason}, ended_at = ${now}
    WHERE id = ${call.id}::uuid AND state IN ('scheduled', 'placing', 'doubtful', 'placed')`;
  if (ended === 0) return;
  const detail = { as: end.as, attempt: call.attempt, ...(reason ? { reason } : {}) };
  await appendEvents(tx, now, [{ messageId: call.messageId, kind: 'call_ended', carry, detail }]);
}

export interface ShownCall {
  sid: string;
  from: string;
  to: string;
  status: PhoneStatus;
  createdAt: Date;
}

/** Holds what the provider shows of calls, ours or not, and by whom each was first seen. Gives how many are new to us. */
export async function holdShownCalls(
  tx: Sql,
  provider: string,
  shown: readonly ShownCall[],
  via: CallWitness,
  now: Date,
): Promise<number> {
  if (shown.length === 0) return 0;
  const rows = await tx.$queryRaw<{ isNew: boolean }[]>`
    INSERT INTO phone_call (provider, sid, from_hash, to_hash, status, created_at, first_seen_at, first_seen_by, last_seen_at)
    SELECT DISTINCT ON (sid) ${provider}, sid, from_hash, to_hash, status, created_at, ${now}::timestamptz, ${via}, ${now}::timestamptz
    FROM unnest(${shown.map((one) => one.sid)}::text[], ${shown.map((one) => numberHash(one.from))}::text[],
                ${shown.map((one) => numberHash(one.to))}::text[], ${shown.map((one) => one.status)}::text[],
                ${shown.map((one) => one.createdAt)}::timestamptz[]) AS row (sid, from_hash, to_hash, status, created_at)
    ORDER BY sid
    ON CONFLICT (provider, sid) DO UPDATE SET status = excluded.status, last_seen_at = excluded.last_seen_at
    RETURNING first_seen_at = ${now}::timestamptz AND first_seen_by = ${via} AS "isNew"`;
  return rows.filter((row) => row.isNew).length;
}

export interface AttemptRow {
  key: string;
  callId: string;
  messageId: string;
  attempt: number;
  sid: string | null;
  status: PhoneStatus | null;
}

/** The attempt of a key, or of the call that the provider gave this id; null where we know none. */
export async function findAttempt(
  tx: Sql,
  provider: string,
  by: { key: string } | { sid: string },
): Promise<AttemptRow | null> {
  const rows = await tx.$queryRaw<AttemptRow[]>`
    SELECT one.key, one.call_id AS "callId", call.message_id AS "messageId", one.attempt, one.sid, one.status
    FROM call_attempt one JOIN call ON call.id = one.call_id
    WHERE one.provider = ${provider} AND (one.key = ${'key' in by ? by.key : null}::text OR one.sid = ${'sid' in by ? by.sid : null}::text)`;
  return rows[0] ?? null;
}

/** Writes down one report; false where the same was told before by the same way. */
export async function keepReport(
  tx: Sql,
  report: { provider: string; sid: string; status: PhoneStatus; via: CallWitness; sequence: number | null; now: Date },
): Promise<boolean> {
  const { provider, sid, status, via, sequence, now } = report;
  const kept = await tx.$executeRaw`
    INSERT INTO call_report (provider, sid, status, via, sequence, at)
    VALUES (${provider}, ${sid}, ${status}, ${via}, ${sequence}::int, ${now}) ON CONFLICT DO NOTHING`;
  return kept > 0;
}

/** Ties the provider's call to the attempt that it came of, once. */
export async function tieAttempt(
  tx: Sql,
  attempt: AttemptRow,
  sid: string,
  via: CallWitness,
  now: Date,
): Promise<void> {
  await tx.$executeRaw`
    UPDATE call_attempt SET sid = ${sid}, first_seen_by = ${via}, accepted_at = ${now} WHERE key = ${attempt.key} AND sid IS NULL`;
}

/** Takes a status over into the attempt and, where it is the call's newest attempt, into the call; only ever forwards. */
export async function advanceStatus(
  tx: Sql,
  call: PhoneCallRow,
  attempt: AttemptRow,
  status: PhoneStatus,
  now: Date,
): Promise<boolean> {
  const isCurrent = attempt.attempt === call.attempt;
  if (isCurrent) await tx.$executeRaw`UPDATE call SET heard_at = ${now} WHERE id = ${call.id}::uuid`;
  if (!isNewer(status, attempt.status)) return false;
  await tx.$executeRaw`UPDATE call_attempt SET status = ${status} WHERE key = ${attempt.key}`;
  if (isCurrent) await tx.$executeRaw`UPDATE call SET status = ${status} WHERE id = ${call.id}::uuid`;
  return true;
}

/**
 * The provider has the call of an attempt: a request under way or in doubt is neither any more, and another attempt that has not
 * left yet is not made. False where another attempt has left, or the call is over.
 */
export async function markPlaced(tx: Sql, call: PhoneCallRow, { attempt }: AttemptRow, now: Date): Promise<boolean> {
  const placed = await tx.$executeRaw`
    UPDATE call SET state = 'placed', attempt = ${attempt}, placed_at = ${now}, heard_at = ${now}
    WHERE id = ${call.id}::uuid
      AND ((state IN ('placing', 'doubtful') AND attempt = ${attempt}) OR (state = 'scheduled' AND attempt >= ${attempt}))`;
  return placed > 0;
}

/** Calls of these ids between the two numbers, begun at or after an instant, that belong to no attempt of ours. */
export async function unclaimedCalls(
  tx: Sql,
  call: PhoneCallRow,
  sids: readonly string[],
  since: Date,
): Promise<string[]> {
  const rows = await tx.$queryRaw<{ sid: string }[]>`
    SELECT sid FROM phone_call
    WHERE provider = ${call.provider} AND sid = ANY (${[...sids]}::text[]) AND created_at >= ${since}
      AND from_hash = ${numberHash(call.fromNumber)} AND to_hash = ${numberHash(call.toNumber)}
      AND NOT EXISTS (SELECT 1 FROM call_attempt one WHERE one.provider = phone_call.provider AND one.sid = phone_call.sid)
    ORDER BY sid`;
  return rows.map((row) => row.sid);
}
