import { answeredAlong, standingOf } from '../domain/conversation.js';
import type { AnswerReason, EscalateReason } from '../domain/reasons.js';
import { limitPassed } from '../domain/reply-guards.js';
import type { StepEnded, StepWait } from '../domain/step-results.js';
import type { Timing } from '../domain/timing.js';
import type { OpenCall } from '../ledger/calls.js';
import { type Database, only, type Sql } from '../ledger/database.js';
import { appendEvents, type LifecycleEvent } from '../ledger/events.js';
import { type Held, holdMessage } from '../ledger/hold-messages.js';
import {
  type CarriedMessage,
  endMessage,
  escalateMessage,
  readConversation,
  readMessage,
  waitMessage,
} from '../ledger/lifecycles.js';
import { isStoppedIn, modeIn, readSending } from '../ledger/modes.js';
import { lockCorrespondent, moveReply, type OutboxRow, repliesSince } from '../ledger/outbox.js';
import { endedResult } from '../ledger/step-results.js';

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
  const { id: messageId, carry } = message;
  const events = [{ messageId, kind: 'reply_accepted', carry, detail: { reason } }] as const;
  if ((await moveReply(tx, reply.id, { from, to: 'accepted', fence: null, now, events })) === null) return [];
  const conversation = await readConversation(tx, thread);
  const self = only(
    conversation.messages.filter((one) => one.id === message.id),
    `message ${message.id}`,
  );
  await endMessage(tx, { messageId, carry, disposition: 'answered', reason, now });
  const along: string[] = [];
  for (const other of answeredAlong(self, conversation)) {
    const ending = { disposition: 'answered_with', reason: 'burst', otherMessageId: messageId, now } as const;
    const { carry: otherCarry } = await readMessage(tx, other.id);
    if (await endMessage(tx, { ...ending, messageId: other.id, carry: otherCarry })) along.push(other.id);
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
const withdraw = (tx: Sql, reply: OutboxRow, { id: messageId, carry }: CarriedMessage, because: string, now: Date) =>
  moveReply(tx, reply.id, {
    from: ['posting'],
    to: 'withdrawn',
    fence: null,
    now,
    events: [{ messageId, kind: 'reply_withdrawn', carry, detail: { because } }],
  });

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
  /** That the thread was looked at; written down with what comes of it. */
  looked: LifecycleEvent;
  /** Opens the row of the call; throws where the source is blocked, and then nothing has moved. */
  openCall(tx: Sql): Promise<OpenCall>;
  now: Date;
  timing: Timing;
}

type KeptBack = StepEnded | StepWait | { kind: 'again' };

/**
 * The last question before the request leaves, with what the look has just recorded: may this reply still go? If so it is
 * `posting` under a new fence, so that a slower twin of this attempt stops here, and the row of its call is open, in one
 * transaction: a reply that may not go leaves no call behind.
 */
export async function allowPosting(
  db: Database,
  posting: Posting,
): Promise<{ fence: number; call: OpenCall } | KeptBack> {
  const { reply, carry, looked, openCall, now } = posting;
  const { messageId } = reply;
  try {
    return await db.transaction(async (tx) => {
      const held = await holdMessage(tx, messageId, carry);
      const keepBack = held ? await whatKeepsBack(tx, posting, held) : () => endedResult(tx, messageId);
      if (keepBack) {
        await appendEvents(tx, now, [looked]);
        return keepBack();
      }
      const fence = await moveReply(tx, reply.id, {
        from: [reply.state === 'doubtful' ? 'doubtful' : 'looking'],
        to: 'posting',
        fence: reply.fence,
        now,
        events: [looked, { messageId, kind: 'reply_posting', carry, detail: {} }],
      });
      if (fence !== null) return { fence, call: await openCall(tx) };
      await appendEvents(tx, now, [looked]);
      return { kind: 'again' };
    });
  } catch (error) {
    // The look was made, whatever keeps the request from leaving.
    await appendEvents(db, now, [looked]);
    throw error;
  }
}

/** Why the reply may not leave now, as what is then to be done about it; null where it may. */
async function whatKeepsBack(
  tx: Sql,
  { reply, now, timing }: Posting,
  { message, thread }: Held,
): Promise<(() => Promise<KeptBack>) | null> {
  const conversation = await readConversation(tx, thread);
  const self = only(
    conversation.messages.filter((one) => one.id === message.id),
    `message ${message.id}`,
  );
  const standing = standingOf(self, conversation, now.getTime(), timing);
  const sending = await readSending(tx, message.source);
  const scope = { route: message.route, playbook: reply.playbook };
  const isResend = reply.state === 'doubtful';
  const toPerson = (reason: EscalateReason, evidence?: string) => async () => {
    await escalateMessage(tx, message, reason, now, evidence);
    return endedResult(tx, message.id);
  };
  if (isStoppedIn(sending, scope))
    return () => (isResend ? waitInDoubt(tx, message, now, timing) : backToPending(tx, reply, now));
  // Nobody knows whether it has left already: whatever keeps it from being sent again is for a person to judge.
  if (isResend && (standing.to !== 'act' || !['live', 'approve'].includes(modeIn(sending, scope))))
    return async () => {
      await moveReply(tx, reply.id, { from: ['doubtful'], to: 'unconfirmed', fence: null, now });
      return toPerson('reply_unconfirmed')();
    };
  if (standing.to === 'supersede')
    return async () => {
      const ending = { disposition: 'superseded_by', reason: 'person_replied_first', now } as const;
      const { id: messageId, carry } = message;
      await endMessage(tx, { ...ending, messageId, carry, otherMessageId: standing.other });
      return endedResult(tx, messageId);
    };
  if (standing.to === 'escalate') return toPerson(standing.reason);
  if (standing.to !== 'act') return async () => ({ kind: 'again' });
  const { correspondentHash } = reply;
  if (correspondentHash !== null) await lockCorrespondent(tx, correspondentHash);
  if (isResend) return null;
  const since = new Date(now.getTime() - timing.replyLimitMs);
  const passed = limitPassed(await repliesSince(tx, message, correspondentHash, since), timing);
  return passed === null ? null : toPerson('reply_limit', passed);
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
