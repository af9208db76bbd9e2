/** Where a message that an audit found had been, as far as the ledger can tell. docs/reference/audit.md explains each. */
export const FIND_CAUSES = {
  never_listed: 'no listing ever named its thread',
  not_visited: 'its thread was listed, and has not been read whole since',
  visited_before: 'its thread was read whole before, and it was not there yet',
  overlooked: 'its thread was read whole after its verified receipt, and it was not among the rows',
  parked: 'it was parked at intake, as a row that could not be read',
  lost_inside: 'an answer named it before, and the ledger does not have it',
} as const;
export type FindCause = keyof typeof FIND_CAUSES;

/** What a find counts as. */
export const FIND_VERDICTS = {
  missed: 'it should have been here by the time of the audit',
  late: 'its thread was not due yet: the schedule would have found it in its time',
  parked: 'its place was known all along',
} as const;
export type FindVerdict = keyof typeof FIND_VERDICTS;

/** What the ledger knew of a found message and its thread right before the audit read it. Milliseconds since 1970. */
export interface FindFacts {
  at: number;
  /** When the thread's next visit was due; null where none was to come. */
  dueAt: number | null;
  /** How long a due visit may wait for its round. */
  graceMs: number;
  listed: boolean;
  /** When the last whole reading of the thread began; null where there was none. */
  readWholeAt: number | null;
  wasParked: boolean;
  wasReturned: boolean;
  /** Receipt at the provider, only where that claim is verified. */
  receivedAt: number | null;
}

/**
 * Late or lost: a message of a thread that is not due yet is late, whatever its stamps say; only a verified receipt before the last
 * whole reading contradicts that. Source: DESIGN "Numbers that cannot flatter".
 */
export function judgeFind(facts: FindFacts): { verdict: FindVerdict; cause: FindCause } {
  if (facts.wasParked) return { verdict: 'parked', cause: 'parked' };
  if (facts.wasReturned) return { verdict: 'missed', cause: 'lost_inside' };
  const { receivedAt, readWholeAt } = facts;
  if (receivedAt !== null && readWholeAt !== null && receivedAt < readWholeAt)
    return { verdict: 'missed', cause: 'overlooked' };
  const isDue = facts.dueAt === null || facts.dueAt + facts.graceMs <= facts.at;
  return { verdict: isDue ? 'missed' : 'late', cause: causeBySchedule(facts) };
}

function causeBySchedule({ listed, readWholeAt }: FindFacts): FindCause {
  if (readWholeAt !== null) return 'visited_before';
  return listed ? 'not_visited' : 'never_listed';
}

/** Causes that earlier visits would have prevented. */
export const PREVENTED_BY_VISITS: ReadonlySet<FindCause> = new Set(['not_visited', 'visited_before', 'overlooked']);

const LEAST_FACTOR = 0.25;
/** Threads of a class that have to be read without a miss before its factor is given back a little. */
const ENOUGH_THREADS = 20;

/**
 * By how much the share of the silence of a class is tightened after an audit: halved by a miss that visits would have prevented,
 * to a quarter at most, and given back by a quarter where enough threads were read without one.
 */
export function tighten(factor: number, seen: { threads: number; misses: number }): number {
  if (seen.misses > 0) return Math.max(LEAST_FACTOR, factor / 2);
  return seen.threads >= ENOUGH_THREADS ? Math.min(1, factor * 1.25) : factor;
}
