import { expect, it } from 'vitest';
import type { BackfillMode } from '../../../src/domain/backfill.js';
import type { IncomingMessage, IncomingThread } from '../../../src/domain/message.js';
import { hurryYoungThreads, listBackfillThreads } from '../../../src/ledger/backfill-threads.js';
import { beginBackfill, createBackfill, endBackfill } from '../../../src/ledger/backfills.js';
import { openCall } from '../../../src/ledger/calls.js';
import { recordMessagePage } from '../../../src/ledger/record-messages.js';
import { recordThreadPage } from '../../../src/ledger/record-threads.js';
import { wantedBackfill } from '../../support/backfills.js';
import { DAY, HOUR, iso, MINUTE } from '../../support/clock.js';
import { incomingMessage, incomingThread, page } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

/** A backfill brings in the past. What live intake would have brought in time is live traffic, whoever sees it first. */

async function walking(mode: BackfillMode = 'record') {
  const ledger = await testLedger();
  await ledger.bind({ mode: 'live', answerFrom: new Date(0) });
  const begin = async () => {
    const now = ledger.clock.now();
    const backfill = await createBackfill(
      ledger.db,
      wantedBackfill(now, { mode, from: new Date(now.getTime() - 365 * DAY) }),
    );
    const id = backfill?.id ?? '';
    await beginBackfill(ledger.db, id, { firstRunId: id, inHand: [], now });
    return id;
  };
  return { ...ledger, begin };
}

/** A page of a thread as the backfill reads it. */
async function readBy(ledger: TestLedger, id: string, thread: string, rows: readonly IncomingMessage[]) {
  const call = await ledger.openReading(thread);
  const context = { ...(await ledger.messageContext(thread)), firstSeenBy: 'backfill' as const };
  return recordMessagePage(ledger.db, call, page(rows), {
    ...context,
    backfill: { id, mode: 'record', policy: null },
  });
}

/** A page of a listing as the backfill reads it. */
async function listBy({ db, clock, timing }: TestLedger, backfillId: string, rows: readonly IncomingThread[]) {
  const now = clock.now();
  const source = 'dashboard';
  const call = await openCall(db, {
    source,
    operation: 'listThreads',
    parameters: {},
    readingId: null,
    page: 0,
    attempt: 1,
    now,
  });
  await recordThreadPage(db, call, page(rows), {
    source,
    windowId: null,
    backfillId,
    interval: { from: new Date(now.getTime() - 2 * DAY), to: now },
    covering: true,
    earlier: [],
    now,
    timing,
    firstSeenBy: 'backfill',
    dueAt: new Date(now.getTime() + DAY),
    along: async (tx, threads) => {
      await listBackfillThreads(tx, backfillId, source, threads);
      await hurryYoungThreads(tx, { source, threads, now, timing });
    },
  });
}

const dueOf = async ({ db }: TestLedger, thread: string) =>
  (
    await db.$queryRaw<{ dueAt: Date }[]>`
      SELECT due_at AS "dueAt" FROM thread_due JOIN thread ON thread.id = thread_id WHERE provider_thread_id = ${thread}`
  )[0]?.dueAt;

it('carries what came into a known thread whose next visit is still to come', async () => {
  const ledger = await walking();
  await ledger.list([incomingThread('t1', { createdAt: iso(-20 * DAY) })]);
  await ledger.read('t1', [incomingMessage('old', { originAt: iso(-20 * DAY) })]);
  ledger.clock.advance(5 * MINUTE);
  const id = await ledger.begin();
  const { open } = await readBy(ledger, id, 't1', [
    incomingMessage('old', { originAt: iso(-20 * DAY) }),
    incomingMessage('new', { originAt: iso(2 * MINUTE) }),
    incomingMessage('overlooked', { originAt: iso(-10 * DAY) }),
  ]);
  expect(await ledger.message('new')).toMatchObject({ state: 'recorded', reason: null });
  expect(await ledger.message('overlooked')).toMatchObject({ reason: 'recorded_by_backfill' });
  expect(open).toBe(1);
  const [row] = await ledger.db.$queryRaw<
    unknown[]
  >`SELECT backfill_id AS by FROM message WHERE provider_message_id = 'new'`;
  expect(row).toEqual({ by: null });
});

it('only records what came into a known thread whose visit is overdue', async () => {
  const ledger = await walking();
  await ledger.list([incomingThread('t1', { createdAt: iso(-20 * DAY) })]);
  await ledger.read('t1', []);
  await ledger.read('t1', [incomingMessage('old', { originAt: iso(-20 * DAY) })]);
  ledger.clock.advance(10 * DAY);
  const id = await ledger.begin();
  await readBy(ledger, id, 't1', [
    incomingMessage('old', { originAt: iso(-20 * DAY) }),
    incomingMessage('late', { originAt: iso(5 * DAY) }),
  ]);
  expect(await ledger.message('late')).toMatchObject({ reason: 'recorded_by_backfill' });
});

it('carries the mail of a thread that the next poll would have listed, and makes that thread due now', async () => {
  const ledger = await walking();
  await ledger.list([]);
  await ledger.list([]);
  await ledger.list([]);
  ledger.clock.advance(MINUTE);
  const id = await ledger.begin();
  await listBy(ledger, id, [
    incomingThread('fresh', { createdAt: iso(30_000) }),
    incomingThread('missed', { createdAt: iso(-DAY) }),
  ]);
  expect(await dueOf(ledger, 'fresh')).toEqual(ledger.clock.now());
  expect(await dueOf(ledger, 'missed')).not.toEqual(ledger.clock.now());
  // The window lists it as well before the backfill has read it.
  ledger.clock.advance(MINUTE);
  await ledger.list([incomingThread('fresh', { createdAt: iso(30_000) })]);
  await readBy(ledger, id, 'fresh', [incomingMessage('m1', { providerThreadId: 'fresh', originAt: iso(30_000) })]);
  await readBy(ledger, id, 'missed', [incomingMessage('m2', { providerThreadId: 'missed', originAt: iso(-HOUR) })]);
  expect(await ledger.message('m1')).toMatchObject({ state: 'recorded' });
  expect(await ledger.message('m2')).toMatchObject({ reason: 'recorded_by_backfill' });
});

it('goes by the terms of the backfill in a thread that only it has found, even where a visit reads it first', async () => {
  const ledger = await walking();
  const id = await ledger.begin();
  await listBy(ledger, id, [incomingThread('found', { createdAt: iso(-30 * DAY) })]);
  await endBackfill(ledger.db, id, { state: 'cancelled', now: ledger.clock.now() });
  await ledger.read('found', [incomingMessage('m1', { providerThreadId: 'found', originAt: iso(-30 * DAY) })]);
  expect(await ledger.message('m1')).toMatchObject({ state: 'ended', reason: 'recorded_by_backfill' });
  // From then on it is a thread like any other.
  await ledger.read('found', [
    incomingMessage('m1', { providerThreadId: 'found', originAt: iso(-30 * DAY) }),
    incomingMessage('m2', { providerThreadId: 'found', originAt: iso(0) }),
  ]);
  expect(await ledger.message('m2')).toMatchObject({ state: 'recorded' });
});

it('does not take the live copy of a mail with it that was only recorded', async () => {
  const ledger = await walking();
  const id = await ledger.begin();
  await listBy(ledger, id, [incomingThread('found', { createdAt: iso(-DAY) })]);
  const mail = { messageIdHeader: '<same@example.com>', text: 'Where is my parcel?', originAt: iso(-HOUR) };
  await readBy(ledger, id, 'found', [incomingMessage('copy', { providerThreadId: 'found', ...mail })]);
  expect(await ledger.message('copy')).toMatchObject({ reason: 'recorded_by_backfill' });
  await ledger.list([incomingThread('t1')]);
  await ledger.read('t1', [incomingMessage('live', mail)]);
  expect(await ledger.message('live')).toMatchObject({ state: 'recorded', disposition: null });
});
