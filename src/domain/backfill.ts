/** What a backfill may do with what it finds. docs/reference/backfill.md explains each. */
export const BACKFILL_MODES = {
  report: 'reads and compares, and stores what it found missing as findings alone',
  record: 'takes in what was missing; each such message ends at once as `ignored(recorded_by_backfill)`',
  automate: 'takes in what was missing and has it carried, as far as its policy and the source allow',
} as const;
export type BackfillMode = keyof typeof BACKFILL_MODES;

export const BACKFILL_STATES = {
  running: 'it walks, or waits for what its hold names',
  done: 'it has listed its whole interval and read every thread of it',
  cancelled: 'a person ended it; what it found stays',
  failed: 'its workflow ended before it was done',
} as const;
export type BackfillState = keyof typeof BACKFILL_STATES;

/** Why a running backfill makes no calls. */
export const BACKFILL_HOLDS = {
  person: 'a person paused it',
  hours: 'it is outside its hours of the day',
  breaker: 'the breaker of its source is open',
  lateness: 'live messages come later than the guarantee allows',
  source_stopped: 'its source is stopped: `waybill source resume` starts it again',
  token_rejected: 'the provider rejects the token of the source',
  no_worker: 'no worker takes calls of its queue',
  source_removed: 'its source is not configured any more',
} as const;
export type BackfillHold = keyof typeof BACKFILL_HOLDS;

export const BACKFILL_DIRECTIONS = {
  newest_first: 'from the end of its interval back',
  oldest_first: 'from the beginning of its interval on',
} as const;
export type BackfillDirection = keyof typeof BACKFILL_DIRECTIONS;

/** Where a listed thread stands. */
export const BACKFILL_THREAD_STATES = {
  listed: 'a listing of the backfill named it; it is still to be read',
  taken: 'it is being read',
  read: 'it was read whole',
  gone: 'the provider lists it and does not know it when asked',
  unread: 'it could not be read whole, however often it was tried',
} as const;
export type BackfillThreadState = keyof typeof BACKFILL_THREAD_STATES;

export const BACKFILL_LISTING_OUTCOMES = {
  listed: 'a reading of the interval counts',
  unlisted: 'no reading of it counts, for the stated reason',
} as const;
export type BackfillListingOutcome = keyof typeof BACKFILL_LISTING_OUTCOMES;

export const BACKFILL_ORDERS = {
  pause: 'make no calls until it is resumed',
  resume: 'go on where it stood',
  pace: 'other ceiling, sleeps or sizes from now on',
  extend: 'walk a wider interval',
  cancel: 'end it; what it found stays',
} as const;
export type BackfillVerb = keyof typeof BACKFILL_ORDERS;

/** Why a message had not been ours, as far as a reader can tell. */
export const BACKFILL_CAUSES = {
  never_asked_for: 'no listing of ours ever asked for the day on which its thread was created',
  not_returned: 'a listing of ours asked for that day afterwards, and the provider did not return its thread',
  not_revisited: 'its thread was ours, and was not read again after the message was written',
  overlooked: 'its thread was read whole after its verified receipt, and it was not among the rows',
  parked: 'it was parked at intake, as a row that could not be read',
  lost_inside: 'an answer named it before, and the ledger did not have it',
  undecidable: 'it is older by its stamp than our last reading of its thread: it came late, or was not returned then',
} as const;
export type BackfillCause = keyof typeof BACKFILL_CAUSES;

export interface BackfillPace {
  /** Calls per second at most; null leaves that to the budget of the source. */
  perSecond: number | null;
  /** Threads read between two pauses. */
  batchThreads: number;
  batchPauseMs: number;
}

/** The original's: a second between steps, five between batches of a hundred threads. */
export const COURTEOUS_PACE: BackfillPace = { perSecond: 1, batchThreads: 100, batchPauseMs: 5_000 };
export const DEFAULT_BACKFILL_DAYS = 365;
export const LONGEST_BACKFILL_DAYS = 36_500;

export interface BackfillHours {
  /** Minutes since midnight; a window whose end is not after its beginning runs past midnight. */
  from: number;
  to: number;
  /** IANA name. */
  zone: string;
}

/** What may be done about a message that a backfill takes in to be carried. It can narrow what the source allows, never widen it. */
export interface BackfillPolicy {
  /** Older ones, by their stamp, are recorded and nothing else. Days. */
  maxAgeDays: number;
  /** `never`: to a person; `draft`: what would leave is put before a person; `answer`: as the source's mode says. */
  replies: 'never' | 'draft' | 'answer';
  /** With `answer`, older ones are treated as with `never`. Days. */
  answerYoungerThanDays: number | null;
}

const DAY_MS = 86_400_000;

/** What may leave for a message that a backfill took in, by its policy. `ageMs`: since it was written, as far as its stamp can be believed. */
export function leaveFor(policy: BackfillPolicy, ageMs: number): 'as_usual' | 'draft' | 'nothing' {
  if (policy.replies === 'draft') return 'draft';
  if (policy.replies === 'never' || policy.answerYoungerThanDays === null) return 'nothing';
  return ageMs < policy.answerYoungerThanDays * DAY_MS ? 'as_usual' : 'nothing';
}

export const QUIET_POLICY: BackfillPolicy = { maxAgeDays: 30, replies: 'never', answerYoungerThanDays: null };
