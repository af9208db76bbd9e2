/**
 * What a person has to hear of. Each kind names its condition, never its cure: docs/reference/alarms.md has that. A kind, a source
 * and a subject have at most one alarm that is not resolved; the same condition again adds to it.
 */
export const ALARM_KINDS = {
  listing_gap:
    'a creation interval of the least covering width could not be exhausted: threads created in it may be unknown',
  guarantee_stretched:
    'the call budget cannot carry the guarantee: threads are visited later, by the stated share of their silence',
  claim_turned: 'what the provider was seen to do no longer fits what is claimed of it',
  mass_parking:
    'so many rows of one answer could not be read that the source was stopped, or so many submissions of a form, which are kept',
  source_trouble: 'the provider fails so often that hardly any call is started',
  token_rejected: 'the provider rejects our token',
  audit_miss: 'an audit found messages that intake had not',
  frame_hole: 'something points at a thread or message that no listing ever showed',
  canary_overdue: 'a message that we sent ourselves has not come back through the provider in its time',
  id_collision: 'the provider gave one id to two different messages',
  reply_overdue: 'a reply that the provider accepted does not show in its thread within the time it takes',
  playbooks_unusable: 'the playbooks cannot be loaded, so messages go to people',
  classifier_unusable: 'the classifier cannot be used, so messages go to people',
  sending_stopped: 'sending is stopped, and messages are held',
  case_overdue: 'a case is past its deadline and nobody has resolved it',
  hand_off_overdue: 'an outside platform has work that it acknowledged and never finished',
  call_mismatch: 'the phone provider shows a call that we do not know, or lacks one that we placed',
  backfill_held: 'a backfill makes no calls until a person does something about it',
  submission_gap: 'submissions of a form never reached us, or numbers of its sequence are missing',
  balance_residual:
    'the books do not balance: the evidence names the boundary and the ids that are on one side of it alone',
  repaired: 'something had to be started again by a repair: what should have carried it had not',
  ledger_inconsistent: 'the ledger contradicts itself: rows that belong together do not agree',
  unexplained_reply: 'a person answered a message that we never had or have not handled',
  workload_rising: 'people answer more than before, while neither inbound messages nor escalations explain it',
  progress_frozen: 'something that ought to move has not moved within its time',
  bound_high: 'more may be missing than the threshold allows, by the bound of the audits',
  source_silent: 'a source has been silent for longer than its own history makes likely',
  parks_growing: 'more is parked than people take care of',
  reply_unconfirmed: 'a reply may or may not have been sent, and a person has to decide',
  figures_diverge: 'automation and intake do not move together: their ratio has left its usual range',
  attachment_lost: 'an attachment that was named could not be had any more',
  call_status_missing: 'a phone call has no final status within its time',
  sink_failing: 'alarms could not be delivered to a place where people would hear of them',
  test_alarm: 'a test that alarms arrive; nothing is wrong',
} as const;
export type AlarmKind = keyof typeof ALARM_KINDS;

export const ALARM_STATES = {
  open: 'the condition holds, and nobody has said that they know',
  acknowledged: 'the condition holds, and a person has said that they know',
  quenched: 'the condition was last seen not to hold; nobody has confirmed that it is over',
  resolved: 'confirmed to be over, by a person or by an independent check',
} as const;
export type AlarmState = keyof typeof ALARM_STATES;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const WAITS = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR] as const;

/** Wait after the attempt of this number, from 1, failed to deliver an alarm; the last wait repeats. Source: FAULTS, Svix. */
export const nextDeliveryMs = (attempt: number): number => WAITS[Math.min(attempt, WAITS.length) - 1] ?? 10 * HOUR;
