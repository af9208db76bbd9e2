import { createHash } from 'node:crypto';
import type { IncomingThread, Item } from '../domain/message.js';
import type { Page } from '../sources/source.js';
import { type CallCounts, finishCall, type OpenCall, pagesOfReading, repeatsId } from './calls.js';
import { type Database, only, type Sql } from './database.js';
import { parkedItemId, parkItems, resolveParks, type UnreadableItem } from './parks.js';
import { readSource } from './sources.js';

export interface ThreadPageContext {
  source: string;
  windowId: string;
  interval: { from: Date; to: Date };
  /** False for a narrow early reading, which never counts as coverage. */
  covering: boolean;
  now: Date;
}

export interface RecordedThreadPage extends CallCounts {
  /** `more`: ask for the next page; `end`: exhausted, the listing is closed; `shifted`: rows moved, nothing is closed. */
  next: 'more' | 'end' | 'shifted';
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
  return db.transaction(async (tx) => {
    const counts = await recordThreadRows(tx, call, page, context);
    if (page.nextCursor !== null) return { ...counts, next: 'more' };
    return { ...counts, next: await closeListing(tx, call, context) };
  });
}

/** The rows of a page and the balance of its call, whatever the page was asked for. */
export async function recordThreadRows(
  tx: Sql,
  call: OpenCall,
  page: Page<IncomingThread>,
  context: Pick<ThreadPageContext, 'source' | 'now'>,
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

async function upsertThreads(
  tx: Sql,
  threads: readonly IncomingThread[],
  context: Pick<ThreadPageContext, 'source' | 'now'>,
): Promise<number> {
  if (threads.length === 0) return 0;
  const { enumeratedAt } = await readSource(tx, context.source);
  const rows = await tx.$queryRaw<{ id: string; fresh: boolean }[]>`
    INSERT INTO thread (source, provider_thread_id, subject, inbox, status, created_at, first_seen_at, by_first_enumeration)
    SELECT ${context.source}, id, subject, inbox, status, created_at, ${context.now}::timestamptz, ${enumeratedAt === null}
    FROM unnest(${threads.map((t) => t.providerThreadId)}::text[], ${threads.map((t) => t.subject)}::text[],
                ${threads.map((t) => t.inbox)}::text[], ${threads.map((t) => t.status)}::text[],
                ${threads.map((t) => t.createdAt)}::timestamptz[]) AS row (id, subject, inbox, status, created_at)
    ORDER BY id
    ON CONFLICT (source, provider_thread_id) DO UPDATE
      SET subject = excluded.subject, inbox = excluded.inbox, status = excluded.status, gone_at = NULL
      WHERE (thread.subject, thread.inbox, thread.status) IS DISTINCT FROM (excluded.subject, excluded.inbox, excluded.status)
         OR thread.gone_at IS NOT NULL
    RETURNING id, (xmax = 0) AS fresh`;
  const due = rows.map((row) => row.id);
  // New, renamed, moved or back again: each is a reason to look into it now.
  await tx.$executeRaw`
    INSERT INTO thread_due (thread_id, source, due_at)
    SELECT id, ${context.source}, ${context.now}::timestamptz FROM unnest(${due}::uuid[]) AS row (id) ORDER BY id
    ON CONFLICT (thread_id) DO UPDATE SET due_at = LEAST(thread_due.due_at, excluded.due_at)`;
  return rows.filter((row) => row.fresh).length;
}

async function closeListing(tx: Sql, call: OpenCall, context: ThreadPageContext): Promise<'end' | 'shifted'> {
  const pages = await pagesOfReading(tx, call.readingId);
  if (repeatsId(pages)) return 'shifted';
  const first = only(pages, `reading ${call.readingId}`);
  const ids = pages.flatMap((page) => page.ids).sort();
  const hash = createHash('sha256').update(ids.join('\n')).digest('hex');
  const { from, to } = context.interval;
  const inserted = await tx.$executeRaw`
    INSERT INTO listing (source, window_id, from_at, to_at, covering, begun_at, exhausted_at, pages, threads, id_set_hash, last_call_id)
    VALUES (${context.source}, ${context.windowId}::uuid, ${from}, ${to}, ${context.covering}, ${first.openedAt}, ${context.now},
            ${pages.length}, ${ids.length}, ${hash}, ${call.id}::uuid)
    ON CONFLICT (last_call_id) DO NOTHING`;
  if (inserted > 0 && context.covering) {
    await tx.$executeRaw`
      UPDATE listing SET superseded = true
      WHERE source = ${context.source} AND covering AND NOT superseded AND begun_at < ${first.openedAt}
        AND from_at >= ${from} AND to_at <= ${to}`;
  }
  return 'end';
}
