import type { CallWitness, PhoneStatus } from '../../domain/calls.js';
import { raiseAlarm } from '../../ledger/alarms.js';
import type { Sql } from '../../ledger/database.js';
import { appendEvents } from '../../ledger/events.js';
import { readMessage } from '../../ledger/lifecycles.js';
import {
  type AttemptRow,
  advanceStatus,
  findAttempt,
  keepReport,
  lockCallOf,
  markPlaced,
  type PhoneCallRow,
  readCallOf,
  tieAttempt,
} from '../../ledger/phone-calls.js';

export interface CallReport {
  provider: string;
  /** Our key, where the report came to the address that holds it. */
  key: string | null;
  sid: string;
  status: PhoneStatus;
  via: CallWitness;
  /** Number of a status callback. */
  sequence: number | null;
  now: Date;
}

export type ReportReceipt =
  | { kind: 'recorded' | 'replay'; source: string; messageId: string }
  /** It comes from the provider, and we know nothing of such a call. */
  | { kind: 'unknown' };

/**
 * Takes over what the provider tells of a call, by whichever way and in whichever order it comes: once by way, and only ever
 * forwards. What follows from it is decided by the call's own workflow. @see judgeCall
 */
export async function takeReport(tx: Sql, report: CallReport): Promise<ReportReceipt> {
  const { provider, sid, status, via, sequence, now } = report;
  const by = report.key === null ? { sid } : { key: report.key };
  const found = await findAttempt(tx, provider, by);
  if (!found) {
    await raiseMismatch(tx, provider, `unknown/${sid}`, { sid, via }, now);
    return { kind: 'unknown' };
  }
  const call = await lockCallOf(tx, found.messageId);
  // Read again under the lock: another report may have tied it meanwhile.
  const attempt = await findAttempt(tx, provider, by);
  if (!call || !attempt) return { kind: 'unknown' };
  const told = { source: call.source, messageId: call.messageId };
  if (!(await keepReport(tx, { provider, sid, status, via, sequence, now }))) {
    if (via !== 'webhook') await advanceStatus(tx, call, attempt, status, now);
    return { kind: 'replay', ...told };
  }
  if (attempt.sid !== null && attempt.sid !== sid) {
    // One key, two calls: one of them was placed by somebody who read our addresses, or by the provider twice.
    await raiseMismatch(tx, provider, `twice/${attempt.key}`, { sids: [attempt.sid, sid], via }, now);
    return { kind: 'recorded', ...told };
  }
  const { carry } = await readMessage(tx, call.messageId);
  await tie(tx, { call, attempt, carry, report });
  const tied = { ...call, attempt: (await readCallOf(tx, call.messageId))?.attempt ?? call.attempt };
  if (await advanceStatus(tx, tied, attempt, status, now)) {
    const detail = { status, via, attempt: attempt.attempt };
    await appendEvents(tx, now, [{ messageId: call.messageId, kind: 'call_status', carry, detail }]);
  }
  return { kind: 'recorded', ...told };
}

interface Tying {
  call: PhoneCallRow;
  attempt: AttemptRow;
  carry: number;
  report: CallReport;
}

/** The first that is heard of an attempt: the provider has its call, whatever was believed of it. */
async function tie(tx: Sql, { call, attempt, carry, report }: Tying): Promise<void> {
  const { provider, sid, via, now } = report;
  if (attempt.sid !== null) return;
  await tieAttempt(tx, attempt, sid, via, now);
  const detail = { sid, via, attempt: attempt.attempt };
  await appendEvents(tx, now, [{ messageId: call.messageId, kind: 'call_placed', carry, detail }]);
  if (await markPlaced(tx, call, attempt, now)) return;
  // It was taken for not placed, and something was done about that already.
  await raiseMismatch(tx, provider, `late/${attempt.key}`, { sid, via, state: call.state }, now);
}

/** The provider and we do not agree about a call. */
export async function raiseMismatch(
  tx: Sql,
  provider: string,
  subject: string,
  evidence: Record<string, unknown>,
  now: Date,
): Promise<void> {
  await raiseAlarm(tx, { kind: 'call_mismatch', source: provider, subject, evidence, now });
}
