import { answeredAlong, standingOf } from '../domain/conversation.js';
import type { AnswerReason, EscalateReason } from '../domain/reasons.js';
import { limitPassed } from '../domain/reply-guards.js';
import type { StepEnded, StepWait } from '../domain/step-results.js';
import type { Timing } from '../domain/timing.js';
import type { OpenCall } from '../ledger/calls.js';
import { type Database, only, type Sql } from '../ledger/database.js';
import { appendEvents } from '../ledger/events.js';
import {
  type CarriedMessage,
  endMessage,
  escalateMessage,
  holdMessage,
  readConversation,
  readMessage,
  waitMessage,
} from '../ledger/lifecycles.js';
import { isStopped, modeOf, scopeOf } from '../ledger/modes.js';
import { lockCorrespondent, moveReply, type OutboxRow, repliesSince } from '../ledger/outbox.js';
import { endedResult } from '../ledger/step-results.js';
import type { Thread } from '../ledger/visits.js';

export interface Held {
  message: CarriedMessage;
  thread: Thread;
}

/**
 * The provider has executed the reply: a fact, whoever learnt it. The message ends `answered`, and earlier open messages of the
 * thread with it, in one transaction.
 */
export async function acceptReply(
  tx: Sql,
  reply: OutboxRow,
  held: Held,
  reason: AnswerReason,
  now: Date,
): Promise<string[]> {
  const { message, thread } = held;
  const from = ['pending', 'looking', 'posting', 'doubtful', 'unconfirmed'] as const;
  if ((await moveReply(tx, reply.id, { from, to: 'accepted', fence: null, now })) === null) return [];
  await appendEvents(tx, now, [
    { messageId: message.id, kind: 'reply_accepted', carry: message.carry, detail: { reason } },
  ]);
  const conversation = await readConversation(tx, thread);
  const self = only(
    conversation.messages.filter((one) => one.id === message.id),
    `message ${message.id}`,
  );
  await endMessage(tx, { messageId: message.id, carry: message.carry, disposition: 'answered', reason, now });
  const along: string[] = [];
  for (const other of answeredAlong(self, conversation)) {
    const { carry } = await readMessage(tx, other.id);
    const ending = {
      messageId: other.id,
      carry,
      disposition: 'answered_with',
      reason: 'burst',
      otherMessageId: message.id,
      now,
    } as const;
    if (await endMessage(tx, ending)) along.push(other.id);
  }
  return along;
}

/** Takes an unsent reply back and gives the message to a person. */
export async function withdrawToPerson(
  db: Database,
  reply: OutboxRow,
  carry: number,
  reason: EscalateReason,
  now: Date,
): Promise<StepEnded> {
  return db.transaction(async (tx) => {
    const held = await holdMessage(tx, reply.messageId, carry);
    if (held) {
      await withdraw(tx, reply, held.message, reason, now);
      await escalateMessage(tx, held.message, reason, now);
    }
    return endedResult(tx, reply.messageId);
  });
}

/** Certainly not executed, though the request was on its way. */
async function withdraw(tx: Sql, reply: OutboxRow, message: CarriedMessage, because: string, now: Date): Promise<void> {
  const moved = await moveReply(tx, reply.id, {
    from: ['posting'],
    to: 'withdrawn',
    fence: null,
    now,
  });
  if (moved === null) return;
  await appendEvents(tx, now, [
    { messageId: message.id, kind: 'reply_withdrawn', carry: message.carry, detail: { because } },
  ]);
}

/** It stays unknown whether the reply was executed: a person has to look; it is never sent again by itself. */
export async function giveUpReply(db: Database, reply: OutboxRow, carry: number, now: Date): Promise<StepEnded> {
  return db.transaction(async (tx) => {
    const held = await holdMessage(tx, reply.messageId, carry);
    if (held) {
      await moveReply(tx, reply.id, { from: ['doubtful'], to: 'unconfirmed', fence: null, now });
      await escalateMessage(tx, held.message, 'reply_unconfirmed', now);
    }
    return endedResult(tx, reply.messageId);
  });
}

export interface Posting {
  reply: OutboxRow;
  carry: number;
  /** Opens the row of the call; throws where the source is blocked, and then nothing has moved. */
  openCall(tx: Sql): Promise<OpenCall>;
  now: Date;
  timing: Timing;
}

/**
 * The last question before the request leaves, with what the look has just recorded: may this reply still go? If so it is
 * `posting` under a new fence, so that a slower twin of this attempt stops here, and the row of its call is open, in one
 * transaction: a reply that may not go leaves no call behind.
 */
export async function allowPosting(
  db: Database,
  { reply, carry, openCall, now, timing }: Posting,
): Promise<{ fence: number; call: OpenCall } | StepEnded | StepWait | { kind: 'again' }> {
  return db.transaction(async (tx) => {
    const held = await holdMessage(tx, reply.messageId, carry);
    if (!held) return endedResult(tx, reply.messageId);
    const { message, thread } = held;
    const conversation = await readConversation(tx, thread);
    const self = only(
      conversation.messages.filter((one) => one.id === message.id),
      `message ${message.id}`,
    );
    const standing = standingOf(self, conversation, now.getTime(), timing);
    const isResend = reply.state === 'doubtful';
    const scope = await scopeOf(tx, message);
    if (await isStopped(tx, scope))
      return isResend ? waitInDoubt(tx, message, now, timing) : backToPending(tx, reply, now);
    // Nobody knows whether it has left already: whatever keeps it from being sent again is for a person to judge.
    if (isResend && (standing.to !== 'act' || !['live', 'approve'].includes(await modeOf(tx, scope)))) {
      await moveReply(tx, reply.id, { from: ['doubtful'], to: 'unconfirmed', fence: null, now });
      await escalateMessage(tx, message, 'reply_unconfirmed', now);
      return endedResult(tx, message.id);
    }
    if (standing.to === 'supersede') {
      const other = {
        disposition: 'superseded_by',
        reason: 'person_replied_first',
        otherMessageId: standing.other,
      } as const;
      await endMessage(tx, { messageId: message.id, carry, ...other, now });
      return endedResult(tx, message.id);
    }
    if (standing.to === 'escalate') {
      await escalateMessage(tx, message, standing.reason, now);
      return endedResult(tx, message.id);
    }
    if (standing.to !== 'act') return { kind: 'again' };
    if (reply.correspondentHash !== null) await lockCorrespondent(tx, reply.correspondentHash);
    const since = new Date(now.getTime() - timing.replyLimitMs);
    const passed = isResend ? null : limitPassed(await repliesSince(tx, message, since), timing);
    if (passed !== null) {
      await escalateMessage(tx, message, 'reply_limit', now, passed);
      return endedResult(tx, message.id);
    }
    const from = [isResend ? 'doubtful' : 'looking'] as const;
    const fence = await moveReply(tx, reply.id, { from, to: 'posting', fence: reply.fence, now });
    if (fence === null) return { kind: 'again' };
    await appendEvents(tx, now, [{ messageId: message.id, kind: 'reply_posting', carry, detail: {} }]);
    return { fence, call: await openCall(tx) };
  });
}

/** The decision that follows holds it, where it gives its turn back and is counted. */
async function backToPending(tx: Sql, reply: OutboxRow, now: Date): Promise<{ kind: 'again' }> {
  await moveReply(tx, reply.id, { from: ['looking'], to: 'pending', fence: reply.fence, now });
  return { kind: 'again' };
}

/** What may have left waits as what it is; while sending is stopped it is looked for and not sent again. */
async function waitInDoubt(tx: Sql, message: CarriedMessage, now: Date, timing: Timing): Promise<StepWait> {
  const until = new Date(now.getTime() + timing.stoppedRetryMs);
  await waitMessage(tx, message, 'confirmation', until, now);
  return { kind: 'wait', for: 'confirmation', until: until.toISOString() };
}
