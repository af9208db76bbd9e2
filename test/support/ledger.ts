import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { floorToSecond } from '../../src/domain/interval.js';
import type { IncomingMessage, IncomingThread } from '../../src/domain/message.js';
import type { Disposition, FirstSeenBy, MessageState } from '../../src/domain/states.js';
import { DEFAULT_TIMING, type Timing } from '../../src/domain/timing.js';
import { type OpenCall, openCall } from '../../src/ledger/calls.js';
import { type Database, only, openDatabase } from '../../src/ledger/database.js';
import { claimMessage } from '../../src/ledger/hold-messages.js';
import type { CarriedMessage } from '../../src/ledger/lifecycles.js';
import { ensurePartitions } from '../../src/ledger/partitions.js';
import { type RecordedMessagePage, recordMessagePage } from '../../src/ledger/record-messages.js';
import { type RecordedThreadPage, recordThreadPage } from '../../src/ledger/record-threads.js';
import { bindSource, type Source, type SourceBinding } from '../../src/ledger/sources.js';
import { openWindow } from '../../src/ledger/windows.js';
import { DAY, START, type TestClock, testClock } from './clock.js';
import { page, type Row } from './incoming.js';
import { testDatabase } from './servers.js';

export interface ListingOptions {
  source?: string;
  /** Creation interval; the last 400 days unless given. */
  from?: Date;
  to?: Date;
  covering?: boolean;
  nextCursor?: string | null;
  /** The call of the page before. */
  after?: OpenCall | undefined;
  /** Readings of the interval made before in the same window; with it, or with `once`, the page is recorded and no more. */
  earlier?: string[];
  once?: boolean;
  /** The window to list for; a new one unless given. */
  windowId?: string;
}

export interface ReadingOptions {
  source?: string;
  firstSeenBy?: FirstSeenBy;
  nextCursor?: string | null;
  after?: OpenCall;
}

export interface StoredMessage {
  id: string;
  threadId: string;
  state: MessageState;
  disposition: Disposition | null;
  reason: string | null;
  hold: string | null;
  waitingKind: string | null;
  other: string | null;
  caseId: string | null;
  carry: number;
}

export type TestLedger = Awaited<ReturnType<typeof testLedger>>;

/**
 * A database of its own, opened as the product opens it, with a clock that stands at START until it is turned, and the steps of
 * an intake without a provider. Closed and dropped when the test has ended.
 */
export async function testLedger(more: Partial<Timing> = {}) {
  const clock: TestClock = testClock();
  const timing: Timing = { ...DEFAULT_TIMING, ...more };
  const { url, drop } = await testDatabase();
  const db: Database = openDatabase({ url, maxConnections: 4 });
  onTestFinished(async () => {
    await db.close();
    await drop();
  });
  await ensurePartitions((sql) => db.run(sql), START);
  let runs = 0;

  /** Binds a source, `dashboard` unless named; in `observe` unless a mode is given. */
  const bind = (binding: Partial<SourceBinding> = {}): Promise<Source> =>
    bindSource(db, {
      name: 'dashboard',
      kind: 'dashboard',
      origin: 'http://dashboard.example.com',
      mailboxGroup: 'main',
      ratePerSecond: 10,
      firstMode: 'observe',
      mode: null,
      answerFrom: null,
      now: clock.now(),
      ...binding,
    });

  const pagesListed = new Map<string, (readonly Row<IncomingThread>[])[]>();

  /**
   * Opens the row of a call and commits a page of a listing for it. A listing that counts only once another reading agrees is
   * given one, in which the provider says the same again.
   */
  async function list(
    rows: readonly Row<IncomingThread>[],
    options: ListingOptions = {},
  ): Promise<RecordedThreadPage & { call: OpenCall; windowId: string }> {
    const listed = await listOnce(rows, options);
    const said = [...(pagesListed.get(listed.call.readingId) ?? []).slice(0, listed.call.page), rows];
    pagesListed.set(listed.call.readingId, said);
    if (options.once || options.earlier) return listed;
    const earlier = [listed.call.readingId];
    let { next } = listed;
    while (next === 'confirm' && earlier.length < 3) {
      let after: OpenCall | null = null;
      for (const [index, page] of said.entries()) {
        const nextCursor: string | null = index < said.length - 1 ? `again ${index}` : null;
        const { windowId } = listed;
        const again = await listOnce(page, { ...options, windowId, earlier, nextCursor, after: after ?? undefined });
        after = again.call;
        next = again.next;
        if (next !== 'more') break;
      }
      earlier.push(after?.readingId ?? '');
    }
    return { ...listed, next };
  }

  async function listOnce(
    rows: readonly Row<IncomingThread>[],
    {
      source = 'dashboard',
      covering = true,
      nextCursor = null,
      after,
      earlier = [],
      windowId,
      ...interval
    }: ListingOptions,
  ): Promise<RecordedThreadPage & { call: OpenCall; windowId: string }> {
    const now = clock.now();
    const to = interval.to ?? new Date(floorToSecond(now.getTime()));
    const from = interval.from ?? new Date(to.getTime() - 400 * DAY);
    const opened =
      windowId ?? (await openWindow(db, { source, runId: `run ${++runs}`, scheduledAt: now, now, timing })).id;
    const call = await openCall(db, {
      source,
      operation: 'listThreads',
      parameters: {},
      windowId: opened,
      readingId: after?.readingId ?? null,
      page: after ? after.page + 1 : 0,
      attempt: 1,
      now,
    });
    const context = { source, windowId: opened, interval: { from, to }, covering, earlier, now, timing };
    return { ...(await recordThreadPage(db, call, page(rows, nextCursor), context)), call, windowId: opened };
  }

  async function threadId(providerThreadId: string, source = 'dashboard'): Promise<string> {
    const rows = await db.$queryRaw<{ id: string }[]>`
      SELECT id FROM thread WHERE source = ${source} AND provider_thread_id = ${providerThreadId}`;
    return only(rows, `thread ${providerThreadId}`).id;
  }

  const openReading = async (providerThreadId: string, { source = 'dashboard', after }: ReadingOptions = {}) =>
    openCall(db, {
      source,
      operation: 'listMessages',
      parameters: { thread: providerThreadId },
      threadId: await threadId(providerThreadId, source),
      readingId: after?.readingId ?? null,
      page: after ? after.page + 1 : 0,
      attempt: 1,
      now: clock.now(),
    });

  const messageContext = async (providerThreadId: string, { source, firstSeenBy = 'poll' }: ReadingOptions = {}) => ({
    threadId: await threadId(providerThreadId, source),
    firstSeenBy,
    adapterVersion: 'test/1',
    now: clock.now(),
    timing,
  });

  /** Opens the row of a call and commits a page of a thread for it. */
  async function read(
    providerThreadId: string,
    rows: readonly Row<IncomingMessage>[],
    options: ReadingOptions = {},
  ): Promise<RecordedMessagePage & { call: OpenCall }> {
    const call = await openReading(providerThreadId, options);
    const context = await messageContext(providerThreadId, options);
    return { ...(await recordMessagePage(db, call, page(rows, options.nextCursor ?? null), context)), call };
  }

  /** A message as it stands in the ledger, by the provider's id. */
  async function message(providerMessageId: string, source = 'dashboard'): Promise<StoredMessage> {
    const rows = await db.$queryRaw<StoredMessage[]>`
      SELECT id, thread_id AS "threadId", state, disposition, reason, hold, waiting_kind AS "waitingKind",
             other_message_id AS other, case_id AS "caseId", carry_count AS carry
      FROM message WHERE source = ${source} AND provider_message_id = ${providerMessageId}`;
    return only(rows, `message ${providerMessageId}`);
  }

  /** Takes a message up, as the first step of its lifecycle does. */
  const carry = async (providerMessageId: string, runId: string = randomUUID()): Promise<CarriedMessage> => {
    const { id } = await message(providerMessageId);
    const carried = await db.transaction((tx) => claimMessage(tx, id, runId, clock.now()));
    if (!carried) throw new Error(`message ${providerMessageId} is not open`);
    return carried;
  };

  async function count(table: string): Promise<number> {
    const { rows } = (await db.run(`SELECT count(*)::int AS count FROM "${table}"`)) as { rows: { count: number }[] };
    return only(rows, table).count;
  }

  return { db, url, clock, timing, bind, list, read, openReading, messageContext, threadId, message, carry, count };
}
