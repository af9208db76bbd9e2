import type { AddressKind, Channel } from './message.js';
import type { EscalateReason, IgnoreReason } from './reasons.js';
import type { Route } from './states.js';

export interface TriageInput {
  channel: Channel;
  from: { kind: AddressKind; value: string } | null;
  /** Header names in lower case. */
  headers: Readonly<Record<string, string>>;
  hasBody: boolean;
  threadStatus: string;
  /** Our own addresses, in lower case. */
  ownAddresses: ReadonlySet<string>;
}

export type Triage =
  | { go: Route }
  | { end: 'ignored'; reason: IgnoreReason; evidence: string }
  | { end: 'escalated'; reason: EscalateReason; evidence: string }
  | { wait: 'body' };

const ROUTE_OF_CHANNEL: Record<Channel, Route> = { email: 'email', form: 'form', phone: 'callback', chat: 'chat' };
/** Thread statuses under which a message is read as itself. */
export const READ_STATUSES: ReadonlySet<string> = new Set(['open', 'closed']);

/** Mail that no automatic answer may go to: RFC 3834 and the older conventions it names. */
function automaticMail(headers: TriageInput['headers']): { reason: IgnoreReason; evidence: string } | null {
  const autoSubmitted = headers['auto-submitted']?.trim().toLowerCase();
  if (autoSubmitted && autoSubmitted !== 'no' && !autoSubmitted.startsWith('no;')) {
    return { reason: 'auto_submitted', evidence: 'header auto-submitted' };
  }
  if (headers['list-id'] !== undefined) return { reason: 'bulk_mail', evidence: 'header list-id' };
  const precedence = headers['precedence']?.trim().toLowerCase();
  if (precedence === 'bulk' || precedence === 'list' || precedence === 'junk') {
    return { reason: 'bulk_mail', evidence: `header precedence: ${precedence}` };
  }
  return null;
}

/** What a message is, before anyone asks what it says. Pure; the evidence names the rule, never content. */
export function triage(input: TriageInput): Triage {
  if (input.from?.kind === 'email' && input.ownAddresses.has(input.from.value.toLowerCase())) {
    return { end: 'ignored', reason: 'own_message', evidence: 'sender is one of our own addresses' };
  }
  if (input.channel === 'email') {
    const automatic = automaticMail(input.headers);
    if (automatic) return { end: 'ignored', ...automatic };
  }
  if (input.threadStatus === 'spam') return { end: 'ignored', reason: 'spam_thread', evidence: 'thread status spam' };
  if (!READ_STATUSES.has(input.threadStatus)) {
    return { end: 'escalated', reason: 'thread_status_unknown', evidence: 'thread status is neither open nor closed' };
  }
  if (!input.hasBody) return { wait: 'body' };
  if (input.from === null || input.from.kind === 'unreadable') {
    return { end: 'escalated', reason: 'unreadable_sender', evidence: 'no address that can be answered' };
  }
  return { go: ROUTE_OF_CHANNEL[input.channel] };
}
