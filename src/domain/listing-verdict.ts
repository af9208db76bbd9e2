/** The pages of one pass over a creation interval, in order; ids as they came. */
export interface ListingReading {
  pages: readonly (readonly string[])[];
  /** The provider gave `next_cursor: null`; nothing else ends a listing. */
  exhausted: boolean;
  /** Threads that we hold, that a listing showed before, and that this reading lacks; older than the safe frontier. */
  lacking: readonly string[];
}

export interface ListingCase {
  /** The readings of this interval in this window, oldest first; the last one is in hand. */
  readings: readonly ListingReading[];
  /** False for a narrow early reading, which finds threads and proves nothing. */
  covering: boolean;
  /** Ids younger than the safe frontier: they may come and go while the listing is read. */
  young: ReadonlySet<string>;
  /** How many threads a reading has to show, whatever else it shows. */
  expected: number;
  /** How many empty answers in a row are believed. */
  emptiesNeeded: number;
}

/**
 * `more`: ask for the next page; `end`: the reading of this index counts; `confirm`: it is whole if the next one agrees;
 * `shifted`: rows moved, read again; `contradicted`: it lacks most of what we hold, read again and never believe it alone.
 */
export type ListingVerdict =
  | { next: 'more' | 'confirm' | 'shifted' | 'contradicted' }
  | { next: 'end'; reading: number };

/** Pages in a row that show nothing new: a cursor that runs in a circle, or a server that never comes to an end. */
const BARREN_PAGES = 10;
/** More pages than this are asked for in halves: a cursor dies, and one reading must not fill a day. */
const PAGES_MAX = 1_000;

export const isTooLong = (pages: number): boolean => pages >= PAGES_MAX;

const idsOf = (reading: ListingReading): Set<string> => new Set(reading.pages.flat());

/** Whether an id stands on two pages: rows moved while the reading was under way. */
function repeats({ pages }: ListingReading): boolean {
  const seen = new Set<string>();
  return pages.some((page) => {
    const own = new Set(page);
    const again = [...own].some((id) => seen.has(id));
    for (const id of own) seen.add(id);
    return again;
  });
}

/** Whether going on makes no sense: a whole page came again, or page after page brought nothing. */
export function isCircling({ pages }: ListingReading): boolean {
  const seen = new Set<string>();
  let barren = 0;
  for (const page of pages) {
    const fresh = page.filter((id) => !seen.has(id));
    if (page.length > 0 && fresh.length === 0) return true;
    barren = fresh.length === 0 ? barren + 1 : 0;
    if (barren >= BARREN_PAGES) return true;
    for (const id of fresh) seen.add(id);
  }
  return false;
}

/**
 * Whether what a reading has shown so far counts, and if not, what comes next. A list by offset loses a row only where one that
 * it showed before went away while it was read; so several pages are whole when each row of all but the last is seen once more
 * afterwards. One page is one answer and cannot shift. An empty last page is how a broken answer looks, so it has to come
 * twice before that. Source: docs/adr/0010.
 */
export function judgeListing(input: ListingCase): ListingVerdict {
  const { readings, covering } = input;
  const index = readings.length - 1;
  const current = readings[index];
  if (!current) return { next: 'more' };
  if (!covering) {
    if (isCircling(current)) return { next: 'shifted' };
    return current.exhausted ? { next: 'end', reading: index } : { next: 'more' };
  }
  for (let earlier = index - 1; earlier >= 0; earlier--) {
    const candidate = readings[earlier];
    const between = readings.slice(earlier + 1, index);
    if (candidate && confirms(candidate, between, current, input)) return { next: 'end', reading: earlier };
  }
  if (isCircling(current)) return { next: 'shifted' };
  if (!current.exhausted) return { next: 'more' };
  if (repeats(current)) return { next: 'shifted' };
  if (isContradicted(current, input)) return { next: 'contradicted' };
  const isEmpty = idsOf(current).size === 0;
  // As of the first of them: what came since may stand behind an answer that was empty for another reason.
  if (isEmpty && input.emptiesNeeded <= emptiesAtEnd(readings))
    return { next: 'end', reading: index + 1 - input.emptiesNeeded };
  if (!isEmpty && current.pages.length === 1 && current.lacking.length === 0) return { next: 'end', reading: index };
  return { next: 'confirm' };
}

/** It lacks more than half of what it has to show: believed only when visits have said what became of those threads. */
const isContradicted = (reading: ListingReading, { expected }: ListingCase): boolean =>
  reading.lacking.length * 2 > expected;

function confirms(
  candidate: ListingReading,
  between: readonly ListingReading[],
  current: ListingReading,
  input: ListingCase,
): boolean {
  if (!candidate.exhausted || repeats(candidate) || isContradicted(candidate, input)) return false;
  const held = idsOf(candidate);
  if (held.size === 0) return false; // nothing to see again: empty answers are counted instead
  const seen = idsOf(current);
  const kept = candidate.pages.slice(0, -1).flat();
  if (!kept.every((id) => seen.has(id) || input.young.has(id))) return false;
  // Two such ends that agree, and their rows once more after both: one may be a broken answer, the other a list that shrank.
  const endsEmpty = candidate.pages.length > 1 && candidate.pages.at(-1)?.length === 0;
  if (endsEmpty && !between.some((one) => isSame(candidate, one, input))) return false;
  if (candidate.lacking.length === 0) return candidate.pages.length > 1;
  if (!current.exhausted || repeats(current)) return false;
  const alsoLacks = new Set(current.lacking);
  return candidate.lacking.every((id) => alsoLacks.has(id));
}

function isSame(one: ListingReading, other: ListingReading, { young }: ListingCase): boolean {
  const [first, second] = [idsOf(one), idsOf(other)];
  const isIn = (ids: ReadonlySet<string>) => (id: string) => ids.has(id) || young.has(id);
  return other.exhausted && !repeats(other) && [...first].every(isIn(second)) && [...second].every(isIn(first));
}

function emptiesAtEnd(readings: readonly ListingReading[]): number {
  let empties = 0;
  for (const reading of [...readings].reverse()) {
    if (!reading.exhausted || idsOf(reading).size > 0) break;
    empties += 1;
  }
  return empties;
}
