/** Why a message ended or was set aside: a choice of ours, never a failure (those are in failures.ts). */

export const IGNORE_REASONS = {
  observed_only: 'its source is in observe: messages are recorded and nothing else',
  before_answer_from: 'it was first seen, or written, before the instant from which the source answers',
  first_enumeration: 'it was found by the first enumeration of the source and its stamp proves nothing about its age',
  own_message: 'sent from one of our own addresses',
  auto_submitted: 'Auto-Submitted header other than "no" (RFC 3834)',
  bulk_mail: 'a List-Id, or Precedence bulk, list or junk: mail to many',
  spam_thread: 'the provider has its thread under spam',
  canary: 'a message that we sent ourselves to measure the provider; it counts in no business figure',
} as const;
export type IgnoreReason = keyof typeof IGNORE_REASONS;

export const ESCALATE_REASONS = {
  unknown_intent: 'no rule knows what it asks for',
  no_playbook: 'what it asks for is known, and no playbook answers that',
  empty_body: 'neither text nor HTML arrived within the time for late bodies',
  unreadable_sender: 'the sender has no address that can be answered',
  seen_after_reply: 'it was first seen after we already held a later outbound message',
  thread_with_person: 'a case on its thread is open',
  origin_implausible: 'its stamp lies outside the time in which it can have been written',
  read_late: 'it came as a row that nothing could read, and was read only by a later version',
  first_enumeration: 'it arrived while the source was enumerated for the first time',
  reply_unconfirmed: 'a reply may have been executed, and the thread does not show it',
  reply_refused: 'the provider refused the reply',
  thread_status_unknown: 'the provider gives its thread a status that no rule knows',
  thread_too_long: 'the message lies too deep in its thread to look before a reply',
  gone_at_provider: 'the provider no longer shows it, so a reply is held',
  already_answered: 'a reply to the same message was already claimed by another way',
  edited_after_answer: 'the provider shows other words under it than those that were answered',
} as const;
export type EscalateReason = keyof typeof ESCALATE_REASONS;

export const SUPERSEDE_REASONS = {
  person_replied: 'an outbound message by a person follows it in the thread',
  person_replied_first: 'a person answered between the decision and the reply',
} as const;
export type SupersedeReason = keyof typeof SUPERSEDE_REASONS;

export const OUTBOUND_REASONS = {
  our_reply: 'it carries a client_ref of ours',
  person_reply: 'sent by a person, or by another system',
} as const;
export type OutboundReason = keyof typeof OUTBOUND_REASONS;

export const ANSWER_REASONS = {
  accepted: 'the provider accepted the reply',
  seen_in_thread: 'the thread shows the reply after a doubt about the request',
  burst: 'one answer for several messages of the thread',
  twin: 'the same Message-ID and content came by another way',
} as const;
export type AnswerReason = keyof typeof ANSWER_REASONS;

export const PARK_REASONS = {
  unreadable_row: 'a row of the answer does not fit the contract',
  id_collision: 'the id is known with another content and another identity',
  unreadable_answer: 'an answer of the provider stayed unreadable however often it was asked for',
  vanished: 'the provider lists it and does not know it when asked',
  decision_failed: 'a step of the lifecycle cannot be taken, however often it is tried',
} as const;
export type ParkReason = keyof typeof PARK_REASONS;

/** Every reason a message row can carry. */
export const MESSAGE_REASONS = {
  ...IGNORE_REASONS,
  ...ESCALATE_REASONS,
  ...SUPERSEDE_REASONS,
  ...OUTBOUND_REASONS,
  ...ANSWER_REASONS,
  decision_failed: PARK_REASONS.decision_failed,
} as const;
export type MessageReason = keyof typeof MESSAGE_REASONS;
