import type { Direction } from '../message.js';
import type { IgnoreReason } from '../reasons.js';

/**
 * What is known of a thread that bears on how soon something new comes in it. A class only shares visits out: whatever it says,
 * the guarantee holds for every thread. Source: DESIGN "Which threads to visit".
 */
export const VISIT_CLASSES = {
  awaiting_us: 'open, and the customer spoke last: a person, or the customer once more, writes next',
  awaiting_customer: 'open, we spoke last, and the customer has come back after an answer before, or we wrote first',
  answered: 'open, we spoke last, and the customer has written once: most such threads are finished',
  closed: 'the provider has it as closed',
  no_reply: 'spam, or its newest inbound message came from a machine, a mailing list or ourselves',
} as const;
export type VisitClass = keyof typeof VISIT_CLASSES;

export const VISIT_CLASS_NAMES = Object.keys(VISIT_CLASSES) as readonly VisitClass[];

/** Of a thread that no visit has classed yet: it is new, so somebody has just written. */
export const FIRST_CLASS: VisitClass = 'awaiting_us';

const WITHOUT_REPLY: ReadonlySet<string> = new Set<IgnoreReason>([
  'own_message',
  'auto_submitted',
  'bulk_mail',
  'spam_thread',
  'canary',
]);

export interface ClassedMessage {
  direction: Direction;
  /** Why it ended, where it has. */
  reason: string | null;
}

/** The class of a thread by its status and its messages, the newest first. Pure, and total: every thread has one. */
export function visitClassOf(status: string, newestFirst: readonly ClassedMessage[]): VisitClass {
  const lastInbound = newestFirst.find((message) => message.direction === 'inbound');
  if (status === 'spam' || (lastInbound?.reason && WITHOUT_REPLY.has(lastInbound.reason))) return 'no_reply';
  if (status === 'closed') return 'closed';
  const [newest] = newestFirst;
  if (newest === undefined || newest.direction === 'inbound') return 'awaiting_us';
  if (lastInbound === undefined) return 'awaiting_customer';
  const before = newestFirst.slice(newestFirst.indexOf(lastInbound));
  return before.some((message) => message.direction === 'outbound') ? 'awaiting_customer' : 'answered';
}
