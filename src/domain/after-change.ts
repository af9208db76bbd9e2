import type { Direction } from './message.js';
import type { IgnoreReason, MessageReason } from './reasons.js';
import type { Disposition, MessageState } from './states.js';

/** A message whose content the provider has changed. */
export interface ChangedMessage {
  direction: Direction;
  state: MessageState;
  disposition: Disposition | null;
  reason: MessageReason | null;
  /** Whether it had a body, or an attachment, before. */
  hadBody: boolean;
  hasBody: boolean;
  /** Whether a reply, a call or a hand-off has left on its words, or may have. */
  replyLeft: boolean;
  /** Whether its source answers messages of its age: law 9 is not undone by an edit. */
  mayBeAnswered: boolean;
}

export type AfterChange =
  /** The version is kept, and nothing follows. */
  | 'recorded'
  /** A reply that has not left is taken back; the newest version is decided. */
  | 'decided_anew'
  | 'carried_again'
  /** The customer was answered on other words: a person compares. */
  | 'to_person';

/** Endings that rest on the words themselves, so that other words can mean another ending. */
const BY_CONTENT: ReadonlySet<string> = new Set<IgnoreReason>([
  'own_message',
  'auto_submitted',
  'bulk_mail',
  'spam_thread',
]);

/** What follows from another content. Source: DESIGN "Edits and late bodies". */
export function afterChange(message: ChangedMessage): AfterChange {
  const { direction, state, disposition, reason, hadBody, hasBody, replyLeft, mayBeAnswered } = message;
  if (direction === 'outbound') return 'recorded';
  if (replyLeft || disposition === 'answered' || disposition === 'answered_with') return 'to_person';
  if (state === 'parked') return 'carried_again';
  if (state !== 'ended') return 'decided_anew';
  if (reason === 'empty_body' && !hadBody && hasBody) return 'carried_again';
  const otherwise = disposition === 'duplicate_of' || (reason !== null && BY_CONTENT.has(reason));
  return otherwise && mayBeAnswered ? 'carried_again' : 'recorded';
}
