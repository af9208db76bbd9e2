import type { BackfillCause } from './backfill.js';

/** What the ledger knew of a message and its thread right before a backfill read it. Milliseconds since 1970. */
export interface CauseFacts {
  /** Whether we had the thread before the backfill. */
  threadKnown: boolean;
  /** Whether a listing of ours that counts, begun after the thread was created, asked for the day of its creation. */
  dayAskedFor: boolean;
  /** When the last whole reading of the thread began; null where there was none. */
  readWholeAt: number | null;
  wasParked: boolean;
  wasReturned: boolean;
  /** The sender's stamp, where it can be true. */
  originAt: number | null;
  /** Receipt at the provider, only where that claim is verified. */
  receivedAt: number | null;
}

/** Why it had not been ours, as far as a reader can tell; what two stories fit is `undecidable`. */
export function causeOf(facts: CauseFacts): BackfillCause {
  if (facts.wasParked) return 'parked';
  if (facts.wasReturned) return 'lost_inside';
  if (!facts.threadKnown) return facts.dayAskedFor ? 'not_returned' : 'never_asked_for';
  const { readWholeAt, receivedAt, originAt } = facts;
  if (readWholeAt === null) return 'not_revisited';
  if (receivedAt !== null) return receivedAt < readWholeAt ? 'overlooked' : 'not_revisited';
  if (originAt !== null && originAt > readWholeAt) return 'not_revisited';
  return 'undecidable';
}
