/** What became of a provider's word that something happened in a thread; docs/reference/webhooks.md holds the same table. */
export const HINT_STATES = {
  open: 'not answered yet: a visit, or a look for a thread that we do not know, is due',
  met: 'a visit found a message that had not been seen when the hint came',
  nothing_new: 'three visits found nothing that we did not hold',
  gone: 'the provider no longer knows the thread',
  unreadable: 'what the provider says of the thread cannot be read; it is parked as it came',
  unknown_thread: 'three looks found no such thread at the provider',
} as const;
export type HintState = keyof typeof HINT_STATES;

/** Why a delivery was not taken. */
export const HINT_REFUSALS = {
  forged: 'no signature of ours, or a header of it is missing: 401',
  stale: 'its timestamp is more than five minutes away from now: 401',
  oversized: 'more bytes than a hint has: 413',
  unreadable: 'signed by us, and names no thread: 400',
  too_many: 'more deliveries than a source may send: 429',
  unknown_source: 'signed by us, for a source that does not exist: 404',
} as const;
export type HintRefusal = keyof typeof HINT_REFUSALS;

/** Looks that a hint is worth: what it announces can show minutes later. */
export const HINT_LOOKS = 3;

/** Milliseconds after a look that brought nothing new until the next one: once, then five times the given wait. */
export const hintAgainMs = (looks: number, waitMs: number): number => waitMs * 5 ** Math.max(0, looks - 1);
