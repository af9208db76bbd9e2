import type { IncomingMessage, IncomingThread, Item } from '../domain/message.js';
import type { Page } from '../sources/source.js';
import { type CallCounts, finishCall, goesInCircles, type OpenCall, pagesOfReading, repeatsId } from './calls.js';
import type { NextOfReading } from './close-reading.js';
import type { Database, Sql } from './database.js';
import { type ListingContext, type ListingStep, settleListing } from './listings.js';
import { parkedItemId } from './parks.js';

/** A thread of more pages is not followed to its end. */
const MOST_PAGES = 1_000;

const readable = <T>(items: readonly Item<T>[]): T[] => items.flatMap((item) => (item.ok ? [item.value] : []));

/** What a page shows beside what we hold: `rejected` counts what is not ours and is not taken in either. */
interface Compared extends CallCounts {
  ids: string[];
}

async function compare<T>(
  page: Page<T>,
  idOf: (value: T) => string,
  heldOf: (ids: string[]) => Promise<ReadonlySet<string>>,
): Promise<Compared & { held: ReadonlySet<string> }> {
  const ids = page.items.map((item) => (item.ok ? idOf(item.value) : parkedItemId(item)));
  const held = await heldOf(readable(page.items).map(idOf));
  const known = ids.filter((id) => held.has(id)).length;
  return { rows: ids.length, known, stored: 0, parked: 0, rejected: ids.length - known, ids, held };
}

const namesOf = (rows: readonly { id: string }[]): ReadonlySet<string> => new Set(rows.map((row) => row.id));

export interface ComparedThreadPage extends CallCounts {
  next: ListingStep;
}

/** Commits what a page of a listing shows, without storing a thread or counting it as coverage. */
export async function compareThreadPage(
  db: Database,
  call: OpenCall,
  page: Page<IncomingThread>,
  context: ListingContext & { along?(tx: Sql, threads: readonly IncomingThread[]): Promise<void> },
): Promise<ComparedThreadPage> {
  return db.transaction(async (tx) => {
    const {
      ids,
      held: _,
      ...counts
    } = await compare(
      page,
      (thread) => thread.providerThreadId,
      async (names) =>
        namesOf(
          await tx.$queryRaw<{ id: string }[]>`
            SELECT provider_thread_id AS id FROM thread WHERE source = ${context.source} AND provider_thread_id = ANY (${names}::text[])`,
        ),
    );
    const { status, nextCursor, unknownFields } = page;
    await finishCall(tx, call, { ...counts, status, ids, nextCursor, unknownFields }, context.now);
    await context.along?.(tx, readable(page.items));
    return { ...counts, next: await settleListing(tx, call, nextCursor, { ...context, stores: false }) };
  });
}

export interface CompareContext {
  source: string;
  now: Date;
  /** The reading that this page looks at once more. */
  confirm?: string;
  along?(
    tx: Sql,
    page: { missing: readonly IncomingMessage[]; unreadable: number; next: NextOfReading },
  ): Promise<void>;
}

export interface ComparedMessagePage extends CallCounts {
  next: NextOfReading;
}

/** Commits what a page of a thread shows, without taking anything in. */
export async function compareMessagePage(
  db: Database,
  call: OpenCall,
  page: Page<IncomingMessage>,
  { source, now, confirm, along }: CompareContext,
): Promise<ComparedMessagePage> {
  return db.transaction(async (tx) => {
    const { ids, held, ...counts } = await compare(
      page,
      (message) => message.providerMessageId,
      async (names) =>
        namesOf(
          await tx.$queryRaw<{ id: string }[]>`
            SELECT provider_message_id AS id FROM message WHERE source = ${source} AND provider_message_id = ANY (${names}::text[])`,
        ),
    );
    const { status, nextCursor, unknownFields } = page;
    await finishCall(tx, call, { ...counts, status, ids, nextCursor, unknownFields }, now);
    const next = await stepAfter(tx, call, { ids, nextCursor, confirm });
    const missing = readable(page.items).filter((message) => !held.has(message.providerMessageId));
    const unreadable = page.items.length - readable(page.items).length;
    await along?.(tx, { missing, unreadable, next });
    return { ...counts, next };
  });
}

/** How a reading goes on, as for one that stores, but that nothing is concluded from what it lacks. */
async function stepAfter(
  tx: Sql,
  call: OpenCall,
  { ids, nextCursor, confirm }: { ids: readonly string[]; nextCursor: string | null; confirm: string | undefined },
): Promise<NextOfReading> {
  if (confirm !== undefined) {
    const [first] = await pagesOfReading(tx, confirm);
    return first?.ids.join('\n') === ids.join('\n') ? 'end' : 'shifted';
  }
  if (nextCursor !== null && call.page === 0) return 'more';
  const pages = await pagesOfReading(tx, call.readingId);
  if (goesInCircles(pages) || pages.length > MOST_PAGES) return 'shifted';
  if (nextCursor !== null) return 'more';
  if (repeatsId(pages)) return 'shifted';
  return pages.length > 1 || ids.length === 0 ? 'confirm' : 'end';
}
