import type { CallState } from '../domain/calls.js';
import type { EscalateReason } from '../domain/reasons.js';
import type { Sql } from './database.js';
import { shownAs } from './do-not-call.js';

export interface DeskCall {
  messageId: string;
  /** Too little of the number to dial it. */
  shownAs: string;
  state: CallState;
  attempt: number;
  reason: EscalateReason | null;
  requestedAt: Date;
  slotAt: Date;
  endedAt: Date | null;
}

const LISTED = 200;

/** Calls as people see them, the newest first. */
export async function listCalls(db: Sql, { onlyOpen }: { onlyOpen: boolean }): Promise<DeskCall[]> {
  const rows = await db.$queryRaw<(Omit<DeskCall, 'shownAs'> & { toNumber: string })[]>`
    SELECT message_id AS "messageId", to_number AS "toNumber", state, attempt, reason, requested_at AS "requestedAt",
           slot_at AS "slotAt", ended_at AS "endedAt"
    FROM call WHERE NOT ${onlyOpen}::boolean OR ended_at IS NULL ORDER BY requested_at DESC, id DESC LIMIT ${LISTED}`;
  return rows.map(({ toNumber, ...row }) => ({ ...row, shownAs: shownAs(toNumber) }));
}
