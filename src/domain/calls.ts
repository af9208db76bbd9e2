import type { EscalateReason } from './reasons.js';
import type { Timing } from './timing.js';

/** Where a call that a message asked for can be; docs/reference/callbacks.md holds the same tables. */
export const CALL_STATES = {
  scheduled: 'it has an hour, and nothing has left yet',
  placing: 'the request that places it is on its way; after a crash here it is in doubt',
  doubtful: 'it may have been placed; the list of the provider is looked at before anything else',
  placed: 'the provider has it, and reports on it',
  completed: 'it took place',
  given_up: 'a person has it, for the stated reason',
  withdrawn: 'it was no longer wanted or allowed before anything left',
} as const;
export type CallState = keyof typeof CALL_STATES;

/** What the provider says of a call. Source: Twilio, Call resource, `status`. */
export const PHONE_STATUSES = {
  queued: 'accepted, and not dialled yet',
  initiated: 'being dialled',
  ringing: 'the telephone rings',
  'in-progress': 'somebody has answered',
  completed: 'it was answered, and has ended',
  busy: 'the line was busy',
  'no-answer': 'nobody answered',
  failed: 'it could not be connected',
  canceled: 'it was taken back before anybody answered',
} as const;
export type PhoneStatus = keyof typeof PHONE_STATUSES;

const RANK: Record<PhoneStatus, number> = {
  queued: 0,
  initiated: 1,
  ringing: 2,
  'in-progress': 3,
  completed: 4,
  busy: 4,
  'no-answer': 4,
  failed: 4,
  canceled: 4,
};

export const isFinal = (status: PhoneStatus): boolean => RANK[status] === 4;

export const FINAL_STATUSES: readonly PhoneStatus[] = (Object.keys(RANK) as PhoneStatus[]).filter(isFinal);

/** Whether a status tells something newer than another: reports come late, twice and out of order. */
export const isNewer = (status: PhoneStatus, than: PhoneStatus | null): boolean =>
  than === null || RANK[status] > RANK[than];

/** Who first told us of something about a call. */
export const CALL_WITNESSES = {
  answer: 'the answer to the request that placed it',
  webhook: 'a status callback',
  poll: 'a question after this one call',
  look: 'the look into the list after a doubt',
  list: 'the scheduled comparison with the list',
} as const;
export type CallWitness = keyof typeof CALL_WITNESSES;

/** What stands of a call in the ledger, as far as its next step depends on it. Instants in milliseconds since 1970. */
export interface CallFacts {
  state: CallState;
  /** Requests made or about to be made, from 1. */
  attempt: number;
  slotAt: number;
  /** No call is begun at or after this instant. */
  windowEnd: number;
  /** When the newest request was begun; null before the first. */
  placingAt: number | null;
  placedAt: number | null;
  /** When the provider last told something of it, whoever asked. */
  heardAt: number | null;
  status: PhoneStatus | null;
}

export type CallVerdict =
  | { do: 'wait'; until: number }
  | { do: 'place' | 'look' | 'poll' | 'complete' | 'again' | 'end' }
  | { do: 'give_up'; reason: Extract<EscalateReason, 'call_unanswered' | 'call_unconfirmed'> };

export type CallTiming = Pick<
  Timing,
  'callDeadlineMs' | 'callVisibleMs' | 'callPollMs' | 'callAttempts' | 'callLongestMs'
>;

/** From then on the list of the provider proves what became of a request: its deadline has passed, and the time to show after it. */
export const provableAt = (placingAt: number, timing: CallTiming): number =>
  placingAt + timing.callDeadlineMs + timing.callVisibleMs;

/** A silent call is asked after at growing gaps: the longer it lasts, the less a minute matters. */
const POLL_SHARE = 0.25;

/** What is to be done with a call now. Pure; the ledger is read anew for each step, so a crash between two of them costs nothing. */
export function judgeCall(call: CallFacts, now: number, timing: CallTiming): CallVerdict {
  switch (call.state) {
    case 'scheduled':
      return now < call.slotAt ? { do: 'wait', until: call.slotAt } : { do: 'place' };
    case 'placing':
    case 'doubtful': {
      const at = provableAt(call.placingAt ?? now, timing);
      return now < at ? { do: 'wait', until: at } : { do: 'look' };
    }
    case 'placed':
      return judgePlaced(call, now, timing);
    case 'completed':
    case 'given_up':
    case 'withdrawn':
      return { do: 'end' };
  }
}

function judgePlaced(call: CallFacts, now: number, timing: CallTiming): CallVerdict {
  const { status, attempt } = call;
  if (status === 'completed') return { do: 'complete' };
  // Somebody took it back on purpose: it is not for us to call again.
  if (status === 'canceled') return { do: 'give_up', reason: 'call_unanswered' };
  if (status !== null && isFinal(status))
    return attempt < timing.callAttempts ? { do: 'again' } : { do: 'give_up', reason: 'call_unanswered' };
  const placedAt = call.placedAt ?? now;
  if (now >= placedAt + timing.callLongestMs) return { do: 'give_up', reason: 'call_unconfirmed' };
  const heardAt = call.heardAt ?? placedAt;
  const pollAt = heardAt + Math.max(timing.callPollMs, (heardAt - placedAt) * POLL_SHARE);
  return now < pollAt ? { do: 'wait', until: Math.min(pollAt, placedAt + timing.callLongestMs) } : { do: 'poll' };
}

/** What the list of the provider shows after a doubt. */
export type Sighting = { kind: 'ours'; sid: string } | { kind: 'none' } | { kind: 'ambiguous' };

/**
 * Whether the request in doubt placed a call. A call that a callback has tied to our key is ours whatever else is listed. Without
 * one, a single unclaimed call between the two numbers since the request was begun is it: nobody else calls from our number.
 */
export function judgeSighting(tied: string | null, unclaimed: readonly string[], wasCut: boolean): Sighting {
  if (tied !== null) return { kind: 'ours', sid: tied };
  if (wasCut || unclaimed.length > 1) return { kind: 'ambiguous' };
  const [sid] = unclaimed;
  return sid === undefined ? { kind: 'none' } : { kind: 'ours', sid };
}
