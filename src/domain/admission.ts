import type { BackfillPolicy } from './backfill.js';
import type { Direction } from './message.js';
import type { IgnoreReason, OutboundReason } from './reasons.js';
import type { Mode } from './states.js';
import type { Timing } from './timing.js';
import { clamp } from './visit-schedule.js';

const DAY_MS = 86_400_000;

/** All instants in milliseconds since 1970. */
export interface AdmissionInput {
  direction: Direction;
  originAt: number | null;
  firstSeenAt: number;
  threadCreatedAt: number;
  /** Whether its thread was found by the first enumeration of the source and is read for the first time. */
  byFirstEnumeration: boolean;
  /** Another message with the same Message-ID and content that came first. */
  twinOf: string | null;
  /** Whether it carries a client_ref of an outbox row of ours. */
  isOurReply: boolean;
  /** Whether it lay parked as an unreadable row until a newer adapter read it: then only a person may answer it. */
  readLate?: boolean;
  /** Whether we wrote it ourselves, to measure the provider. */
  isCanary?: boolean;
  /** The backfill that brought it in: it may forbid what the source allows, never the other way round. */
  backfill?: { mode: 'record' | 'automate'; policy: BackfillPolicy | null } | null;
  source: { mode: Mode; answerFrom: number | null; answerFromExplicit: boolean };
  timing: Timing;
}

export type Admission =
  /** Carried by a lifecycle; `hold` names why it may never be answered automatically. */
  | { end: null; hold: 'first_enumeration' | 'origin_implausible' | 'read_late' | null }
  | { end: 'outbound'; reason: OutboundReason }
  | { end: 'duplicate_of'; reason: 'twin'; other: string }
  | { end: 'ignored'; reason: IgnoreReason };

/** Whether a stamp can be true: within [thread created, first seen], give or take the tolerance. */
export function originPlausible(
  input: Pick<AdmissionInput, 'originAt' | 'firstSeenAt' | 'threadCreatedAt' | 'timing'>,
): boolean {
  if (input.originAt === null) return false;
  const tolerance = input.timing.originToleranceMs;
  return input.originAt >= input.threadCreatedAt - tolerance && input.originAt <= input.firstSeenAt + tolerance;
}

/** Whether law 9 keeps a message from being answered because it is older than the source's answerFrom. */
export function beforeAnswerFrom(
  input: Pick<AdmissionInput, 'originAt' | 'firstSeenAt' | 'threadCreatedAt'>,
  answerFrom: number | null,
): boolean {
  if (answerFrom === null) return true;
  const written = clamp(input.originAt ?? input.firstSeenAt, input.threadCreatedAt, input.firstSeenAt);
  return input.firstSeenAt < answerFrom || written < answerFrom;
}

/** One whose stamp cannot be true is as old as its thread. */
function isForTheRecord(input: AdmissionInput, { mode, policy }: NonNullable<AdmissionInput['backfill']>): boolean {
  if (mode === 'record' || policy === null) return true;
  const writtenAt = originPlausible(input) ? (input.originAt ?? input.threadCreatedAt) : input.threadCreatedAt;
  return input.firstSeenAt - writtenAt > policy.maxAgeDays * DAY_MS;
}

/**
 * What becomes of a message in the transaction that records it: an ending without a workflow, or a lifecycle. Pure.
 * Source: DESIGN law 9 and law 2 ("outbound messages and twins end at record time").
 */
export function admit(input: AdmissionInput): Admission {
  const { source } = input;
  if (input.direction === 'outbound')
    return { end: 'outbound', reason: input.isOurReply ? 'our_reply' : 'person_reply' };
  if (input.isCanary) return { end: 'ignored', reason: 'canary' };
  if (input.twinOf !== null) return { end: 'duplicate_of', reason: 'twin', other: input.twinOf };
  if (input.backfill && isForTheRecord(input, input.backfill))
    return { end: 'ignored', reason: 'recorded_by_backfill' };
  if (source.mode === 'observe') return { end: 'ignored', reason: 'observed_only' };
  const plausible = originPlausible(input);
  const enumerated = input.byFirstEnumeration && !source.answerFromExplicit;
  if (enumerated && !plausible) return { end: 'ignored', reason: 'first_enumeration' };
  if (beforeAnswerFrom(input, source.answerFrom)) return { end: 'ignored', reason: 'before_answer_from' };
  if (input.readLate) return { end: null, hold: 'read_late' };
  if (enumerated) return { end: null, hold: 'first_enumeration' };
  return { end: null, hold: plausible || source.answerFromExplicit ? null : 'origin_implausible' };
}
