import { FORM_CLAIMS, PHONE_CLAIMS } from './pushed-claims.js';

interface Terms {
  claimed: string;
  by: 'ledger' | 'calls' | 'mail' | 'replies';
  rule: 'never' | 'most';
  enough: number;
}

/**
 * What a dashboard's documentation promises, as statements that can be tested: the closed table behind the rows of `claim`. Each
 * oddity of the simulator breaks exactly one of them (test/unit/domain/claims.test.ts).
 *
 * `by` says where the evidence comes from: `ledger` needs no call of its own, `calls` reading requests of a probe, `mail` mail that
 * a probe writes as a customer, `replies` replies that it sends on a thread which its own mail opened.
 *
 * `rule`: under `never`, one exception refutes, and so many cases without one verify; with n of them the share of exceptions is
 * below 3/n with 95 % confidence. Under `most`, what the newest cases show counts: for behaviour that is one way or the other in
 * every case, so that another fault which spoils one of them changes nothing.
 */
export const DASHBOARD_CLAIMS = {
  list_by_activity: {
    claimed: 'the list shows threads with activity in [since, until), newest activity first',
    by: 'mail',
    rule: 'most',
    enough: 2,
  },
  listed_at_once: {
    claimed: 'a thread is listed as soon as its first message can be fetched',
    by: 'ledger',
    rule: 'never',
    enough: 60,
  },
  list_newest_first: { claimed: 'the list is ordered newest first', by: 'ledger', rule: 'never', enough: 60 },
  narrow_windows_list_all: {
    claimed: 'a window of any width lists every thread that lies in it',
    by: 'calls',
    rule: 'never',
    enough: 60,
  },
  pages_hold_still: { claimed: 'the pages of one listing hold each thread once', by: 'mail', rule: 'never', enough: 1 },
  short_page_is_last: { claimed: 'a page shorter than limit is the last', by: 'ledger', rule: 'never', enough: 20 },
  window_to_the_millisecond: {
    claimed: 'since and until are taken to the millisecond',
    by: 'calls',
    rule: 'most',
    enough: 2,
  },
  limit_above_100_refused: { claimed: 'a limit above 100 is refused with 422', by: 'calls', rule: 'most', enough: 1 },
  cursor_lives: { claimed: 'a cursor can be used at any later time', by: 'calls', rule: 'never', enough: 1 },
  complete_at_first: {
    claimed: 'a message is complete when it is first listed',
    by: 'ledger',
    rule: 'never',
    enough: 60,
  },
  messages_stay: { claimed: 'a message that was listed stays', by: 'ledger', rule: 'never', enough: 1000 },
  newest_arrival_first: { claimed: 'the newest arrival is the first row', by: 'mail', rule: 'never', enough: 2 },
  threads_stay_apart: {
    claimed: 'a thread and the place of its messages stay for ever',
    by: 'ledger',
    rule: 'never',
    enough: 1000,
  },
  ids_are_unique: { claimed: 'an id names one message for ever', by: 'ledger', rule: 'never', enough: 1000 },
  idempotency_key_honoured: {
    claimed: 'a second request with the same Idempotency-Key sends nothing',
    by: 'replies',
    rule: 'never',
    enough: 1,
  },
  no_answer_nothing_sent: {
    claimed: 'a request without an answer sent nothing',
    by: 'replies',
    rule: 'never',
    enough: 3,
  },
  unseen_reply_not_sent: {
    claimed: 'a reply that the thread does not show was not sent',
    by: 'replies',
    rule: 'never',
    enough: 3,
  },
  client_ref_echoed: {
    claimed: 'client_ref is echoed on the message that results',
    by: 'replies',
    rule: 'never',
    enough: 1,
  },
  reply_visible_in_time: {
    claimed: 'an accepted reply shows in its thread within seconds',
    by: 'replies',
    rule: 'never',
    enough: 1,
  },
  attachment_stays: {
    claimed: 'an attachment can be fetched as long as its message is listed',
    by: 'calls',
    rule: 'never',
    enough: 6,
  },
  attachment_size: { claimed: 'an attachment is as long as announced', by: 'calls', rule: 'never', enough: 6 },
  attachment_in_first_answer: { claimed: 'the bytes come in the first answer', by: 'calls', rule: 'never', enough: 6 },
  retry_after_told: { claimed: 'a 429 says when to come back', by: 'ledger', rule: 'never', enough: 1 },
  ok_is_json: { claimed: 'a 200 is JSON of the contract', by: 'ledger', rule: 'never', enough: 1000 },
  ok_is_whole: { claimed: 'a 200 is whole', by: 'ledger', rule: 'never', enough: 1000 },
  empty_list_is_empty: {
    claimed: 'an empty list means that there are no threads',
    by: 'calls',
    rule: 'never',
    enough: 100,
  },
  every_request_answered: { claimed: 'every request gets an answer', by: 'ledger', rule: 'never', enough: 1000 },
  answer_sent_to_end: { claimed: 'an answer that began is sent to its end', by: 'ledger', rule: 'never', enough: 1000 },
  received_at_is_receipt: {
    claimed: 'received_at is when the server received the message',
    by: 'mail',
    rule: 'never',
    enough: 2,
  },
  message_has_body: { claimed: 'a message has a text or an html body', by: 'ledger', rule: 'never', enough: 200 },
  message_has_subject: { claimed: 'a message and its thread have a subject', by: 'ledger', rule: 'never', enough: 200 },
  sender_is_address: { claimed: 'from.email is an address', by: 'ledger', rule: 'never', enough: 200 },
  server_is_there: { claimed: 'the server is there', by: 'ledger', rule: 'never', enough: 1000 },
  shape_of_thread_lists: {
    claimed: 'the answer of listThreads has the fields and types of the contract',
    by: 'ledger',
    rule: 'never',
    enough: 20,
  },
  shape_of_message_lists: {
    claimed: 'the answer of listMessages has the fields and types of the contract',
    by: 'ledger',
    rule: 'never',
    enough: 20,
  },
  shape_of_threads: {
    claimed: 'the answer of getThread has the fields and types of the contract',
    by: 'ledger',
    rule: 'never',
    enough: 1,
  },
  shape_of_replies: {
    claimed: 'the answer of postReply has the fields and types of the contract',
    by: 'ledger',
    rule: 'never',
    enough: 1,
  },
} as const satisfies Record<string, Terms>;

/** Every claim about every kind of source; no two kinds share one. */
export const CLAIMS = { ...DASHBOARD_CLAIMS, ...FORM_CLAIMS, ...PHONE_CLAIMS } satisfies Record<string, Terms>;
export type ClaimName = keyof typeof CLAIMS;

/** The claims about a source, by its kind, in the order of the table. */
export function claimsOf(kind: string): ClaimName[] {
  const table = kind === 'forms' ? FORM_CLAIMS : kind === 'phone' ? PHONE_CLAIMS : DASHBOARD_CLAIMS;
  return Object.keys(table) as ClaimName[];
}

export const isPushed = (kind: string): boolean => kind === 'forms' || kind === 'phone';

export const VERDICTS = {
  verified: 'what was seen fits it, often enough to rely on it',
  refuted: 'something was seen that it excludes',
  untested: 'too little was seen that bears on it',
} as const;
export type Verdict = keyof typeof VERDICTS;

/** What one thing that a probe saw does to a claim. */
export const OUTCOMES = {
  supports: 'it fits the claim, where an exception would have shown',
  contradicts: 'it cannot be where the claim holds',
} as const;
export type Outcome = keyof typeof OUTCOMES;

export type Tally = Record<Outcome, number>;

/** Of so many newest cases the majority counts under the rule `most`, so that a provider that changes is noticed soon. */
export const NEWEST = 5;

/** The verdict of a tally; null leaves the verdict as it was. Under `most` the tally is that of the newest cases. */
export function judge(claim: ClaimName, { supports, contradicts }: Tally): Verdict | null {
  const { rule, enough } = CLAIMS[claim];
  if (rule === 'never') {
    if (contradicts > 0) return 'refuted';
    return supports >= enough ? 'verified' : null;
  }
  if (supports + contradicts < enough || supports === contradicts) return null;
  return contradicts > supports ? 'refuted' : 'verified';
}

/** Mail that we write ourselves as a customer would. */
export const CANARY_PURPOSES = {
  canary: 'written on a schedule, to see how long a message takes to come back',
  probe: 'written by a probe, to see what the provider makes of it',
  manual: 'written by a person as a probe asked for it',
} as const;
export type CanaryPurpose = keyof typeof CANARY_PURPOSES;
