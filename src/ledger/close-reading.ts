import type { FirstSeenBy } from '../domain/states.js';
import type { Timing } from '../domain/timing.js';
import { noteAbsent } from './absences.js';
import { goesInCircles, type OpenCall, type PageOfReading, pagesOfReading, repeatsId } from './calls.js';
import { only, type Sql } from './database.js';
import { PAGES_PER_RANGE, rangeOf, wantsDeeper } from './thread-ranges.js';
import { closeVisit } from './visits.js';

/** A thread of more pages is not followed to its end: 25,000 messages with one customer are an answer that never ends. */
const MOST_PAGES = 1_000;

/**
 * `more`: ask for the next page; `confirm`: the last page is in, read the first once more to see that nothing moved; `end`: read
 * whole, as far as that was due; `shifted`: rows moved, read again.
 */
export type NextOfReading = 'more' | 'confirm' | 'end' | 'shifted';

export interface ReadingContext {
  threadId: string;
  firstSeenBy: FirstSeenBy;
  demandedAt: Date | null;
  now: Date;
  timing: Timing;
}

/** How a reading goes on after a page. A look stops where it wants and closes nothing. */
export async function nextOfReading(
  tx: Sql,
  call: OpenCall,
  nextCursor: string | null,
  context: ReadingContext,
): Promise<NextOfReading> {
  if (context.firstSeenBy === 'look') return nextCursor === null ? 'end' : 'more';
  const isRangeEnd = (call.page + 1) % PAGES_PER_RANGE === 0;
  if (nextCursor !== null && call.page === 0) return 'more';
  const pages = await pagesOfReading(tx, call.readingId);
  if (goesInCircles(pages) || pages.length > MOST_PAGES) return 'shifted';
  const shown = pages.flatMap((page) => page.ids);
  // An audit counts against all that the provider shows; only a visit may leave a deep range for its own time.
  const mayStop = isRangeEnd && context.firstSeenBy !== 'audit' && context.firstSeenBy !== 'backfill';
  if (nextCursor !== null) {
    if (!mayStop || (await wantsDeeper(tx, { ...context, depth: rangeOf(call.page), shown }))) return 'more';
  }
  if (repeatsId(pages)) return 'shifted';
  // An empty list under status 200 has been seen where there were messages: it counts once it was given twice.
  if (pages.length > 1 || shown.length === 0) return 'confirm';
  return closeReading(tx, call, pages, context);
}

/**
 * Closes a reading whose pages held still. Where it reached the end of the thread, what we hold is compared with what it showed: a
 * message that is missing from several pages may have slipped over an edge between them, so they are read again at once.
 */
export async function closeReading(
  tx: Sql,
  call: OpenCall,
  pages: readonly PageOfReading[],
  { threadId, demandedAt, now, timing }: Omit<ReadingContext, 'firstSeenBy'>,
): Promise<'end' | 'shifted'> {
  const { openedAt: begunAt } = only(pages, `reading of thread ${threadId}`);
  let missed = 0;
  if (pages.at(-1)?.nextCursor === null) {
    const shown = pages.flatMap((page) => page.ids);
    missed = await noteAbsent(tx, { threadId, shown, begunAt, callId: call.id, now });
    if (missed > 0 && pages.length > 1) return 'shifted';
  }
  const recheckAt = missed > 0 ? new Date(now.getTime() + timing.visitEveryMs) : null;
  await closeVisit(tx, { threadId, pages, demandedAt, recheckAt, now, timing });
  return 'end';
}
