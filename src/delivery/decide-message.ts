import { type ConversationMessage, standingOf } from '../domain/conversation.js';
import type { EscalateReason } from '../domain/reasons.js';
import type { WaitingKind } from '../domain/states.js';
import { only } from '../ledger/database.js';
import { recordChoice } from '../ledger/decisions.js';
import { endMessage, escalateMessage, releaseTurn, takeTurn, waitMessage } from '../ledger/lifecycles.js';
import { isStoppedIn, modeIn } from '../ledger/modes.js';
import { isInDoubt } from '../ledger/outbox.js';
import { asAbstained, type Chooser } from '../playbooks/chooser.js';
import { act } from './actions/act.js';
import { approvalUnderWay } from './actions/approve.js';
import { continueCallback } from './actions/callback.js';
import { type Acted, type Deciding, ENDED } from './actions/context.js';
import { continueHandOff } from './actions/hand-off.js';
import { hold } from './actions/hold.js';
import { chooseFor } from './choose.js';

export interface Turn {
  /** How often this carry has waited to be decided; the wait for a turn grows with it. */
  turnWaits: number;
  playbooks: Chooser;
}

const LONGEST_TURN_WAIT_MS = 60_000;
const LONG_WAITS: ReadonlySet<WaitingKind> = new Set(['approval', 'business_hours', 'callback', 'outcome', 'stopped']);

/**
 * What becomes of a message now: its place in the conversation first, then its turn in the thread, then what a playbook chooses for
 * it. One transaction that holds the thread. Source: DESIGN "Sending once".
 */
export async function decideMessage(
  deciding: Deciding,
  { turnWaits, playbooks }: Turn,
): Promise<Acted | { kind: 'understand' }> {
  const { tx, message, conversation, underWay, sending, now, timing } = deciding;
  const { id: messageId, carry, route } = message;
  const called = underWay.hasCall ? await continueCallback(deciding) : null;
  if (called) return called;
  const handedOff = underWay.hasHandOff ? await continueHandOff(deciding) : null;
  if (handedOff) return handedOff;
  // What a lifecycle that was lost may have sent is looked for before anything else is done about the message.
  if (carry > 1 && (await isInDoubt(tx, messageId))) return { kind: 'reply' };
  if (modeIn(sending, { route, playbook: null }) === 'observe') {
    await endMessage(tx, { messageId, carry, disposition: 'ignored', reason: 'observed_only', now });
    return ENDED;
  }
  const self = only(
    conversation.messages.filter((one) => one.id === messageId),
    `message ${messageId}`,
  );
  const standing = standingOf(self, conversation, now.getTime(), timing);
  if (standing.to === 'supersede') {
    const { reason, other } = standing;
    await endMessage(tx, { messageId, carry, disposition: 'superseded_by', reason, otherMessageId: other, now });
    return ENDED;
  }
  if (standing.to === 'escalate') return toPerson(deciding, standing.reason);
  if (message.hold) return toPerson(deciding, message.hold);
  if (underWay.hasOpenCase) return toPerson(deciding, 'thread_with_person');
  if (standing.to === 'settle') {
    await releaseTurn(tx, messageId);
    return waitFor(deciding, 'settle', new Date(standing.until));
  }
  const turnUntil = (longestMs = LONGEST_TURN_WAIT_MS) =>
    new Date(now.getTime() + Math.min(longestMs, timing.turnWaitMs * 2 ** Math.min(turnWaits, 20)));
  if (standing.to === 'await') {
    await releaseTurn(tx, messageId);
    const newer = conversation.messages.find((one) => one.id === standing.newer);
    return waitFor(deciding, 'turn', turnUntil(waitsLong(newer) ? timing.stoppedRetryMs : LONGEST_TURN_WAIT_MS));
  }
  if (!(await takeTurn(tx, message, now))) return waitFor(deciding, 'turn', turnUntil());

  // Other words than those that were understood: what is decided and sent is decided on the newest.
  const understood = underWay.isToldAnew ? null : underWay.decision;
  if (understood === null) return { kind: 'understand' };
  if (message.waitingKind === 'stopped' && isStoppedIn(sending, { route, playbook: understood.playbook }))
    return hold(deciding);
  const asked = underWay.hasApproval ? await approvalUnderWay(deciding) : null;
  if (asked) return 'kind' in asked ? asked : act({ ...deciding, ...asked });
  const chosen = await chooseFor(deciding, understood, playbooks);
  const choice = understood.abstained ? asAbstained(chosen) : chosen;
  const mode = modeIn(sending, { route, playbook: choice.playbook?.name ?? null });
  await recordChoice(tx, message, choice, mode, now);
  return act({ ...deciding, choice, mode });
}

/** Whoever waits for one that waits for people or hours would only fill its history by looking every minute. */
const waitsLong = (message: ConversationMessage | undefined): boolean =>
  message?.waitingKind !== undefined && message.waitingKind !== null && LONG_WAITS.has(message.waitingKind);

async function toPerson({ tx, message, now }: Deciding, reason: EscalateReason): Promise<Acted> {
  await escalateMessage(tx, message, reason, now);
  return ENDED;
}

async function waitFor({ tx, message, now }: Deciding, kind: 'settle' | 'turn', until: Date): Promise<Acted> {
  await waitMessage(tx, message, kind, until, now);
  return { kind: 'wait', for: kind, until: until.toISOString() };
}
