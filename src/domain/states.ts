/**
 * Where a message can be. Each table generates its type, its SQL check constraint (test/integration/ledger) and its part of
 * docs/lifecycle.md; a test holds them together in both directions.
 */
export const STATES = {
  recorded: 'committed to the ledger, not yet taken up by a lifecycle',
  carried: 'a lifecycle holds it',
  waiting: 'a lifecycle holds it and waits for something named',
  parked: 'set aside with a reason, for a person to look at',
  ended: 'it has its one ending',
} as const;
export type MessageState = keyof typeof STATES;

export const WAITING_KINDS = {
  body: 'the provider listed it without a body; it is read again early',
  settle: 'its thread was active a moment ago; more may follow',
  turn: 'another message of its thread is being decided',
  approval: 'a person has to approve the draft',
  business_hours: 'the next step is allowed only in opening hours',
  callback: 'a call is under way',
  outcome: 'an outside platform has it and owes the outcome',
  confirmation: 'a reply may have been executed; the thread is looked at again',
  stopped: 'sending is stopped for it; it is held until that is lifted',
} as const;
export type WaitingKind = keyof typeof WAITING_KINDS;

export const DISPOSITIONS = {
  answered: 'the provider accepted our reply to it',
  answered_with: 'a later message of its thread was answered, and it with that one',
  superseded_by: 'a person had answered already',
  callback_done: 'the call that it asked for took place',
  handed_off_done: 'an outside platform finished it',
  escalated: 'a person has it, as a case',
  ignored: 'it needs no answer, for the stated reason',
  duplicate_of: 'the same message came by another way and is carried there',
  outbound: 'it was sent by us, a person or Waybill, and needs nothing',
} as const;
export type Disposition = keyof typeof DISPOSITIONS;

export const ROUTES = {
  email: 'an ordinary e-mail',
  form: 'a structured submission',
  callback: 'a request for a call',
  chat: 'a chat message',
} as const;
export type Route = keyof typeof ROUTES;

export const MODES = {
  observe: 'record only: nothing is decided and nothing leaves',
  shadow: 'decide and draft, send nothing',
  approve: 'send what a person has approved',
  live: 'answer automatically',
} as const;
export type Mode = keyof typeof MODES;

export const FIRST_SEEN_BY = {
  poll: 'the scheduled intake',
  webhook: 'a hint or a push of the provider',
  audit: 'an audit',
  backfill: 'a backfill',
  look: 'the look into the thread before a reply',
} as const;
export type FirstSeenBy = keyof typeof FIRST_SEEN_BY;

export const OUTBOX_STATES = {
  drafted: 'written to be looked at; it leaves only once a person has approved it',
  pending: 'written, not yet taken up',
  looking: 'the thread is read before the reply is sent',
  posting: 'the request is on its way; after a crash here the outcome is in doubt',
  doubtful: 'it may have been executed; the thread is looked at again before anything else',
  accepted: 'the provider accepted it',
  unconfirmed: 'it stays unknown whether it was executed; a person has it',
  withdrawn: 'not sent: it was no longer wanted or allowed',
} as const;
export type OutboxState = keyof typeof OUTBOX_STATES;

export const PARK_KINDS = {
  thread: 'a row of a list of threads',
  message: 'a row of a list of messages',
  page: 'a whole page of a thread or of a listing',
  submission: 'a form submission',
} as const;
export type ParkKind = keyof typeof PARK_KINDS;

export const CASE_STATES = { open: 'a person has to act', resolved: 'a person has acted' } as const;
export type CaseState = keyof typeof CASE_STATES;

export const PARK_STATES = { parked: 'kept as it came', resolved: 'read since, or settled by a person' } as const;
export type ParkState = keyof typeof PARK_STATES;

export const ATTACHMENT_STATES = {
  named: 'announced by the provider, bytes not fetched',
  fetched: 'bytes are ours',
  too_large: 'larger than the cap',
  gone: 'the provider no longer has it',
} as const;
export type AttachmentState = keyof typeof ATTACHMENT_STATES;
