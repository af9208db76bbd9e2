import { answeredAlong } from '../../domain/conversation.js';
import { only } from '../../ledger/database.js';
import { writeDraft } from '../../ledger/drafts.js';
import { appendEvents } from '../../ledger/events.js';
import { endMessage, readMessage } from '../../ledger/lifecycles.js';
import { writeReply } from '../../ledger/outbox.js';
import type { Acted, Acting } from './context.js';

/**
 * Writes down what would be done, with the words of a reply as a draft, and ends the message: nothing leaves, and no case opens. The
 * messages that the reply would answer along end with it.
 */
export async function shadow(
  { tx, message, conversation, choice, now }: Acting,
  correspondent: string | null,
): Promise<Acted> {
  const { action, playbook } = choice;
  if (action.do === 'reply') {
    const by = playbook?.name ?? 'no playbook';
    const version = await writeDraft(tx, message, { purpose: 'shadow', action, playbook, by, now });
    const { template, text } = action;
    await writeReply(tx, message, { template, text, state: 'drafted', correspondent, now });
    const detail = { version, template, by };
    await appendEvents(tx, now, [{ messageId: message.id, kind: 'drafted', carry: message.carry, detail }]);
  }
  const evidence = action.do === 'escalate' ? `would be given to a person: ${action.reason}` : WOULD[action.do];
  const ending = { disposition: 'ignored', reason: 'shadowed', now } as const;
  await endMessage(tx, { ...ending, messageId: message.id, carry: message.carry, evidence });
  if (action.do !== 'reply') return { kind: 'ended' };
  const self = only(
    conversation.messages.filter((one) => one.id === message.id),
    `message ${message.id}`,
  );
  const along: string[] = [];
  for (const other of answeredAlong(self, conversation)) {
    const { carry } = await readMessage(tx, other.id);
    const with_ = `would be answered with ${message.id}`;
    if (await endMessage(tx, { ...ending, messageId: other.id, carry, evidence: with_ })) along.push(other.id);
  }
  return { kind: 'ended', along };
}

const WOULD = {
  reply: 'would be answered',
  callback: 'would be called',
  hand_off: 'would be handed off',
  close: 'would be closed without an answer',
} as const;
