import { automaticMail } from './automatic-mail.js';
import { callbackPhrase } from './callback-request.js';
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
  /** What the message says without quotes and signature; absent where only its headers are judged. */
  text?: string;
  /** Whether the mailer of one of our forms wrote it. */
  byMailer?: boolean;
  /** The fields of a form that stand in it, whichever way it came; null where it is none. */
  submission?: { wantsCallback: boolean; hasPhone: boolean } | null;
}

export type Triage =
  | { go: Route; evidence: string }
  | { end: 'ignored'; reason: IgnoreReason; evidence: string }
  | { end: 'escalated'; reason: EscalateReason; evidence: string }
  | { wait: 'body' };

const ROUTE_OF_CHANNEL: Record<Channel, Route> = { email: 'email', form: 'form', phone: 'callback', chat: 'chat' };
/** Thread statuses under which a message is read as itself. */
export const READ_STATUSES: ReadonlySet<string> = new Set(['open', 'closed']);

/**
 * What a message is, before anyone asks what it says. Pure; the evidence names the rule, never content. The rules about senders and
 * machines do not speak of the person behind the mail of a form's mailer.
 */
export function triage(input: TriageInput): Triage {
  const { channel, from, byMailer = false } = input;
  const byMail = channel === 'email' && !byMailer;
  const address = from?.kind === 'email' ? from.value.toLowerCase() : null;
  if (!byMailer && address !== null && input.ownAddresses.has(address))
    return { end: 'ignored', reason: 'own_message', evidence: 'sender is one of our own addresses' };
  const automatic = byMail ? automaticMail(input.headers, address) : null;
  if (automatic) return { end: 'ignored', ...automatic };
  if (input.threadStatus === 'spam') return { end: 'ignored', reason: 'spam_thread', evidence: 'thread status spam' };
  if (!READ_STATUSES.has(input.threadStatus))
    return {
      end: 'escalated',
      reason: 'thread_status_unknown',
      evidence: 'thread status is neither open nor closed',
    };
  if (!input.hasBody) return { wait: 'body' };
  if (from === null || from.kind === 'unreadable')
    return { end: 'escalated', reason: 'unreadable_sender', evidence: 'no address that can be answered' };
  return routeOf(input);
}

function routeOf({ channel, text = '', submission = null }: TriageInput): Extract<Triage, { go: Route }> {
  if (submission?.wantsCallback) return { go: 'callback', evidence: 'form field wants_callback' };
  const phrase = callbackPhrase(text, submission?.hasPhone ?? false);
  if (phrase !== null && channel !== 'phone') return { go: 'callback', evidence: `phrase: ${phrase}` };
  if (submission !== null) return { go: 'form', evidence: 'fields of a form' };
  return { go: ROUTE_OF_CHANNEL[channel], evidence: `channel ${channel}` };
}
