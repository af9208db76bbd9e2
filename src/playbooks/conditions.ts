import type { Facts } from './chooser.js';
import type { SharedFile, When } from './format.js';
import { isOpen } from './hours.js';

/** One condition of a playbook against a message: whether it holds, and what it says, in words that hold nothing of the message. */
export interface Judged {
  holds: boolean;
  says: string;
}

/** Every condition of a playbook in the order in which they tell most. */
export function judge(when: When, facts: Facts, shared: SharedFile): Judged[] {
  const { label, route, channel, source, confidence, language, thread, customer, hours } = when;
  const judged: Judged[] = [];
  const isOneOf = (what: string, wanted: readonly string[] | undefined, got: string | null) => {
    if (wanted === undefined) return;
    judged.push({ holds: got !== null && wanted.includes(got), says: `${what} ${wanted.join(' or ')}` });
  };
  isOneOf('label', label, facts.label);
  isOneOf('route', route, facts.route);
  isOneOf('channel', channel, facts.channel);
  isOneOf('source', source, facts.source);
  if (confidence !== undefined)
    judged.push({ holds: facts.confidence >= confidence, says: `confidence ${confidence} or more` });
  isOneOf('language', language, facts.language);
  isOneOf('thread status', thread?.status, facts.threadStatus);
  if (thread?.first_message !== undefined) {
    const says = thread.first_message ? 'the first message of its thread' : 'not the first message of its thread';
    judged.push({ holds: facts.isFirstMessage === thread.first_message, says });
  }
  const { at_least: least = 0, at_most: most = Number.MAX_SAFE_INTEGER } = thread?.replies ?? {};
  if (thread?.replies)
    judged.push({
      holds: least <= facts.repliesSoFar && facts.repliesSoFar <= most,
      says: most === Number.MAX_SAFE_INTEGER ? `${least} or more replies so far` : `${least} to ${most} replies so far`,
    });
  if (customer?.domain)
    judged.push({
      holds: customer.domain.some((domain) => isAtDomain(facts, domain)),
      says: `a customer of ${customer.domain.join(' or ')}`,
    });
  if (customer?.list)
    judged.push({
      holds: customer.list.some((list) => (shared.customers[list] ?? []).some((entry) => isCustomer(facts, entry))),
      says: `a customer on the list ${customer.list.join(' or ')}`,
    });
  if (hours) {
    const calendar = shared.calendars[hours.calendar];
    judged.push({
      holds: calendar !== undefined && isOpen(calendar, facts.at) === (hours.is === 'open'),
      says: `the calendar ${hours.calendar} ${hours.is}`,
    });
  }
  return judged;
}

/** The address lies at the domain, or at one below it. */
function isAtDomain({ from }: Facts, domain: string): boolean {
  if (from?.kind !== 'email') return false;
  const host = from.value.slice(from.value.lastIndexOf('@') + 1).toLowerCase();
  return host === domain || host.endsWith(`.${domain}`);
}

function isCustomer(facts: Facts, entry: string): boolean {
  if (entry.includes('@') || entry.startsWith('+')) return facts.from?.value.toLowerCase() === entry.toLowerCase();
  return isAtDomain(facts, entry);
}
