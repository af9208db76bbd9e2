import type { Interval } from '../domain/interval.js';
import type { IncomingMessage, IncomingThread } from '../domain/message.js';
import { listThreads, MESSAGE_LIMIT, THREAD_LIMIT } from '../simulator/listing.js';
import type { World } from '../simulator/world.js';
import type { Page } from '../sources/source.js';
import type { Automation, CarriedEnd } from './automation.js';
import { simulatedSource, threadAt } from './simulated-source.js';

const DAY_MS = 86_400_000;
const POLL_EVERY_MS = 900_000;

export interface NaivePollerOptions {
  /** First and last instant at which it polls, ms since 1970. */
  from: number;
  to: number;
  /** What it asks for: threads of the last days, which it takes for the active ones. Default 1, as in the original system. */
  windowDays?: number;
  everyMs?: number;
  /** What carries the messages that it takes in; without it each one ends as only observed. */
  automation?: Automation;
}

/** One listing, with the ids of each page. */
export interface NaiveListing {
  at: number;
  interval: Interval;
  pages: { ids: string[]; nextCursor: string | null }[];
}

/** A reading of a thread that brought something: a message that it took, or one that it dropped for its stamp. */
export interface NaiveReading {
  at: number;
  providerThreadId: string;
  /** When it read the thread before; null at the first time. */
  readBeforeAt: number | null;
  pages: Page<IncomingMessage>[];
  taken: IncomingMessage[];
  /** Ids of messages whose stamp lies before the window: they were shown, and it let them go. */
  dropped: string[];
}

export interface NaiveThread {
  thread: IncomingThread;
  /** The listing that first showed it. */
  firstListedAt: number;
  lastReadAt: number;
}

/** What a poller of the original's making sees in a time, and what it keeps of it. */
export interface NaiveIntake {
  windowMs: number;
  listings: NaiveListing[];
  readings: NaiveReading[];
  threads: Map<string, NaiveThread>;
  /** When each message was taken in, by provider id. */
  takenAt: Map<string, number>;
  /** How those ended that automation carried, by provider id. */
  carried: Map<string, CarriedEnd>;
  /** Requests that it made, readings that brought nothing included. */
  requests: number;
}

/**
 * The original intake on a virtual clock: it lists the threads created within its window, reads each, and keeps what it has not
 * seen and what is stamped within the window, which is all that its dedupe map remembers. Once a thread has left the window
 * nothing written on it is seen again. Pure: the same world gives the same intake.
 */
export function pollNaively(world: World, options: NaivePollerOptions): NaiveIntake {
  const poller = naivePoller(world, options);
  poller.advance(options.to);
  return poller.intake;
}

/** The same, poll by poll: `advance` makes those up to an instant. */
export function naivePoller(world: World, options: NaivePollerOptions) {
  const { from, to, windowDays = 1, everyMs = POLL_EVERY_MS } = options;
  const source = simulatedSource(world);
  const windowMs = windowDays * DAY_MS;
  const intake: NaiveIntake = {
    windowMs,
    listings: [],
    readings: [],
    threads: new Map(),
    takenAt: new Map(),
    carried: new Map(),
    requests: 0,
  };
  const dropped = new Set<string>();
  let next = from;
  return {
    intake,
    advance(until: number): void {
      for (; next <= Math.min(until, to); next += everyMs) poll(next);
    },
  };

  function poll(at: number): void {
    const interval = { from: at - windowMs, to: at };
    const listing: NaiveListing = { at, interval, pages: [] };
    for (let cursor: string | null = null; ; ) {
      const query = { since: interval.from, until: interval.to, limit: THREAD_LIMIT, cursor };
      const page = listThreads(world, query, at);
      listing.pages.push({ ids: page.threads.map((one) => one.id), nextCursor: page.next_cursor });
      cursor = page.next_cursor;
      if (cursor === null) break;
    }
    intake.listings.push(listing);
    intake.requests += listing.pages.length;
    for (const { ids } of listing.pages) for (const id of ids) readNaively(id, at);
  }

  function readNaively(id: string, at: number): void {
    const known = intake.threads.get(id);
    const readBeforeAt = known?.lastReadAt ?? null;
    if (known) known.lastReadAt = at;
    else intake.threads.set(id, { thread: threadAt(world, id, at), firstListedAt: at, lastReadAt: at });
    const isNews = (one: { id: string }) => !intake.takenAt.has(one.id) && !dropped.has(one.id);
    const visible = world.visibility.messagesOf(world.thread(id), at);
    intake.requests += Math.max(1, Math.ceil(visible.length / MESSAGE_LIMIT));
    // The same question as the pages answer, asked of the world first: most readings bring nothing and leave no trace.
    if (!visible.some(isNews)) return;
    const pages = source.readThread(id, at);
    const rows = pages.flatMap((page) => page.items.flatMap((item) => (item.ok ? [item.value] : [])));
    const news = rows.filter((row) => isNews({ id: row.providerMessageId }));
    const isBehind = ({ originAt }: IncomingMessage) => originAt === null || Date.parse(originAt) < at - windowMs;
    const taken = news.filter((row) => !isBehind(row));
    const behind = news.filter(isBehind).map((row) => row.providerMessageId);
    for (const { providerMessageId } of taken) intake.takenAt.set(providerMessageId, at);
    const { status } = world.thread(id);
    for (const message of taken.toReversed()) {
      const end = message.direction === 'inbound' ? options.automation?.carry(message, status, at) : null;
      if (end) intake.carried.set(message.providerMessageId, end);
    }
    for (const lost of behind) dropped.add(lost);
    intake.readings.push({ at, providerThreadId: id, readBeforeAt, pages, taken, dropped: behind });
  }
}
