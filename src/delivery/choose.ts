import { languageHint } from '../classify/language.js';
import { decidingText } from '../classify/plain-text.js';
import type { Choice } from '../domain/actions.js';
import type { Conversation } from '../domain/conversation.js';
import type { Understanding } from '../domain/understanding.js';
import type { Decision } from '../ledger/decisions.js';
import type { CarriedMessage, MessageContent } from '../ledger/lifecycles.js';
import { readPlaybookVersion } from '../ledger/playbook-versions.js';
import type { Chooser, Facts } from '../playbooks/chooser.js';
import { chooseKept } from '../playbooks/set-chooser.js';
import type { Deciding } from './actions/context.js';
import { decidingWords } from './deciding-words.js';

interface Known {
  message: Pick<CarriedMessage, 'source' | 'channel' | 'route'>;
  content: Pick<MessageContent, 'from' | 'subject' | 'text' | 'html'>;
  understood: Pick<Understanding, 'label' | 'confidence'>;
  threadStatus: string;
}

/** What playbooks look at, of what is stored; `history` says what happened in the thread before. */
export function factsOf(
  { message, content, understood, threadStatus }: Known,
  history: Pick<Facts, 'isFirstMessage' | 'repliesSoFar' | 'at'>,
): Facts {
  const { source, channel, route } = message;
  const { label, confidence } = understood;
  const text = decidingText(content);
  const { from, subject } = content;
  const language = languageHint(`${subject ?? ''}\n${text}`);
  return { source, channel, route, label, confidence, language, from, subject, text, threadStatus, ...history };
}

function historyOf({ messages }: Conversation, messageId: string): Pick<Facts, 'isFirstMessage' | 'repliesSoFar'> {
  const others = messages.filter((one) => one.id !== messageId);
  const shown = others.filter((one) => one.isOurs).length;
  const answered = others.filter((one) => one.isAnswered).length;
  return {
    isFirstMessage: others.every((one) => one.direction === 'inbound' && one.state !== 'ended'),
    // An answer that was accepted need not show yet, and a message of before our time is not known as answered.
    repliesSoFar: Math.max(shown, answered),
  };
}

/**
 * What a playbook chooses for a message. One that was decided on these words before keeps its playbook, in the version of then: a
 * change of the playbooks never alters a message that is under way.
 */
export async function chooseFor(
  { tx, message, thread, conversation, content: stored, now }: Deciding,
  understood: Decision,
  playbooks: Chooser,
): Promise<Choice> {
  const { subject, text } = await decidingWords(tx, message, stored);
  const content = { from: stored.from, subject, text, html: null };
  const facts = factsOf(
    { message, content, understood, threadStatus: thread.status },
    { ...historyOf(conversation, message.id), at: now },
  );
  const { playbook, playbookVersion } = understood;
  if (playbook !== null && playbookVersion !== null) {
    const kept = await readPlaybookVersion(tx, playbook, playbookVersion);
    const choice = kept === null ? null : chooseKept(kept.content, facts);
    if (choice !== null) return choice;
  }
  return playbooks.choose(facts);
}
