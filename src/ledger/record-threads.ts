import type { IncomingThread, Item } from '../domain/message.js';
import type { FirstSeenBy } from '../domain/states.js';
import { DEFAULT_TIMING } from '../domain/timing.js';
import type { Page } from '../sources/source.js';
import { type CallCounts, finishCall, type OpenCall } from './calls.js';
import type { Database, Sql } from './database.js';
import { type ListingContext, type ListingStep, settleListing } from './listings.js';
import { parkedItemId, parkItems, resolveParks, type UnreadableItem } from './parks.js';
import { readSource } from './sources.js';
import { refuseMassParking } from './stopped-sources.js';
import { recordStatusChanges } from './thread-statuses.js';

export type ThreadPageContext = Omit<ListingContext, 'earlier' | 'timing'> &
  Partial<Pick<ListingContext, 'earlier' | 'timing'>> &
  Pick<ThreadOrigin, 'firstSeenBy' | 'dueAt'> & {
    /** Runs in the transaction of the page, after its rows. */
    along?(tx: Sql, threads: readonly IncomingThread[]): Promise<void>;
  };

export interface RecordedThreadPage extends CallCounts {
  /**
   * `more`: ask for the next page; `end`: a reading of the interval counts, the listing is closed; `confirm`, `shifted`,
   * `contradicted`: read the interval again, nothing is closed; `cut`: ask for less at once.
   */
  next: ListingStep;
}

const readable = <T>(items: readonly Item<T>[]): T[] => items.flatMap((item) => (item.ok ? [item.value] : []));
const unreadable = (items: readonly Item<unknown>[]): UnreadableItem[] =>
  items.filter((item): item is UnreadableItem => !item.ok);

/**
 * Commits one page of a listing: its threads, the balance of the call, and, when the provider gave no next cursor, the listing
 * itself. One transaction; running twice changes nothing.
 */
export async function recordThreadPage(
  db: Database,
  call: OpenCall,
  page: Page<IncomingThread>,
  context: ThreadPageContext,
): Promise<RecordedThreadPage> {
  await refuseMassParking(db, call, page, 'thread', context.now);
  return db.transaction(async (tx) => {
    const counts = await recordThreadRows(tx, call, page, { ...context, isListed: true });
    await context.along?.(tx, readable(page.items));
    const listing = { earlier: [], timing: DEFAULT_TIMING, ...context };
    return { ...counts, next: await settleListing(tx, call, page.nextCursor, listing) };
  });
}

export interface ThreadOrigin {
  source: string;
  now: Date;
  /** The scheduled intake unless given. */
  firstSeenBy?: FirstSeenBy;
  /** Whether a listing shows them; not, where they were asked for by id. */
  isListed?: boolean;
  /** When those that are new are to be read at the latest; now unless given. */
  dueAt?: Date;
}

/** The rows of a page and the balance of its call, whatever the page was asked for. */
export async function recordThreadRows(
  tx: Sql,
  call: OpenCall,
  page: Page<IncomingThread>,
  context: ThreadOrigin,
): Promise<CallCounts> {
  const bad = unreadable(page.items);
  await parkItems(tx, bad, {
    source: context.source,
    kind: 'thread',
    callId: call.id,
    threadId: null,
    now: context.now,
  });
  const threads = new Map(readable(page.items).map((thread) => [thread.providerThreadId, thread]));
  const stored = await upsertThreads(tx, [...threads.values()], context);
  await resolveParks(tx, context.source, 'thread', [...threads.keys()], context.now);
  const rows = page.items.length;
  const counts = { rows, known: rows - bad.length - stored, stored, parked: bad.length, rejected: 0 };
  const ids = page.items.map((item) => (item.ok ? item.value.providerThreadId : parkedItemId(item)));
  await finishCall(
    tx,
    call,
    { ...counts, status: page.status, ids, nextCursor: page.nextCursor, unknownFields: page.unknownFields },
    context.now,
  );
  return counts;
}

/** Stores threads that are new and what changed of known ones, and makes both due; gives how many are new. */
export async function upsertThreads(
  tx: Sql,
  threads: readonly IncomingThread[],
  origin: ThreadOrigin,
): Promise<number> {
  if (threads.length === 0) return 0;
  const { source, now, firstSeenBy = 'poll', isListed = false, dueAt = now } = origin;
  const { enumeratedAt } = await readSource(tx, source);
  await recordStatusChanges(tx, source, threads, now);
  const rows = await tx.$queryRaw<{ id: string; fresh: boolean }[]>`
    INSERT INTO thread (source, provider_thread_id, subject, inbox, status, created_at, first_seen_at, first_seen_by, by_first_enumeration,
                        first_listed_at)
    SELECT ${source}, id, subject, inbox, status, created_at, ${now}::timestamptz, ${firstSeenBy}, ${enumeratedAt === null},
           CASE WHEN ${isListed} THEN ${now}::timestamptz END
    FROM unnest(${threads.map((t) => t.providerThreadId)}::text[], ${threads.map((t) => t.subject)}::text[],
                ${threads.map((t) => t.inbox)}::text[], ${threads.map((t) => t.status)}::text[],
                ${threads.map((t) => t.createdAt)}::timestamptz[]) AS row (id, subject, inbox, status, created_at)
    ORDER BY id
    ON CONFLICT (source, provider_thread_id) DO UPDATE
      SET subject = excluded.subject, inbox = excluded.inbox, status = excluded.status, gone_at = NULL,
          missed_at = NULL,
          first_listed_at = COALESCE(thread.first_listed_at, excluded.first_listed_at),
          unlisted_at = CASE WHEN excluded.first_listed_at IS NULL THEN thread.unlisted_at END
      WHERE (thread.subject, thread.inbox, thread.status) IS DISTINCT FROM (excluded.subject, excluded.inbox, excluded.status)
         OR thread.gone_at IS NOT NULL
         OR (excluded.first_listed_at IS NOT NULL AND (thread.first_listed_at IS NULL OR thread.unlisted_at IS NOT NULL))
    RETURNING id, (xmax = 0) AS fresh`;
  // New, renamed, moved or back again: each is a reason to look into it now.
  await tx.$executeRaw`
    INSERT INTO thread_due (thread_id, source, due_at)
    SELECT id, ${source}, CASE WHEN fresh THEN ${dueAt}::timestamptz ELSE ${now}::timestamptz END
    FROM unnest(${rows.map((row) => row.id)}::uuid[], ${rows.map((row) => row.fresh)}::boolean[]) AS row (id, fresh) ORDER BY id
    ON CONFLICT (thread_id) DO UPDATE SET due_at = LEAST(thread_due.due_at, excluded.due_at), gap_rank = 0`;
  return rows.filter((row) => row.fresh).length;
}
