import type { CallState, CallWitness, PhoneStatus } from '../domain/calls.js';
import type { EscalateReason } from '../domain/reasons.js';
import type { Sql } from './database.js';
import { shownAs } from './do-not-call.js';

/** A call as people see it: nothing of it can be dialled. */
export interface DeskCall {
  id: string;
  messageId: string;
  /** Of the message that asked for it. */
  source: string;
  provider: string;
  /** Too little of the number to dial it. */
  shownAs: string;
  state: CallState;
  attempt: number;
  /** What the provider said last of the newest attempt. */
  status: PhoneStatus | null;
  reason: EscalateReason | null;
  requestedAt: Date;
  slotAt: Date;
  windowEnd: Date;
  endedAt: Date | null;
}

export interface CallsWanted {
  onlyOpen?: boolean;
  state?: CallState | null | undefined;
  source?: string | null | undefined;
  /** Requested within [since, until). */
  since?: Date | null | undefined;
  until?: Date | null | undefined;
  /** Id of the last call of the page before. */
  before?: string | null | undefined;
  limit: number;
}

/** Calls, the newest first. An id of ours is made with its row, so ids are in the order of the requests. */
export const listCalls = (db: Sql, wanted: CallsWanted): Promise<DeskCall[]> => readCalls(db, wanted, null);

async function readCalls(
  db: Sql,
  { onlyOpen = false, state = null, source = null, since = null, until = null, before = null, limit }: CallsWanted,
  id: string | null,
): Promise<DeskCall[]> {
  const rows = await db.$queryRaw<(Omit<DeskCall, 'shownAs'> & { toNumber: string })[]>`
    SELECT id, message_id AS "messageId", source, provider, to_number AS "toNumber", state, attempt, status, reason,
           requested_at AS "requestedAt", slot_at AS "slotAt", window_end AS "windowEnd", ended_at AS "endedAt"
    FROM call
    WHERE (${id}::uuid IS NULL OR id = ${id}::uuid OR message_id = ${id}::uuid)
      AND (NOT ${onlyOpen}::boolean OR ended_at IS NULL)
      AND (${state}::text IS NULL OR state = ${state}::text)
      AND (${source}::text IS NULL OR source = ${source}::text)
      AND (${since}::timestamptz IS NULL OR requested_at >= ${since}::timestamptz)
      AND (${until}::timestamptz IS NULL OR requested_at < ${until}::timestamptz)
      AND (${before}::uuid IS NULL OR id < ${before}::uuid)
    ORDER BY id DESC LIMIT ${limit}::int`;
  return rows.map(({ toNumber, ...row }) => ({ ...row, shownAs: shownAs(toNumber) }));
}

export interface DeskReport {
  at: Date;
  status: PhoneStatus;
  via: CallWitness;
  sequence: number | null;
}

/** One request that placed it, and what was told of it since. */
export interface DeskAttempt {
  attempt: number;
  placingAt: Date;
  acceptedAt: Date | null;
  /** The provider's id; null where none is known. */
  sid: string | null;
  firstSeenBy: CallWitness | null;
  status: PhoneStatus | null;
  reports: DeskReport[];
}

/** One call by our id of it or of its message, with its attempts; null where there is none. */
export async function findCall(db: Sql, id: string): Promise<(DeskCall & { attempts: DeskAttempt[] }) | null> {
  const [call] = await readCalls(db, { limit: 1 }, id);
  if (!call) return null;
  const attempts = await db.$queryRaw<Omit<DeskAttempt, 'reports'>[]>`
    SELECT attempt, placing_at AS "placingAt", accepted_at AS "acceptedAt", sid, first_seen_by AS "firstSeenBy", status
    FROM call_attempt WHERE call_id = ${call.id}::uuid ORDER BY attempt`;
  const reports = await db.$queryRaw<(DeskReport & { sid: string })[]>`
    SELECT r.sid, r.at, r.status, r.via, r.sequence
    FROM call_attempt a JOIN call_report r ON r.provider = a.provider AND r.sid = a.sid
    WHERE a.call_id = ${call.id}::uuid ORDER BY r.at, r.id`;
  const of = (sid: string | null): DeskReport[] =>
    reports.flatMap(({ sid: reported, ...report }) => (reported === sid ? [report] : []));
  return { ...call, attempts: attempts.map((one) => ({ ...one, reports: of(one.sid) })) };
}
