import type { Choice } from '../domain/actions.js';
import type { Address, Channel } from '../domain/message.js';
import type { Route } from '../domain/states.js';

/** What a playbook may look at: what is known of a message when it is decided. */
export interface Facts {
  source: string;
  channel: Channel;
  route: Route | null;
  label: string;
  /** From 0 to 1. */
  confidence: number;
  from: Address | null;
  subject: string | null;
  /** The newest part as plain text, without quotes and signature. */
  text: string;
  threadStatus: string;
  at: Date;
}

export interface Chooser {
  /** Never throws: what cannot be used is a choice to escalate that says so. */
  choose(facts: Facts): Choice;
}
