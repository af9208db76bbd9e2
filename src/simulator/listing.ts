import { type Cursor, readCursor, writeCursor } from './cursor.js';
import { RequestProblem } from './refusal.js';
import { seededRandom } from './seeded-random.js';
import { type WireMessage, type WireThread, wireMessage, wireThread } from './wire.js';
import type { World } from './world.js';
import { DAY, type SimMessage, type SimThread } from './world-model.js';

export const THREAD_LIMIT = 100;
export const MESSAGE_LIMIT = 25;

export interface ThreadQuery {
  since: number | null;
  until: number | null;
  limit: number;
  cursor: string | null;
}

/** GET /v1/threads: by activity as documented, by creation as observed. */
export function listThreads(
  world: World,
  query: ThreadQuery,
  now: number,
): { threads: WireThread[]; next_cursor: string | null } {
  const on = (name: Parameters<typeof world.visibility.isOddityOn>[0]) => world.visibility.isOddityOn(name, now);
  if (query.limit > THREAD_LIMIT && !on('limit-cut')) {
    throw new RequestProblem(422, 'bad_parameter', `limit must be at most ${THREAD_LIMIT}`);
  }
  const limit = Math.min(query.limit, THREAD_LIMIT);
  const cursor =
    query.cursor === null
      ? firstPage(now)
      : readCursor(query.cursor, now, on('cursor-expires') ? world.cursorLifeMs : null);
  const asOf = on('offset-cursor') ? now : cursor.asOf;
  const rows = threadRows(world, query, asOf);
  const size = on('short-pages') ? shortened(world, query, cursor, limit) : limit;
  const page = rows.slice(cursor.offset, cursor.offset + size);
  return {
    threads: page.map((thread) => wireThread(thread, world.visibility, now)),
    next_cursor: nextCursor(cursor, cursor.offset + size, rows.length, now),
  };
}

function threadRows(world: World, query: ThreadQuery, at: number): SimThread[] {
  const { visibility } = world;
  const byCreation = visibility.isOddityOn('creation-filter', at);
  const shuffled = visibility.isOddityOn('shuffled-listing', at);
  const unit = visibility.isOddityOn('whole-second-window', at) ? 1000 : 1;
  const floor = (instant: number) => Math.floor(instant / unit) * unit;
  const since = query.since === null ? Number.NEGATIVE_INFINITY : floor(query.since);
  const until = query.until === null ? Number.POSITIVE_INFINITY : floor(query.until);
  const narrow = until - since < DAY;
  const keyed: { thread: SimThread; key: number }[] = [];
  // Both ends are whole units, so that a creation lies between them exactly where its floor does.
  for (const thread of byCreation ? world.createdBetween(since, until) : world.threads.values()) {
    if (!visibility.isListed(thread, at)) continue;
    if (narrow && visibility.isHiddenFromNarrow(thread, at)) continue;
    const activity = byCreation
      ? [thread.createdAt]
      : visibility.messagesOf(thread, at).map((message) => message.fetchableAt);
    if (!activity.some((instant) => floor(instant) >= since && floor(instant) < until)) continue;
    keyed.push({ thread, key: Math.max(...activity) + (shuffled ? thread.shuffleMs : 0) });
  }
  keyed.sort((a, b) => b.key - a.key || (a.thread.id < b.thread.id ? 1 : -1));
  return keyed.map(({ thread }) => thread);
}

/** GET /v1/threads/{id}/messages: by receipt as documented, by the origin's stamp as observed. */
export function listMessages(
  world: World,
  thread: SimThread,
  query: { limit: number; cursor: string | null },
  now: number,
): { messages: WireMessage[]; next_cursor: string | null } {
  const { visibility } = world;
  const on = (name: Parameters<typeof visibility.isOddityOn>[0]) => visibility.isOddityOn(name, now);
  const cursor =
    query.cursor === null
      ? firstPage(now)
      : readCursor(query.cursor, now, on('cursor-expires') ? world.cursorLifeMs : null);
  const asOf = on('offset-cursor') ? now : cursor.asOf;
  const rows = newestFirst(visibility.messagesOf(thread, asOf), visibility.isOddityOn('origin-order', asOf));
  const page = rows.slice(cursor.offset, cursor.offset + query.limit);
  return {
    messages: page.map((message) => wireMessage(message, thread, visibility, now)),
    next_cursor: nextCursor(cursor, cursor.offset + query.limit, rows.length, now),
  };
}

function newestFirst(messages: SimMessage[], byOrigin: boolean): SimMessage[] {
  const keyed = messages.map((message) => ({
    message,
    key: byOrigin ? Date.parse(message.quirks.stamp ?? message.stamp) : message.fetchableAt,
  }));
  keyed.sort((a, b) => b.key - a.key || (a.message.id < b.message.id ? 1 : -1));
  return keyed.map(({ message }) => message);
}

function firstPage(now: number): Cursor {
  return { offset: 0, asOf: now, madeAt: now };
}

function nextCursor(cursor: Cursor, offset: number, rows: number, now: number): string | null {
  return offset < rows ? writeCursor({ offset, asOf: cursor.asOf, madeAt: now }) : null;
}

function shortened(world: World, query: ThreadQuery, cursor: Cursor, limit: number): number {
  const random = seededRandom(world.seed, 'page', String(query.since), String(query.until), cursor.offset);
  return limit > 1 && random.chance(world.rateOf('short-pages')) ? random.between(1, limit - 1) : limit;
}
