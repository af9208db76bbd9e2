import { beforeAnswerFrom } from '../domain/admission.js';
import { WaybillError } from '../domain/failures.js';
import type { SendResult } from '../domain/step-results.js';
import type { Timing } from '../domain/timing.js';
import { type CallRequest, finishCall, type OpenCall, openCall } from '../ledger/calls.js';
import { visibleWithin } from '../ledger/claims.js';
import type { Sql } from '../ledger/database.js';
import { appendEvents, type LifecycleEvent } from '../ledger/events.js';
import { holdMessage, isHeldBy, lockMessage } from '../ledger/hold-messages.js';
import { type CarriedMessage, endMessage, waitMessage } from '../ledger/lifecycles.js';
import { isStoppedIn, modeIn, readSending } from '../ledger/modes.js';
import { moveReply, type OutboxRow, readReply } from '../ledger/outbox.js';
import { recordItems } from '../ledger/record-messages.js';
import { readSource } from '../ledger/sources.js';
import { endedResult } from '../ledger/step-results.js';
import { lockThread } from '../ledger/visits.js';
import { makeRecorded } from '../sources/provider-call.js';
import { ProviderFailure } from '../sources/source.js';
import { isResendSafe } from './doubt.js';
import { type LookDeps, lookIntoThread } from './look.js';
import { refuseLate } from './refuse-late.js';
import { acceptReply, allowPosting, giveUpReply, withdrawToPerson } from './reply-endings.js';

export interface SendInput {
  messageId: string;
  carry: number;
  /** Attempt of the activity, from 1. */
  attempt: number;
}

/**
 * Looks into the thread, sends the reply unless it is there or no longer wanted, and records what came back: the one activity
 * with more than one call (declared as two). A crash while the request is on its way leaves `posting` behind; the next attempt
 * treats that as doubt and never sends again by itself. Source: DESIGN "Sending once".
 */
export async function sendReply(deps: LookDeps, input: SendInput): Promise<SendResult> {
  const { db, clock } = deps;
  const begunAt = clock.now().getTime();
  const begun = await beginSending(deps, input);
  if ('kind' in begun) return begun;
  const { reply, providerThreadId, providerMessageId } = begun;
  const { messageId, carry, attempt } = input;
  const seen = await lookIntoThread(deps, { reply, providerThreadId, providerMessageId, attempt });
  const found = seen.our ? 'our reply' : seen.answered;
  const looked: LifecycleEvent = { messageId, kind: 'reply_looked', carry, detail: { found } };
  const staysInDoubt = reply.state === 'doubtful' && !(found === 'found' && (await isResendSafe(deps, reply)));
  const left = deps.timing.sendTimeoutMs - (clock.now().getTime() - begunAt);
  // What may leave says with it that the thread was looked at.
  if (found === 'found' && !staysInDoubt && left >= deps.timing.sendDeadlineMs)
    return post(deps, { reply, providerThreadId, looked }, input);
  await appendEvents(db, clock.now(), [looked]);
  if (seen.our) return recordSeen(deps, reply, input);
  if (staysInDoubt) return giveUpReply(db, reply, carry, clock.now());
  if (seen.answered === 'gone') return withdrawToPerson(db, reply, carry, 'gone_at_provider', clock.now());
  if (seen.answered === 'too_deep') return withdrawToPerson(db, reply, carry, 'thread_too_long', clock.now());
  throw new WaybillError('SourceTimeout', 'The look took so long that no time is left to send within this attempt.');
}

interface Begun {
  reply: OutboxRow;
  /** The provider's ids of the thread that it goes into and of the message that it answers. */
  providerThreadId: string;
  providerMessageId: string;
}

/** Whether this attempt may go on, as what. A reply found in `posting` belongs to an attempt that died or still runs: doubt. */
async function beginSending({ db, clock, timing }: LookDeps, input: SendInput): Promise<Begun | SendResult> {
  const now = clock.now();
  return db.transaction(async (tx) => {
    const held = await holdMessage(tx, input.messageId, input.carry);
    const reply = await readReply(tx, input.messageId);
    if (!held || !reply) return endedResult(tx, input.messageId);
    const { message, thread } = held;
    const { providerMessageId } = message;
    const { providerThreadId } = thread;
    // Other words came under its message after it was written: decide on those.
    if (reply.state === 'withdrawn') return { kind: 'again' };
    if (reply.state === 'posting') return toDoubt(tx, reply, message, now, timing);
    // Woken or carried again too early: until then the thread proves nothing, and a person would be asked for nothing.
    if (reply.state === 'doubtful') {
      const until = visibleBy(reply, timing, await visibleWithin(tx, reply.source, timing, now));
      if (now < until) return waitForSight(tx, message, until, now);
    }
    // Where threads were merged meanwhile, the message is looked for where it stands now.
    if (reply.state === 'doubtful')
      return { reply: { ...reply, threadId: thread.id }, providerThreadId, providerMessageId };
    const sending = await readSending(tx, message.source);
    const stamps = {
      originAt: message.originAt?.getTime() ?? null,
      firstSeenAt: message.firstSeenAt.getTime(),
      threadCreatedAt: thread.createdAt.getTime(),
    };
    const late = beforeAnswerFrom(stamps, sending.answerFrom?.getTime() ?? null);
    const scope = { route: message.route, playbook: reply.playbook };
    const mode = modeIn(sending, scope);
    const mayLeave = mode === 'live' || mode === 'approve';
    if (mayLeave && !late && isStoppedIn(sending, scope)) return { kind: 'again' }; // the decision holds it
    if (!mayLeave || late) {
      const reason = mode === 'shadow' ? 'shadowed' : mayLeave ? 'before_answer_from' : 'observed_only';
      await endMessage(tx, { messageId: message.id, carry: message.carry, disposition: 'ignored', reason, now });
      return endedResult(tx, message.id);
    }
    const fence = await moveReply(tx, reply.id, { from: ['pending', 'looking'], to: 'looking', fence: null, now });
    if (fence === null) return endedResult(tx, message.id);
    return { reply: { ...reply, threadId: thread.id, state: 'looking', fence }, providerThreadId, providerMessageId };
  });
}

/** Until then a reply whose outcome nobody knows may still be executed and show: the end of its request and the time after it. */
const visibleBy = ({ postingAt }: OutboxRow, timing: Timing, withinMs: number): Date =>
  new Date((postingAt?.getTime() ?? 0) + timing.sendDeadlineMs + withinMs);

async function toDoubt(
  tx: Sql,
  reply: OutboxRow,
  message: CarriedMessage,
  now: Date,
  timing: Timing,
): Promise<SendResult> {
  await moveReply(tx, reply.id, { from: ['posting'], to: 'doubtful', fence: null, now });
  await appendEvents(tx, now, [{ messageId: message.id, kind: 'reply_doubtful', carry: message.carry, detail: {} }]);
  const withinMs = await visibleWithin(tx, reply.source, timing, now);
  return waitForSight(tx, message, visibleBy(reply, timing, withinMs), now);
}

async function waitForSight(tx: Sql, message: CarriedMessage, until: Date, now: Date): Promise<SendResult> {
  await waitMessage(tx, message, 'confirmation', until, now);
  return { kind: 'wait', for: 'confirmation', until: until.toISOString() };
}

async function recordSeen({ db, clock }: LookDeps, reply: OutboxRow, input: SendInput): Promise<SendResult> {
  return db.transaction(async (tx) => {
    const held = await holdMessage(tx, input.messageId, input.carry);
    const along = held ? await acceptReply(tx, reply, held, 'seen_in_thread', clock.now()) : [];
    return endedResult(tx, input.messageId, along);
  });
}

async function post(
  deps: LookDeps,
  { reply, providerThreadId, looked }: Pick<Begun, 'reply' | 'providerThreadId'> & { looked: LifecycleEvent },
  input: SendInput,
): Promise<SendResult> {
  const { db, clock, timing } = deps;
  const now = clock.now();
  const request: CallRequest = {
    source: reply.source,
    operation: 'postReply',
    parameters: { thread: providerThreadId, clientRef: reply.clientRef },
    threadId: reply.threadId,
    messageId: reply.messageId,
    readingId: null,
    page: 0,
    attempt: input.attempt,
    now,
  };
  let askedAt = now;
  const open = (tx: Sql) => {
    askedAt = clock.now();
    return openCall(tx, request);
  };
  const posting = { reply, carry: input.carry, looked, openCall: open, now, timing };
  const allowed = await allowPosting(db, posting);
  if (!('fence' in allowed)) return allowed;
  const { call } = allowed;
  const { text, idempotencyKey, clientRef } = reply;
  try {
    const answer = await makeRecorded(deps, reply.source, call, (client) => {
      refuseLate(clock.now().getTime() - askedAt.getTime(), timing);
      return client.postReply({ providerThreadId, text, idempotencyKey, clientRef });
    });
    return await recordAccepted(deps, reply, call, answer, input);
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    if (reply.state === 'doubtful' && error.type !== 'ReplyDoubtful') return stillInDoubt(deps, reply, input, error);
    if (error.type === 'ReplyRefused') return withdrawToPerson(db, reply, input.carry, 'reply_refused', clock.now());
    if (error.type === 'SourceNotFound')
      return withdrawToPerson(db, reply, input.carry, 'gone_at_provider', clock.now());
    if (error.type !== 'ReplyDoubtful') {
      // Certainly not executed: the next attempt may look and send again.
      await moveReply(db, reply.id, { from: ['posting'], to: 'looking', fence: allowed.fence, now: clock.now() });
      throw error;
    }
    return db.transaction(async (tx) => {
      const held = await holdMessage(tx, input.messageId, input.carry);
      if (!held) return endedResult(tx, input.messageId);
      const doubted = { ...reply, postingAt: now };
      return toDoubt(tx, doubted, held.message, clock.now(), timing);
    });
  }
}

/** The second request certainly did nothing; what the first one did is as unknown as before. */
async function stillInDoubt(
  { db, clock }: LookDeps,
  reply: OutboxRow,
  input: SendInput,
  error: ProviderFailure,
): Promise<SendResult> {
  await moveReply(db, reply.id, { from: ['posting'], to: 'doubtful', fence: null, now: clock.now() });
  if (error.type === 'ReplyRefused' || error.type === 'SourceNotFound')
    return giveUpReply(db, reply, input.carry, clock.now());
  throw error;
}

type ReplyAnswer = Awaited<ReturnType<ReturnType<LookDeps['clientOf']>['postReply']>>;

/** What the provider gave back is recorded like any message, and the ending with it, in one transaction. */
async function recordAccepted(
  deps: LookDeps,
  reply: OutboxRow,
  call: OpenCall,
  answer: ReplyAnswer,
  input: SendInput,
): Promise<SendResult> {
  const { db, clock, timing } = deps;
  const now = clock.now();
  return db.transaction(async (tx) => {
    const held = await lockMessage(tx, input.messageId);
    // A merge may have moved the message since the request left: what came back stands where it was sent.
    const thread = held.thread.id === reply.threadId ? held.thread : await lockThread(tx, reply.threadId);
    const source = await readSource(tx, reply.source);
    const adapterVersion = deps.adapterVersionOf(reply.source);
    const context = { threadId: thread.id, firstSeenBy: 'look', adapterVersion, now, timing, thread, source } as const;
    const recorded = await recordItems(tx, call, [answer.item], context);
    const unknownFields = (answer.item.ok ? answer.item.unknownFields : null) ?? {};
    await finishCall(tx, call, { ...recorded, status: answer.status, nextCursor: null, unknownFields }, now);
    // A fact, also where its lifecycle was lost meanwhile and another carries the message.
    if (isHeldBy(held.message, held.message.carry))
      return endedResult(tx, input.messageId, await acceptReply(tx, reply, held, 'accepted', now));
    await moveReply(tx, reply.id, { from: ['posting', 'doubtful', 'unconfirmed'], to: 'accepted', fence: null, now });
    return endedResult(tx, input.messageId);
  });
}
