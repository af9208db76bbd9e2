import type { FailureType } from './failures.js';

export interface ExhaustPage {
  next: 'more' | 'end' | 'confirm' | 'shifted' | 'contradicted' | 'cut';
  callId: string;
  readingId: string;
}

/** `end`: a reading of the interval counts; `cut`: ask for less; `failed`: it stays owed, for the stated reason. */
export type Exhausted = { outcome: 'end' } | { outcome: 'cut' | 'failed'; because: FailureType };

/** So often an interval is read in one window; what does not agree by then is asked for in halves. Source: DESIGN "Workflows". */
const READINGS = 3;

/**
 * Reads a creation interval until a reading of it counts. `list` asks for one page: the first of a reading, or the one after a
 * call; it is given the readings that were made before. `failureOf` names what it threw, or throws what is none of ours.
 */
export async function exhaustInterval<P extends ExhaustPage>(
  list: (position: { afterCall?: string; earlier?: string[] }) => Promise<P>,
  failureOf: (error: unknown) => FailureType,
): Promise<Exhausted> {
  const earlier: string[] = [];
  let doubt: FailureType = 'ListingUnstable';
  try {
    for (let reading = 0; reading < READINGS; reading++) {
      const before = earlier.length > 0 ? { earlier: [...earlier] } : {};
      let page = await list(before);
      while (page.next === 'more') page = await list({ ...before, afterCall: page.callId });
      if (page.next === 'end') return { outcome: 'end' };
      if (page.next === 'cut') return { outcome: 'cut', because: 'ListingUnstable' };
      doubt = page.next === 'contradicted' ? 'ListingContradicted' : 'ListingUnstable';
      earlier.push(page.readingId);
    }
  } catch (error) {
    const because = failureOf(error);
    // An expired cursor asks for less at once; anything else stays owed, and the window closes with the gap named.
    return { outcome: because === 'CursorExpired' ? 'cut' : 'failed', because };
  }
  // Halves of a list that lacks what we hold would lack it as well; visits find out what became of those threads.
  return { outcome: doubt === 'ListingContradicted' ? 'failed' : 'cut', because: doubt };
}
