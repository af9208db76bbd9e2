import type { ClaimName } from '../../domain/claims.js';

type Words = (evidence: Record<string, unknown>) => string;

const n = (evidence: Record<string, unknown>, name: string): string => {
  const value = evidence[name];
  return typeof value === 'number' || typeof value === 'string' ? String(value) : 'some';
};
const minutes = (ms: unknown): string => (typeof ms === 'number' ? `${(ms / 60_000).toFixed(1)} minutes` : 'a while');
const hours = (ms: unknown): string =>
  typeof ms === 'number' ? `${(Math.abs(ms) / 3_600_000).toFixed(1)} hours` : 'hours';

const share = ({ share: part }: Record<string, unknown>): string =>
  typeof part === 'number' ? `${(Math.floor(part * 1_000) / 10).toFixed(1)} %` : 'some';

/** What was seen where a claim does not hold, in the words of the search that began this project. */
const REFUTED: Record<ClaimName, Words> = {
  list_by_activity: () =>
    'the list shows recently created threads, not recently active ones: a new message on an older thread did not bring it back',
  listed_at_once: (e) => `new threads appear late in the list, one only ${minutes(e.longestMs)} after it was created`,
  list_newest_first: () =>
    'new threads are not listed in order: a newer one stands below an older one on the same page',
  narrow_windows_list_all: () => 'a thread is missing in a window under 24 hours wide, and the wider one lists it',
  pages_hold_still: () => 'a row of one page stands on the next page as well: pages shift while the list is read',
  short_page_is_last: (e) => `pages came short and were not the last: ${n(e, 'contradicts')} of them had a next cursor`,
  window_to_the_millisecond: () =>
    'since and until are cut to whole seconds: a window that began after a thread listed it',
  limit_above_100_refused: (e) => `a limit of 101 was accepted in silence, with ${n(e, 'rows')} rows`,
  cursor_lives: (e) => `a cursor was refused after ${minutes(e.ageMs)}`,
  complete_at_first: (e) => `messages are listed before their body is there: ${n(e, 'contradicts')} got it later`,
  messages_stay: (e) => `messages that were listed are gone: ${n(e, 'contradicts')} in the newest readings`,
  newest_arrival_first: () =>
    'a message that arrived late stands in the middle of its thread: the order is that of the Date header',
  threads_stay_apart: (e) => `threads are merged: ${n(e, 'contradicts')} messages now stand in another thread`,
  ids_are_unique: (e) => `one id stood for two different messages, ${n(e, 'contradicts')} times`,
  idempotency_key_honoured: (e) => `one Idempotency-Key was executed ${n(e, 'executed')} times`,
  no_answer_nothing_sent: () => 'the connection broke without an answer, and the reply had been sent',
  unseen_reply_not_sent: () => 'a reply that the thread did not show was executed later',
  client_ref_echoed: () => 'the message that a reply became does not carry its client_ref',
  reply_visible_in_time: () => 'the thread did not show an accepted reply',
  attachment_stays: () => 'an attachment is gone while its message is still listed',
  attachment_size: (e) => `an attachment of ${n(e, 'announced')} bytes had ${n(e, 'bytes')}`,
  attachment_in_first_answer: () => 'the first answer was a link instead of the bytes',
  retry_after_told: (e) => `a 429 came without Retry-After, ${n(e, 'contradicts')} times`,
  ok_is_json: (e) => `a page that is no JSON came under status 200, ${n(e, 'contradicts')} times`,
  ok_is_whole: (e) => `JSON that was cut came under status 200, ${n(e, 'contradicts')} times`,
  empty_list_is_empty: (e) => `an empty list came where there are threads, ${n(e, 'contradicts')} times`,
  every_request_answered: (e) => `${n(e, 'contradicts')} requests were never answered`,
  answer_sent_to_end: (e) => `${n(e, 'contradicts')} answers broke off in the middle`,
  received_at_is_receipt: (e) =>
    `received_at is the stamp of the origin passed on: it lay ${hours(e.lagMs ?? e.farthestMs)} away from the arrival`,
  message_has_body: (e) => `${n(e, 'contradicts')} messages have neither text nor HTML`,
  message_has_subject: (e) => `${n(e, 'contradicts')} messages have no subject`,
  sender_is_address: (e) => `${n(e, 'contradicts')} messages have a sender that is no address`,
  server_is_there: (e) => `the server was in trouble for ${n(e, 'contradicts')} requests`,
  shape_of_thread_lists: differ,
  shape_of_message_lists: differ,
  shape_of_threads: differ,
  shape_of_replies: differ,
  every_submission_pushed: (e) =>
    `${n(e, 'contradicts')} submissions never came by webhook: ${share(e)} of them were delivered`,
  pushed_in_time: (e) => `${n(e, 'contradicts')} webhooks came late, one only after ${minutes(e.longestMs)}`,
  submission_ids_unique: (e) => `one id stood for submissions of two senders, ${n(e, 'contradicts')} times`,
  sequence_numbers_once: (e) => `one number stood for two submissions, ${n(e, 'contradicts')} times`,
  list_holds_pushed: (e) => `the list lacks ${n(e, 'contradicts')} submissions that a webhook brought`,
  every_status_called_back: (e) =>
    `${n(e, 'contradicts')} statuses were never called back: ${share(e)} of them were delivered`,
  call_listed_at_once: (e) =>
    `the list lacked ${n(e, 'contradicts')} calls after they were accepted, one for ${minutes(e.longestMs)}`,
  call_listed_in_time: (e) => `the list lacked ${n(e, 'contradicts')} calls more than a minute after their acceptance`,
  call_ids_unique: (e) => `one id stood for calls between other numbers, ${n(e, 'contradicts')} times`,
  call_ends_once: (e) => `${n(e, 'contradicts')} calls were told two ends`,
};

function differ({ diff }: Record<string, unknown>): string {
  const lines = Array.isArray(diff) ? diff.map(String) : [];
  return `the answers differ from the contract: ${lines.slice(0, 5).join('; ') || 'see the evidence'}`;
}

/** One sentence on what was seen, by the side that it fell on. */
export function sentence(
  claim: ClaimName,
  side: 'supports' | 'contradicts',
  evidence: Record<string, unknown>,
  isEnough: boolean,
): string {
  if (side === 'contradicts') return REFUTED[claim](evidence);
  const cases = evidence.cases ?? evidence.supports ?? evidence.calls;
  const times = `${typeof cases === 'number' ? cases : 'all'} cases and without exception`;
  return isEnough ? `as claimed, in ${times}` : `so far as claimed, in ${times}: too few to rely on it`;
}
