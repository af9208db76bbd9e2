import { answeredAlong } from '../../domain/conversation.js';
import { handOffWorkflowId } from '../../domain/identity.js';
import type { EscalateReason } from '../../domain/reasons.js';
import { only } from '../../ledger/database.js';
import {
  expireHandOff,
  type HandOff,
  holdHandOff,
  isPlatformKnown,
  prepareHandOff,
  refuseHandOff,
} from '../../ledger/hand-offs.js';
import { endMessage, escalateMessage, readMessage, releaseTurn, waitMessage } from '../../ledger/lifecycles.js';
import { claimAnswer } from '../../ledger/outbox.js';
import { type Acted, type Acting, type Deciding, ENDED } from './context.js';

/**
 * Writes the hand-off and lets the message wait for its outcome. Only in `live`: nobody can look at the work of a platform before
 * it is done, so in `approve` a person takes it. Source: DESIGN law 9.
 */
export async function decideHandOff(acting: Acting, platform: string): Promise<Acted> {
  const { tx, message, mode, choice, now, timing } = acting;
  if (mode !== 'live' || choice.asksApproval)
    return toPerson(acting, 'escalated_by_playbook', 'a hand-off cannot be approved beforehand');
  if (!(await isPlatformKnown(tx, platform)))
    return toPerson(acting, 'playbook_unusable', 'the platform of the playbook is not configured');
  if (!(await claimAnswer(tx, message, now, 'hand_off'))) return toPerson(acting, 'already_answered');
  const deadlineAt = new Date(now.getTime() + timing.handOffTakeMs);
  await prepareHandOff(tx, message, platform, { deadlineAt, now });
  return (await continueHandOff(acting)) ?? toPerson(acting, 'hand_off_refused');
}

/**
 * What is under way with an outside platform for this message: its ending where there is one, else the wait goes on. Null where
 * nothing was handed off. Before the place in the conversation, because what a platform has cannot be taken back.
 */
export async function continueHandOff(deciding: Deciding): Promise<Acted | null> {
  const { tx, message, now } = deciding;
  const found = await holdHandOff(tx, message.id);
  const handOff = found && (await withDeadline(deciding, found));
  switch (handOff?.state) {
    case undefined:
    case 'withdrawn':
      return null;
    case 'done': {
      const ending = { disposition: 'handed_off_done', reason: 'outcome_done' } as const;
      await endMessage(tx, { messageId: message.id, carry: message.carry, ...ending, now });
      return { kind: 'ended', along: await endAlong(deciding) };
    }
    case 'failed':
      return toPerson(deciding, 'hand_off_failed');
    case 'refused':
      return toPerson(deciding, 'hand_off_refused');
    case 'overdue':
      return toPerson(deciding, 'hand_off_overdue');
    case 'pending':
    case 'sending':
    case 'acknowledged':
      return waitForOutcome(deciding, handOff);
  }
}

/** The hand-off as it is once its deadline has been looked at: the workflow that carries it may be lost. */
async function withDeadline({ tx, message, now }: Deciding, handOff: HandOff): Promise<HandOff> {
  if (handOff.deadlineAt > now) return handOff;
  if (handOff.state === 'acknowledged') await expireHandOff(tx, handOff, now);
  else if (handOff.state === 'pending' || handOff.state === 'sending') await refuseHandOff(tx, message.id, now);
  return (await holdHandOff(tx, message.id)) ?? handOff;
}

/** Earlier messages of the thread end with it, as with a reply: one burst is one piece of work. Gives those that did. */
async function endAlong({ tx, message, conversation, now }: Deciding): Promise<string[]> {
  const self = only(
    conversation.messages.filter((one) => one.id === message.id),
    `message ${message.id}`,
  );
  const along: string[] = [];
  for (const { id: messageId } of answeredAlong(self, conversation)) {
    const { carry } = await readMessage(tx, messageId);
    const ending = { disposition: 'answered_with', reason: 'burst', otherMessageId: message.id } as const;
    if (await endMessage(tx, { messageId, carry, ...ending, now })) along.push(messageId);
  }
  return along;
}

async function waitForOutcome({ tx, message, now }: Deciding, { deadlineAt }: HandOff): Promise<Acted> {
  await waitMessage(tx, message, 'outcome', deadlineAt, now);
  await releaseTurn(tx, message.id);
  return {
    kind: 'wait',
    for: 'outcome',
    until: deadlineAt.toISOString(),
    start: {
      workflow: 'handOff',
      workflowId: handOffWorkflowId(message.id),
      messageId: message.id,
      source: message.source,
    },
  };
}

async function toPerson({ tx, message, now }: Deciding, reason: EscalateReason, evidence?: string): Promise<Acted> {
  await escalateMessage(tx, message, reason, now, evidence);
  return ENDED;
}
