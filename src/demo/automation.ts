import { LABELS } from '../classify/labels.js';
import { decidingText } from '../classify/plain-text.js';
import { classify } from '../classify/rules.js';
import { factsOf } from '../delivery/choose.js';
import { WaybillError } from '../domain/failures.js';
import type { IncomingMessage } from '../domain/message.js';
import { triage } from '../domain/triage.js';
import { hasBody } from '../ledger/new-messages.js';
import type { Chooser } from '../playbooks/chooser.js';
import { readFolder, STARTER_FOLDER } from '../playbooks/folder.js';
import { readSet } from '../playbooks/playbook-set.js';
import { chooserOf } from '../playbooks/set-chooser.js';
import { INBOXES } from '../simulator/world-model.js';

/** How a message ended that automation carried. */
export type CarriedEnd =
  | { disposition: 'answered'; reason: 'accepted' }
  | { disposition: 'callback_done'; reason: 'call_completed' };

/** The starter playbooks that act, in the order in which the operator of the show turns them on, evenly over the year. */
const ROLL_OUT = ['callback_request', 'password_reset', 'delivery_status'] as const;
const OWN: ReadonlySet<string> = new Set(INBOXES);

export interface Automation {
  /** What it would do about an inbound message that reaches it at an instant; null leaves it to people. In the order of arrival. */
  carry(message: IncomingMessage, threadStatus: string, at: number): CarriedEnd | null;
  /** When each playbook was turned on. */
  rollOut: { playbook: string; at: number }[];
}

/** The product's triage, rules and starter playbooks, turned on one after another. */
export function automationOver(from: number, to: number): Automation {
  const { files } = readFolder(STARTER_FOLDER);
  const rollOut = ROLL_OUT.map((playbook, index) => ({
    playbook,
    at: from + ((index + 1) / (ROLL_OUT.length + 1)) * (to - from),
  }));
  const choosers = [0, 1, 2, 3].map((turnedOn): Chooser => {
    const off: readonly string[] = ROLL_OUT.slice(turnedOn).map((name) => `${name}.yaml`);
    const { set } = readSet(
      files.filter(({ name }) => !off.includes(name)),
      Object.keys(LABELS),
    );
    if (!set) throw new WaybillError('ConfigurationInvalid', 'The starter playbooks cannot be read.');
    return chooserOf(set);
  });
  const threads = new Map<string, { inbound: number; replies: number }>();

  return {
    rollOut,
    carry(message, threadStatus, at) {
      const thread = threads.get(message.providerThreadId) ?? { inbound: 0, replies: 0 };
      const isFirstMessage = thread.inbound === 0;
      threads.set(message.providerThreadId, { ...thread, inbound: thread.inbound + 1 });
      const { from: sender, headers, channel } = message;
      const text = decidingText(message);
      const verdict = triage({
        channel,
        from: sender,
        headers,
        hasBody: hasBody(message),
        threadStatus,
        ownAddresses: OWN,
        text,
      });
      if (!('go' in verdict)) return null;
      const understood = classify({ subject: message.subject, text });
      const facts = factsOf(
        { message: { source: 'simulator', channel, route: verdict.go }, content: message, understood, threadStatus },
        { isFirstMessage, repliesSoFar: thread.replies, at: new Date(at) },
      );
      const turnedOn = rollOut.filter((one) => one.at <= at).length;
      const { action } = (choosers[turnedOn] as Chooser).choose(facts);
      if (action.do === 'callback') return { disposition: 'callback_done', reason: 'call_completed' };
      if (action.do !== 'reply') return null;
      threads.set(message.providerThreadId, { inbound: thread.inbound + 1, replies: thread.replies + 1 });
      return { disposition: 'answered', reason: 'accepted' };
    },
  };
}
