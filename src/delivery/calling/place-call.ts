import { standingOf } from '../../domain/conversation.js';
import type { EscalateReason } from '../../domain/reasons.js';
import type { Timing } from '../../domain/timing.js';
import { finishCall, type OpenCall, openCall } from '../../ledger/calls.js';
import { only, type Sql } from '../../ledger/database.js';
import { mustNotBeCalled } from '../../ledger/do-not-call.js';
import { lockMessage } from '../../ledger/hold-messages.js';
import { type CarriedMessage, isToldAnew, readConversation } from '../../ledger/lifecycles.js';
import { isStopped, scopeOf } from '../../ledger/modes.js';
import {
  beginPlacing,
  doubtCall,
  endCall,
  holdShownCalls,
  lockCallOf,
  type PhoneCallRow,
  rescheduleCall,
  takeBackPlacing,
} from '../../ledger/phone-calls.js';
import type { Thread } from '../../ledger/visits.js';
import type { NewCall, PhoneClient } from '../../sources/phone/client.js';
import { makeRecorded } from '../../sources/provider-call.js';
import { ProviderFailure } from '../../sources/source.js';
import { refuseLate } from '../refuse-late.js';
import { byPhone, type CallDeps } from './deps.js';
import { nextSlot } from './hours.js';
import { barredBecause } from './permission.js';
import { takeReport } from './report.js';
import type { CallingSetup } from './setup.js';

export interface PlaceInput {
  messageId: string;
  /** Attempt of the activity, from 1. */
  attempt: number;
}

/** `held`: sending is stopped. `doubtful`: nobody knows whether it was placed. `not_now`: nothing left, and the ledger says why. */
export type Placed = 'placed' | 'refused' | 'doubtful' | 'held' | 'not_now';

interface Begun {
  setup: CallingSetup;
  call: PhoneCallRow;
  carry: number;
  key: string;
  row: OpenCall;
  /** When it was asked for the last time whether sending is stopped. */
  askedAt: Date;
}

/**
 * Places the call that a message asked for: one request, which leaves only after its row says so. A crash after that leaves
 * `placing` behind; the next attempt takes that for doubt and never places again by itself. Source: DESIGN law 5.
 */
export async function placeCall(deps: CallDeps, input: PlaceInput): Promise<Placed> {
  const begun = await begin(deps, input);
  if (typeof begun === 'string') return begun;
  const { call, key, setup, row, askedAt } = begun;
  const order: NewCall = { to: call.toNumber, from: call.fromNumber, ...setup.addresses(key) };
  try {
    const answer = await makeRecorded(byPhone(deps), call.provider, row, (client) => {
      refuseLate(deps.clock.now().getTime() - askedAt.getTime(), deps.timing);
      return client.createCall(order);
    });
    await recordPlaced(deps, begun, answer);
    return 'placed';
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    return settle(deps, begun, error);
  }
}

async function begin({ db, clock, timing, calling }: CallDeps, input: PlaceInput): Promise<Begun | Placed> {
  const now = clock.now();
  return db.transaction(async (tx): Promise<Begun | Placed> => {
    const { message, thread } = await lockMessage(tx, input.messageId);
    const call = await lockCallOf(tx, input.messageId);
    if (call === null) return 'not_now';
    if (call.state === 'placing') {
      await doubtCall(tx, call, message.carry, now);
      return 'doubtful';
    }
    if (call.state !== 'scheduled') return 'not_now';
    if (calling === null) return giveUp(tx, call, message, 'call_refused', now);
    if (!(await isWanted(tx, { call, message, thread, now, timing }))) {
      await endCall(tx, call, { as: 'withdrawn' }, message.carry, now);
      return 'not_now';
    }
    const askedAt = clock.now();
    if (await isStopped(tx, await scopeOf(tx, message))) return 'held';
    if (await mustNotBeCalled(tx, call.toNumber)) return giveUp(tx, call, message, 'do_not_call', now);
    const slot = nextSlot(calling.hours, call.zones, now, call.windowEnd);
    if (slot === null) return giveUp(tx, call, message, call.attempt > 1 ? 'call_unanswered' : 'no_calling_hours', now);
    if (slot > now) {
      await rescheduleCall(tx, call, slot, call.attempt);
      return 'not_now';
    }
    const key = await beginPlacing(tx, call, now);
    const row = await openCall(tx, {
      source: call.provider,
      operation: 'createCall',
      parameters: { key },
      messageId: call.messageId,
      readingId: null,
      page: 0,
      attempt: input.attempt,
      now,
    });
    return { setup: calling, call, carry: message.carry, key, row, askedAt };
  });
}

interface Wanting {
  call: PhoneCallRow;
  message: CarriedMessage;
  thread: Thread;
  now: Date;
  timing: Timing;
}

/** Whether the message still waits for its call: it may have ended, read otherwise, be barred, or a person may have answered it. */
async function isWanted(tx: Sql, { call, message, thread, now, timing }: Wanting): Promise<boolean> {
  if (message.state === 'ended' || message.state === 'parked') return false;
  if (await isToldAnew(tx, message.id)) return false;
  if ((await barredBecause(tx, message, thread, call)) !== null) return false;
  const conversation = await readConversation(tx, thread);
  const self = only(
    conversation.messages.filter((one) => one.id === message.id),
    `message ${message.id}`,
  );
  return standingOf(self, conversation, now.getTime(), timing).to !== 'supersede';
}

async function giveUp(
  tx: Sql,
  call: PhoneCallRow,
  { carry }: CarriedMessage,
  reason: EscalateReason,
  now: Date,
): Promise<Placed> {
  await endCall(tx, call, { as: 'given_up', reason }, carry, now);
  return 'not_now';
}

type CreateAnswer = Awaited<ReturnType<PhoneClient['createCall']>>;

async function recordPlaced({ db, clock }: CallDeps, { call, key, row }: Begun, answer: CreateAnswer): Promise<void> {
  const now = clock.now();
  const { provider } = call;
  const { sid, status } = answer.call;
  await db.transaction(async (tx) => {
    await takeReport(tx, { provider, key, sid, status, via: 'answer', sequence: null, now });
    const stored = await holdShownCalls(tx, provider, [answer.call], 'answer', now);
    const counts = { rows: 1, known: 1 - stored, stored, parked: 0, rejected: 0 };
    await finishCall(
      tx,
      row,
      { ...counts, status: answer.status, ids: [sid], nextCursor: null, unknownFields: {} },
      now,
    );
  });
}

/** Refused is over, doubt is looked for later; whatever else went wrong has certainly placed nothing, and is tried again. */
async function settle({ db, clock }: CallDeps, begun: Begun, error: ProviderFailure): Promise<Placed> {
  const { call, carry } = begun;
  const now = clock.now();
  if (error.type === 'CallRefused')
    return db.transaction(async (tx) => {
      // A worker that slept over the answer must not end what has been placed since.
      const held = await lockCallOf(tx, call.messageId);
      if (held?.state !== 'placing' || held.attempt !== call.attempt) return 'not_now';
      await endCall(tx, call, { as: 'given_up', reason: 'call_refused' }, carry, now);
      return 'refused';
    });
  if (error.type === 'CallDoubtful') {
    await db.transaction((tx) => doubtCall(tx, call, carry, now));
    return 'doubtful';
  }
  await takeBackPlacing(db, call);
  throw error;
}
