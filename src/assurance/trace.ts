import { lifecycleWorkflowId } from '../domain/identity.js';
import type { Sql } from '../ledger/database.js';

export interface TraceCall {
  id: string;
  operation: string;
  openedAt: Date;
  finishedAt: Date | null;
  status: number | null;
  failure: string | null;
  attempt: number;
}

export interface TraceEvent {
  at: Date;
  kind: string;
  carry: number;
  detail: Record<string, unknown>;
}

export interface Trace {
  verdict: 'carried' | 'in flight' | 'waiting' | 'parked' | 'unknown to both';
  sentence: string;
  message: TraceMessage | null;
  events: TraceEvent[];
  calls: TraceCall[];
  failures: { at: Date; type: string; code: string | null; activity: string; attempt: number }[];
  workflowId: string | null;
}

export interface TraceMessage {
  id: string;
  source: string;
  providerMessageId: string;
  providerThreadId: string;
  threadId: string;
  direction: string;
  originAt: Date | null;
  receivedAt: Date | null;
  firstSeenAt: Date;
  firstSeenBy: string;
  firstCallId: string;
  route: string | null;
  state: string;
  waitingKind: string | null;
  waitingUntil: Date | null;
  disposition: string | null;
  reason: string | null;
  otherMessageId: string | null;
  caseId: string | null;
  carryCount: number;
  clientRef: string | null;
}

/** Our id of a message, alone or as the end of the id of its workflow. */
const OURS = /^(?:message\/[^/]+\/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** Messages that an id of ours, of a workflow or of a provider names; the same provider id can stand in several sources. */
export async function findMessages(db: Sql, id: string): Promise<TraceMessage[]> {
  const ours = OURS.exec(id)?.[1] ?? null;
  return db.$queryRaw<TraceMessage[]>`
    SELECT m.id, m.source, provider_message_id AS "providerMessageId", provider_thread_id AS "providerThreadId",
           thread_id AS "threadId", direction, origin_at AS "originAt", received_at AS "receivedAt",
           m.first_seen_at AS "firstSeenAt", m.first_seen_by AS "firstSeenBy", first_call_id AS "firstCallId", route, state,
           waiting_kind AS "waitingKind", waiting_until AS "waitingUntil", disposition, reason,
           other_message_id AS "otherMessageId", case_id AS "caseId", carry_count AS "carryCount", client_ref AS "clientRef"
    FROM message m JOIN thread t ON t.id = m.thread_id
    WHERE provider_message_id = ${id} OR m.id = ${ours}::uuid`;
}

/** The way of one message so far, from the ledger alone: events, the calls that bear on it, what failed. */
export async function traceMessage(db: Sql, message: TraceMessage): Promise<Trace> {
  const events = await db.$queryRaw<TraceEvent[]>`
    SELECT at, kind, carry, detail FROM lifecycle_event WHERE message_id = ${message.id}::uuid ORDER BY seq`;
  const calls = await db.$queryRaw<TraceCall[]>`
    SELECT id, operation, opened_at AS "openedAt", finished_at AS "finishedAt", status, failure, attempt FROM provider_call
    WHERE id = ${message.firstCallId}::uuid OR message_id = ${message.id}::uuid ORDER BY opened_at, id`;
  const failures = await db.$queryRaw<Trace['failures']>`
    SELECT at, type, code, activity, attempt FROM failure WHERE message_id = ${message.id}::uuid ORDER BY at`;
  const carried = message.carryCount > 0;
  return {
    ...verdictOf(message),
    message,
    events,
    calls,
    failures,
    workflowId: carried ? lifecycleWorkflowId(message.source, message.id) : null,
  };
}

function verdictOf(message: TraceMessage): Pick<Trace, 'verdict' | 'sentence'> {
  const { state, disposition, reason, waitingKind, waitingUntil } = message;
  switch (state) {
    case 'ended':
      return { verdict: 'carried', sentence: `It ended ${disposition} (${reason}).` };
    case 'parked':
      return { verdict: 'parked', sentence: `It is parked (${reason}) and needs a person.` };
    case 'waiting':
      return {
        verdict: 'waiting',
        sentence: `It waits for ${waitingKind} until ${waitingUntil?.toISOString() ?? 'something happens'}.`,
      };
    default:
      return {
        verdict: 'in flight',
        sentence: state === 'recorded' ? 'It is recorded and next to be carried.' : 'A lifecycle has it in hand.',
      };
  }
}

/** An item that could not be read is parked at intake under the provider's id or a hash of what came. */
export async function findPark(db: Sql, id: string): Promise<Trace | null> {
  const rows = await db.$queryRaw<{ reason: string; parkedAt: Date; problem: string; state: string }[]>`
    SELECT reason, parked_at AS "parkedAt", problem, state FROM park WHERE item = ${id} AND state = 'parked' LIMIT 1`;
  const park = rows[0];
  if (!park) return null;
  return {
    verdict: 'parked',
    sentence: `It is parked at intake since ${park.parkedAt.toISOString()} (${park.reason}: ${park.problem}) and was never stored as a message.`,
    message: null,
    events: [],
    calls: [],
    failures: [],
    workflowId: null,
  };
}
