import type { IncomingMessage, IncomingThread } from '../../src/domain/message.js';
import type { Timing } from '../../src/domain/timing.js';
import { openCall } from '../../src/ledger/calls.js';
import type { Database } from '../../src/ledger/database.js';
import { recordMessagePage } from '../../src/ledger/record-messages.js';
import { recordThreadPage } from '../../src/ledger/record-threads.js';
import { bindSource } from '../../src/ledger/sources.js';
import { openWindow } from '../../src/ledger/windows.js';

/** A world that can be computed from numbers alone, so that millions of its messages need no memory. */
export const PER_PAGE = 25;
const THREADS_PER_PAGE = 100;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export const threadIdOf = (thread: number): string => `thr_${String(thread).padStart(9, '0')}`;
export const messageIdOf = (thread: number, position: number): string =>
  `msg_${String(thread).padStart(9, '0')}_${String(position).padStart(3, '0')}`;

/** About the length of a customer's mail. */
const TEXT = 'I ordered last week and have heard nothing since. Could you tell me when my parcel will arrive? '.repeat(
  6,
);

export const threadAt = (thread: number, now: Date): IncomingThread => ({
  providerThreadId: threadIdOf(thread),
  subject: `Order ${thread}`,
  inbox: 'help',
  createdAt: new Date(Math.floor(now.getTime() / 1_000) * 1_000 - DAY_MS * 2 - (thread % 86_400) * 1_000).toISOString(),
  status: 'open',
});

export const messageAt = (thread: number, position: number, now: Date): IncomingMessage => ({
  providerMessageId: messageIdOf(thread, position),
  providerThreadId: threadIdOf(thread),
  channel: 'email',
  direction: 'inbound',
  originAt: new Date(Math.floor(now.getTime() / 1_000) * 1_000 - DAY_MS - (position * HOUR_MS) / 4).toISOString(),
  receivedAt: null,
  from: { kind: 'email', value: `customer-${thread}@example.com`, name: null },
  to: [{ kind: 'email', value: 'help@example.org', name: null }],
  subject: `Order ${thread}`,
  text: `${TEXT}(${thread}, ${position})`,
  html: null,
  headers: { 'message-id': `<${messageIdOf(thread, position)}@example.com>` },
  messageIdHeader: `<${messageIdOf(thread, position)}@example.com>`,
  clientRef: null,
  attachments: [],
});

export const SOURCE = 'dashboard';

/** A source in `observe`: each message ends in the transaction that records it, so that the ledger alone is measured. */
export const bind = (db: Database, now: Date, origin = 'http://dashboard.example.com') =>
  bindSource(db, {
    name: SOURCE,
    kind: 'dashboard',
    origin,
    mailboxGroup: 'default',
    ratePerSecond: 1_000,
    firstMode: 'observe',
    mode: null,
    answerFrom: null,
    now,
  });

const page = <T>(rows: readonly T[]) => ({
  status: 200,
  items: rows.map((value) => ({ ok: true as const, value })),
  nextCursor: null,
  unknownFields: {},
});

/** Records threads [from, to) as listings of a hundred rows give them. Gives our ids by number. */
export async function recordThreads(
  db: Database,
  range: { from: number; to: number },
  now: Date,
  timing: Timing,
): Promise<string[]> {
  const window = await openWindow(db, { source: SOURCE, runId: `fill-${range.from}`, scheduledAt: now, now, timing });
  const end = Math.floor(now.getTime() / 1_000) * 1_000;
  const interval = { from: new Date(end - timing.horizonMs), to: new Date(end) };
  for (let from = range.from; from < range.to; from += THREADS_PER_PAGE) {
    const rows = Array.from({ length: Math.min(THREADS_PER_PAGE, range.to - from) }, (_, at) =>
      threadAt(from + at, now),
    );
    const call = await openCall(db, {
      source: SOURCE,
      operation: 'listThreads',
      parameters: {},
      windowId: window.id,
      readingId: null,
      page: 0,
      attempt: 1,
      now,
    });
    await recordThreadPage(db, call, page(rows), {
      source: SOURCE,
      windowId: window.id,
      interval,
      covering: true,
      now,
    });
  }
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT id FROM thread WHERE source = ${SOURCE} AND provider_thread_id >= ${threadIdOf(range.from)}
      AND provider_thread_id < ${threadIdOf(range.to)} ORDER BY provider_thread_id`;
  return rows.map((row) => row.id);
}

/** One visit of a thread of one page, as the activity makes it: the row of the call, then the page. */
export async function recordVisit(
  db: Database,
  threadId: string,
  messages: readonly IncomingMessage[],
  now: Date,
  timing: Timing,
): Promise<{ stored: number; known: number }> {
  const call = await openCall(db, {
    source: SOURCE,
    operation: 'listMessages',
    parameters: { thread: threadId, page: 0 },
    threadId,
    readingId: null,
    page: 0,
    attempt: 1,
    now,
  });
  const context = { threadId, firstSeenBy: 'poll', adapterVersion: 'bench/1', now, timing } as const;
  return recordMessagePage(db, call, page(messages), context);
}

/** Works through the numbers below `count`, so many at once. */
export async function inLanes(count: number, lanes: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
