/** What can happen to a message, as written to lifecycle_event: append-only, one row a fact, no content. */
export const LIFECYCLE_EVENTS = {
  recorded: 'committed to the ledger',
  body_arrived: 'its body came later than the message',
  edited: 'the provider shows another content under its id',
  moved: 'it appears in another thread',
  carried: 'a lifecycle took it up',
  triaged: 'triage decided what it is',
  classified: 'an intent was chosen, with confidence and reasons',
  decided: 'a playbook chose what to do',
  waiting: 'the lifecycle waits for something named',
  turn_taken: 'it is its turn in the thread',
  reply_prepared: 'a reply was written to the outbox',
  reply_looked: 'the thread was read before the reply',
  reply_posting: 'the request that sends the reply was begun',
  reply_doubtful: 'it is not known whether the reply was executed',
  reply_accepted: 'the provider accepted the reply',
  reply_confirmed: 'a visit saw the reply in the thread',
  reply_withdrawn: 'the reply was not sent',
  reopened: 'something new about it came after its ending; it is carried again',
  parked: 'set aside with a reason',
  ended: 'it has its ending',
} as const;
export type LifecycleEventKind = keyof typeof LIFECYCLE_EVENTS;
