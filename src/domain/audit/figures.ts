import { type Bounds, clopperPearson } from './beta.js';

/** What the reading of one drawn thread gave. */
export interface ThreadTally {
  known: number;
  draws: number;
  /** What the thread weighed in the draw; 1 in a census. */
  weight: number;
  /** Messages that the provider shows and that should have been here: without the late and the parked ones. Null: it could not be read. */
  due: number | null;
  missed: number;
}

/** Figure (a): the share of the messages of known threads that are missing. */
export interface LossFigure extends Bounds {
  /** Null where no thread gave a message. */
  estimate: number | null;
  confidence: number;
  method: 'sample' | 'census';
  /** Draws, each of which counts; a thread that is drawn twice is read once. */
  draws: number;
  unreadDraws: number;
  /** How many draws in proportion to the true sizes these are worth. */
  worth: number;
}

export const CONFIDENCE = 0.95;

/**
 * Estimates the loss per message and bounds it. Threads are drawn by the size that we know; the provider's answer tells the true
 * one, and each draw is weighed by true over known size, as if draws had been thinned until the true size alone decided. Of such a
 * draw, a message picked at random is missing with exactly the probability that is sought: hits and trials of Clopper-Pearson are
 * the expected ones of that pick. A draw that could not be read counts as all missing for the upper bound and as whole for the
 * lower one. Source: docs/adr/0015.
 */
export function lossFigure(tallies: readonly ThreadTally[], method: LossFigure['method']): LossFigure {
  const draws = sum(tallies, () => 1);
  const read = tallies.flatMap((one) => (one.due === null ? [] : [{ ...one, due: one.due }]));
  const unreadDraws = draws - sum(read, () => 1);
  const due = sum(read, (one) => one.due / one.weight);
  const missed = sum(read, (one) => one.missed / one.weight);
  const estimate = due > 0 ? missed / due : null;
  const shared = { estimate, confidence: CONFIDENCE, method, draws, unreadDraws };
  if (method === 'census') {
    // Nothing was sampled: what could not be read is all that is uncertain.
    const unknown = tallies.reduce((total, one) => total + (one.due === null ? Math.max(1, one.known) : 0), 0);
    const all = due + unknown;
    return {
      ...shared,
      lower: all > 0 ? missed / all : 0,
      upper: all > 0 ? (missed + unknown) / all : 1, // of no message nothing is known
      worth: draws,
    };
  }
  const heaviest = read.reduce((most, one) => Math.max(most, one.due / one.weight), 1);
  const hits = missed / heaviest;
  const worth = due / heaviest;
  const { lower } = clopperPearson(hits, worth + unreadDraws, CONFIDENCE);
  const { upper } = clopperPearson(hits + unreadDraws, worth + unreadDraws, CONFIDENCE);
  return { ...shared, lower, upper, worth };
}

function sum<T extends ThreadTally>(tallies: readonly T[], of: (one: T) => number): number {
  return tallies.reduce((total, one) => total + one.draws * of(one), 0);
}

/** Threads that somebody else named, independently of our listings, with whether a listing named them too. */
export interface Capture {
  /** Who named them, for example `webhook`. */
  witness: string;
  named: number;
  /** Of these, how many a listing named as well. */
  listed: number;
  /** Threads that listings named over the same time. */
  listings: number;
}

/** Things that point at what no listing showed: each one is a hole, and none of them says that there are no others. */
export interface Pointer {
  witness: string;
  /** What could have pointed at something we lack. */
  checked: number;
  holes: number;
  /** What pointed at something we lacked and have since got. */
  closed: number;
  /** Ids of ours, or of the provider, that name the first of them. */
  ids: string[];
}

export interface CaptureFigure extends Bounds {
  witness: string;
  named: number;
  listed: number;
  /** How many threads there are, by Chapman's estimator. */
  threads: number;
}

/** Figure (b): the share of threads that were never listed. */
export interface FrameFigure {
  /** `unknown` without a witness that can name what was never listed. */
  state: 'unknown' | 'bounded';
  confidence: number;
  /** One line for each witness; they are never merged. */
  captures: CaptureFigure[];
  pointers: Pointer[];
  /** Things that point at a hole. They add up to no bound: without a capture the figure stays unknown. */
  holes: number;
}

/** Below it a capture says nothing yet: its interval would be wider than half of all. */
const LEAST_NAMED = 10;

/**
 * Completeness of the frame, from witnesses alone: no witness, no figure. What points at holes can only find some of them, so a
 * pointer that finds none proves nothing; a witness that names threads whether they are listed or not can bound the rest.
 */
export function frameFigure(captures: readonly Capture[], pointers: readonly Pointer[]): FrameFigure {
  const bounded = captures
    .filter((one) => one.named >= LEAST_NAMED)
    .map(({ witness, named, listed, listings }): CaptureFigure => {
      const { lower, upper } = clopperPearson(named - listed, named, CONFIDENCE);
      const threads = Math.round(((named + 1) * (listings + 1)) / (listed + 1) - 1);
      return { witness, named, listed, threads, lower, upper };
    });
  return {
    state: bounded.length > 0 ? 'bounded' : 'unknown',
    confidence: CONFIDENCE,
    captures: bounded,
    pointers: [...pointers],
    holes: pointers.reduce((total, one) => total + one.holes, 0),
  };
}
