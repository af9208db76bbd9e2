/** Why a message ended or was set aside: a choice of ours, never a failure (those are in failures.ts). */

export const IGNORE_REASONS = {
  observed_only: 'its source is in observe: messages are recorded and nothing else',
  before_answer_from: 'it was first seen, or written, before the instant from which the source answers',
  first_enumeration: 'it was found by the first enumeration of the source and its stamp proves nothing about its age',
  own_message: 'sent from one of our own addresses',
  auto_submitted: 'Auto-Submitted header other than "no" (RFC 3834)',
  response_suppressed: 'X-Auto-Response-Suppress asks that no machine answers it',
  bounce: 'a report that mail could not be delivered, or mail with an empty return path',
  bulk_mail: 'a List-Id, or Precedence bulk, list or junk: mail to many',
  spam_thread: 'the provider has its thread under spam',
  canary: 'a message that we sent ourselves to measure the provider; it counts in no business figure',
  shadowed: 'its source, route or playbook is in shadow: what would be done is written down and not done',
  closed_by_playbook: 'a playbook closes such messages without an answer',
  recorded_by_backfill: 'a backfill took it in, and nothing is done about what it takes in',
} as const;
export type IgnoreReason = keyof typeof IGNORE_REASONS;

export const ESCALATE_REASONS = {
  unknown_intent: 'no rule knows what it asks for',
  abstained: 'no label is sure enough to act on',
  no_playbook: 'what it asks for is known, and no playbook answers that',
  escalated_by_playbook: 'a playbook gives such messages to a person',
  playbook_unusable: 'the playbook that applies cannot be used: its file, or a variable of its template',
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
  approval_rejected: 'a person rejected the draft',
  approval_overdue: 'nobody decided on the draft in time',
  reply_limit: 'so many automatic replies went to its thread or its sender that a person has to answer',
  channel_without_reply: 'its channel has no way to send a reply',
  phone_unusable: 'it holds no telephone number that can be called',
  region_unknown: 'its telephone number has no country code, and no region is configured for its source',
  do_not_call: 'its telephone number is on the list of those that are not to be called',
  no_calling_hours: 'no hour at which the number may be called lies within the time for calls',
  call_unanswered: 'the call was busy, unanswered or failed as often as it may be tried',
  call_unconfirmed: 'a call may have been placed, and the phone provider does not show which',
  call_refused: 'the phone provider refused the call',
  call_elsewhere: 'another message has an open call to the same number',
  hand_off_refused: 'the outside platform did not take it',
  hand_off_overdue: 'the outside platform took it and reported no outcome in time',
  hand_off_failed: 'the outside platform reported that it could not finish it',
  found_by_backfill: 'a backfill took it in, and its policy leaves the answer to a person',
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
  same_submission: 'the same form submission came by another way',
} as const;
export type AnswerReason = keyof typeof ANSWER_REASONS;

export const COMPLETE_REASONS = {
  call_completed: 'the call took place',
  outcome_done: 'the outside platform reported that it is done',
} as const;
export type CompleteReason = keyof typeof COMPLETE_REASONS;

export const PARK_REASONS = {
  unreadable_row: 'a row of the answer does not fit the contract',
  id_collision: 'the id is known with another content and another identity',
  unreadable_answer: 'an answer of the provider stayed unreadable however often it was asked for',
  vanished: 'the provider lists it and does not know it when asked',
  submission_invalid: 'a form submission does not fit the schema of its form',
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
  ...COMPLETE_REASONS,
  decision_failed: PARK_REASONS.decision_failed,
} as const;
export type MessageReason = keyof typeof MESSAGE_REASONS;
