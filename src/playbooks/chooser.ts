import type { Choice } from '../domain/actions.js';
import type { Address, Channel } from '../domain/message.js';
import type { Route } from '../domain/states.js';
import type { Language } from '../domain/understanding.js';

/** What a playbook may look at: what is known of a message when it is decided. */
export interface Facts {
  source: string;
  channel: Channel;
  route: Route | null;
  label: string;
  /** From 0 to 1. */
  confidence: number;
  /** Null where the words do not say it clearly. */
  language: Language | null;
  from: Address | null;
  subject: string | null;
  /** The newest part as plain text, without quotes and signature. */
  text: string;
  threadStatus: string;
  /** Nothing of the thread was answered or ended before. */
  isFirstMessage: boolean;
  /** Answers that Waybill gave in the thread so far. */
  repliesSoFar: number;
  at: Date;
}

/**
 * The same choice for a message that no classifier was sure enough about: where a person takes it for want of a label, the reason says
 * so. Whatever else was chosen stays.
 */
export function asAbstained(choice: Choice): Choice {
  const { action } = choice;
  if (action.do !== 'escalate' || (action.reason !== 'unknown_intent' && action.reason !== 'no_playbook'))
    return choice;
  return { ...choice, action: { ...action, reason: 'abstained' } };
}

export interface Chooser {
  /** Never throws: what cannot be used is a choice to escalate that says so. */
  choose(facts: Facts): Choice;
}
