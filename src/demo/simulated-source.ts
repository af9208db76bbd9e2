import type { Clock } from '../domain/clock.js';
import type { IncomingMessage, IncomingThread } from '../domain/message.js';
import { listMessages, listThreads, MESSAGE_LIMIT, THREAD_LIMIT } from '../simulator/listing.js';
import { wireThread } from '../simulator/wire.js';
import type { World } from '../simulator/world.js';
import type { SimThread } from '../simulator/world-model.js';
import { toMessage, toThread } from '../sources/dashboard/normalize.js';
import { Notes } from '../sources/dashboard/notes.js';
import { type Page, ProviderFailure, type SourceClient } from '../sources/source.js';

/**
 * The simulated dashboard without HTTP, at any instant of its past: what its routes would answer, read as the product's adapter
 * reads it. Milliseconds since 1970.
 */
export interface SimulatedSource {
  threadPage(query: { from: number; to: number; cursor: string | null }, at: number): Page<IncomingThread>;
  messagePage(query: { providerThreadId: string; cursor: string | null }, at: number): Page<IncomingMessage>;
  /** Whether the list of messages of a thread can be asked for. */
  knows(providerThreadId: string, at: number): boolean;
  /** Every page of a thread, newest first. */
  readThread(providerThreadId: string, at: number): Page<IncomingMessage>[];
}

export function simulatedSource(world: World): SimulatedSource {
  const { visibility } = world;
  const thread = (id: string): SimThread => world.thread(id);
  const source: SimulatedSource = {
    threadPage({ from, to, cursor }, at) {
      const answer = listThreads(world, { since: from, until: to, limit: THREAD_LIMIT, cursor }, at);
      return toPage(answer.threads, answer.next_cursor, toThread);
    },
    messagePage({ providerThreadId, cursor }, at) {
      const answer = listMessages(world, thread(providerThreadId), { limit: MESSAGE_LIMIT, cursor }, at);
      return toPage(answer.messages, answer.next_cursor, toMessage);
    },
    knows: (id, at) => world.threads.has(id) && visibility.exists(thread(id), at),
    readThread(providerThreadId, at) {
      const pages: Page<IncomingMessage>[] = [];
      for (let cursor: string | null = null; ; ) {
        const page = source.messagePage({ providerThreadId, cursor }, at);
        pages.push(page);
        cursor = page.nextCursor;
        if (cursor === null) return pages;
      }
    },
  };
  return source;
}

/** The same as the client of a source, for what only lists and reads. */
export function dashboardClient(world: World, clock: Clock): SourceClient {
  const source = simulatedSource(world);
  const now = (): number => clock.now().getTime();
  const client: Pick<SourceClient, 'listThreads' | 'listMessages'> = {
    listThreads: async ({ from, to, cursor }) =>
      source.threadPage({ from: Date.parse(from), to: Date.parse(to), cursor }, now()),
    listMessages: async (query) => {
      if (source.knows(query.providerThreadId, now())) return source.messagePage(query, now());
      throw new ProviderFailure('SourceNotFound', 'There is no such thread.', { status: 404 });
    },
  };
  return client as SourceClient;
}

/** A thread as the list would show it. */
export const threadAt = (world: World, id: string, at: number): IncomingThread => {
  const item = toThread(wireThread(world.thread(id), world.visibility, at), new Notes());
  if (!item.ok) throw new RangeError(`the simulated thread ${id} cannot be read: ${item.problem}`);
  return item.value;
};

function toPage<T>(
  rows: readonly unknown[],
  nextCursor: string | null,
  read: (row: unknown, notes: Notes) => Page<T>['items'][number],
): Page<T> {
  const notes = new Notes();
  const items = rows.map((row) => read(row, notes));
  return { status: 200, items, nextCursor, unknownFields: notes.counts() };
}
