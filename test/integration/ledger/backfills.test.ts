import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { createBackfillCalls } from '../../../src/activities/backfill-calls.js';
import { createBackfillSteps } from '../../../src/activities/backfill-steps.js';
import type { ActivityDeps } from '../../../src/activities/deps.js';
import { checkBalance } from '../../../src/assurance/balance.js';
import type { BackfillMode } from '../../../src/domain/backfill.js';
import type { IncomingMessage } from '../../../src/domain/message.js';
import { noteBackfillFinds } from '../../../src/ledger/backfill-finds.js';
import { listBackfillOrders } from '../../../src/ledger/backfill-orders.js';
import {
  closeBackfillThread,
  endBackfillThread,
  listBackfillThreads,
  readBackfillProgress,
  readBackfillThread,
  takeBackfillThreads,
} from '../../../src/ledger/backfill-threads.js';
import {
  beginBackfill,
  closeBackfillListing,
  createBackfill,
  endBackfill,
  holdBackfill,
  intervalToList,
  readBackfill,
} from '../../../src/ledger/backfills.js';
import { compareMessagePage } from '../../../src/ledger/compare-pages.js';
import { createLogger } from '../../../src/telemetry/logger.js';
import { wantedBackfill } from '../../support/backfills.js';
import { DAY, HOUR, iso, START } from '../../support/clock.js';
import { incomingMessage, incomingThread, page, type Row, unreadableRow } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { startProvider, stopProviders } from '../sources/provider.js';

afterEach(stopProviders);

async function walking(days = 10) {
  const ledger = await testLedger();
  await ledger.bind();
  const id = await begin(ledger, 'record', days);
  return { ...ledger, id };
}

async function begin({ db, clock }: TestLedger, mode: BackfillMode, days = 10): Promise<string> {
  const now = clock.now();
  const backfill = await createBackfill(
    db,
    wantedBackfill(now, { name: mode, mode, from: new Date(now.getTime() - days * DAY) }),
  );
  const id = backfill?.id ?? '';
  await beginBackfill(db, id, { firstRunId: id, inHand: [], now });
  return id;
}

const stepsOf = ({ db, clock, timing }: TestLedger) =>
  createBackfillSteps({
    db,
    clock,
    timing,
    log: { backfill: createLogger({ subsystem: 'backfill', level: 'silent' }) },
  } as unknown as ActivityDeps);

const ago = (ms: number): Date => new Date(START.getTime() - ms);
const wholly = (backfillId: string, because: string | null = null, widthMs = DAY) => ({
  backfillId,
  interval: { from: ago(10 * DAY), to: START },
  because,
  widthMs,
  now: START,
});

describe('the end of a backfill', () => {
  it('does not come while an interval that was added is not listed', async () => {
    const { db, clock, id } = await walking();
    await closeBackfillListing(db, wholly(id));
    await stepsOf({ db, clock } as TestLedger).orderBackfill({
      backfillId: id,
      verb: 'extend',
      actor: 'test',
      detail: { from: iso(-20 * DAY) },
      refused: null,
    });
    expect(await endBackfill(db, id, { state: 'done', now: START })).toBe(false);
    expect(await readBackfill(db, id)).toMatchObject({ state: 'running' });
  });

  it('does not come while a thread is in the hand of a worker that died', async () => {
    const { db, id } = await walking();
    await closeBackfillListing(db, wholly(id));
    await db.transaction((tx) => listBackfillThreads(tx, id, 'dashboard', [incomingThread('t1')]));
    const [taken] = await takeBackfillThreads(db, id, 1);
    expect(await endBackfill(db, id, { state: 'done', now: START })).toBe(false);
    expect(await takeBackfillThreads(db, id, 1)).toEqual([taken]);
  });

  it('comes after what failed was tried once more, and not a third time', async () => {
    const { db, id } = await walking();
    await closeBackfillListing(db, wholly(id, 'SourceTrouble', 10 * DAY));
    await db.transaction((tx) => listBackfillThreads(tx, id, 'dashboard', [incomingThread('t1')]));
    const fail = async () => {
      const [thread = ''] = await takeBackfillThreads(db, id, 1);
      await endBackfillThread(db, thread, { state: 'unread', because: 'SourceTrouble', now: START });
    };
    await fail();
    expect(await endBackfill(db, id, { state: 'done', now: START })).toBe(false);
    expect(await intervalToList(db, id)).not.toBeNull();
    await closeBackfillListing(db, wholly(id, 'SourceTrouble', 10 * DAY));
    await fail();
    expect(await endBackfill(db, id, { state: 'done', now: START })).toBe(true);
    expect(await readBackfillProgress(db, id)).toMatchObject({ unlisted: 1, threads: { unread: 1 } });
  });

  it('leaves what it found and did not read to live visits, over a day', async () => {
    const { db, id, list } = await walking();
    await list(['a', 'b', 'c'].map((name) => incomingThread(name)));
    await db.run(`UPDATE thread SET first_seen_by = 'backfill'`);
    await db.run(`UPDATE thread_due SET due_at = due_at + interval '30 days'`);
    const threads = ['a', 'b', 'c'].map((name) => incomingThread(name));
    await db.transaction((tx) => listBackfillThreads(tx, id, 'dashboard', threads));
    await endBackfill(db, id, { state: 'cancelled', now: START });
    const due = await db.$queryRaw<{ at: Date }[]>`SELECT due_at AS at FROM thread_due ORDER BY due_at`;
    expect(due.map((row) => row.at.getTime() - START.getTime())).toEqual([0, DAY / 2, DAY]);
  });

  it('refuses every order after it', async () => {
    const ledger = await walking();
    await endBackfill(ledger.db, ledger.id, { state: 'cancelled', now: START });
    const order = { backfillId: ledger.id, verb: 'extend' as const, actor: 'test', refused: null };
    const { refused } = await stepsOf(ledger).orderBackfill({ ...order, detail: { from: iso(-20 * DAY) } });
    expect(refused).toBe('the backfill has ended');
    expect((await readBackfill(ledger.db, ledger.id)).from).toEqual(ago(10 * DAY));
    expect(await listBackfillOrders(ledger.db, ledger.id)).toMatchObject([{ refused }]);
  });
});

it.each([
  [{ to: iso(DAY) }, 'to lies in the future'],
  [{ from: '0025-01-01T00:00:00.000Z' }, 'from lies more than 36500 days back'],
])('an order to extend by %o is refused: what is created then is for others', async (detail, refused) => {
  const ledger = await walking();
  const order = { backfillId: ledger.id, verb: 'extend' as const, actor: 'test', refused: null };
  expect(await stepsOf(ledger).orderBackfill({ ...order, detail })).toMatchObject({ refused });
});

it('a look that was under way does not take back the pause of a person', async () => {
  const { db, id } = await walking();
  await holdBackfill(db, id, { hold: 'person', until: null, now: START, byPerson: true });
  for (const hold of ['lateness', null] as const) await holdBackfill(db, id, { hold, until: null, now: START });
  expect(await readBackfill(db, id)).toMatchObject({ hold: 'person' });
});

it('an interval that could not be listed is listed in parts before it is given up', async () => {
  const { db, id } = await walking();
  await closeBackfillListing(db, wholly(id, 'CursorExpired', 5 * DAY));
  expect(await readBackfillProgress(db, id)).toMatchObject({ unlisted: 0, walkedMs: 0 });
  expect(await intervalToList(db, id)).toEqual({ from: ago(5 * DAY).getTime(), to: START.getTime() });
});

/** A page of a thread as a backfill that only compares reads it. */
async function compare(ledger: TestLedger, thread: string, rows: readonly Row<IncomingMessage>[]) {
  const call = await ledger.openReading(thread);
  await compareMessagePage(ledger.db, call, page(rows), { source: 'dashboard', now: ledger.clock.now() });
  return call;
}

it('what one backfill only compared is not lost inside to the next one, and the books balance', async () => {
  const ledger = await testLedger();
  await ledger.bind();
  await ledger.list([incomingThread('t1', { createdAt: iso(-2 * DAY) })]);
  await ledger.read('t1', [incomingMessage('m1', { originAt: iso(-DAY) })]);
  ledger.clock.advance(2 * HOUR);
  const rows = [incomingMessage('m1', { originAt: iso(-DAY) }), incomingMessage('m2', { originAt: iso(HOUR) })];
  const look = await begin(ledger, 'report');
  await compare(ledger, 't1', rows);
  expect(await checkBalance(ledger.db)).toMatchObject({ balanced: true });
  await endBackfill(ledger.db, look, { state: 'cancelled', now: ledger.clock.advance(HOUR) });
  ledger.clock.advance(HOUR);
  const id = await begin(ledger, 'record');
  await ledger.db.transaction((tx) =>
    listBackfillThreads(tx, id, 'dashboard', [incomingThread('t1', { createdAt: iso(-2 * DAY) })]),
  );
  const [taken = ''] = await takeBackfillThreads(ledger.db, id, 1);
  const thread = await readBackfillThread(ledger.db, taken);
  const [, message] = rows;
  if (!message) throw new Error('no message');
  const found = [{ message, id: null, receivedAt: null, route: 'email' }];
  const callId = (await ledger.openReading('t1')).id;
  const now = ledger.clock.now();
  await ledger.db.transaction((tx) =>
    noteBackfillFinds(tx, { backfillId: id, source: 'dashboard', thread, callId, now, toleranceMs: HOUR }, found),
  );
  expect(await ledger.db.$queryRaw`SELECT cause FROM backfill_find`).toEqual([{ cause: 'not_revisited' }]);
});

it('a row that nobody can read counts once, however often its page is read again', async () => {
  const ledger = await walking();
  await ledger.list([incomingThread('t1')]);
  await ledger.db.transaction((tx) => listBackfillThreads(tx, ledger.id, 'dashboard', [incomingThread('t1')]));
  const [taken = ''] = await takeBackfillThreads(ledger.db, ledger.id, 1);
  await ledger.db.$executeRaw`UPDATE backfill_thread SET parked = 3`;
  const { call } = await ledger.read('t1', [incomingMessage('m1'), unreadableRow('{"id":"m2"}', 'm2')]);
  const closing = { source: 'dashboard', readingId: call.readingId, now: START };
  await ledger.db.transaction((tx) => closeBackfillThread(tx, taken, closing));
  expect((await readBackfillProgress(ledger.db, ledger.id)).messages).toMatchObject({ shown: 1, parked: 1 });
});

it('in report mode nothing that the ledger holds is touched, not even where the provider denies a thread', async () => {
  const ledger = await testLedger();
  await ledger.bind();
  await ledger.list([incomingThread('gone'), incomingThread('there')]);
  await ledger.read('there', [incomingMessage('m1', { providerThreadId: 'there' })]);
  ledger.clock.advance(HOUR);
  const id = await begin(ledger, 'report');
  await ledger.db.transaction((tx) =>
    listBackfillThreads(tx, id, 'dashboard', [incomingThread('gone'), incomingThread('there')]),
  );
  const threads = await takeBackfillThreads(ledger.db, id, 2);
  const provider = await startProvider((request, response) => {
    if (request.url?.includes('/gone/')) response.writeHead(404).end();
    else response.end(JSON.stringify({ messages: [{ id: 'unreadable' }], next_cursor: null }));
  });
  const held = () =>
    Promise.all(
      ['thread', 'thread_due', 'message', 'listing', 'park', 'hint', 'alarm'].map((table) =>
        ledger.db.run(`SELECT * FROM "${table}" ORDER BY 1`).then((answer) => (answer as { rows: unknown[] }).rows),
      ),
    );
  const before = await held();
  const quiet = createLogger({ subsystem: 'backfill', level: 'silent' });
  const calls = createBackfillCalls({
    db: ledger.db,
    clock: ledger.clock,
    timing: ledger.timing,
    ownAddresses: new Set(),
    log: { backfill: quiet, intake: quiet, provider: quiet },
    clientOf: () => provider.client,
    adapterVersionOf: () => 'test/1',
  } as unknown as ActivityDeps);
  const ends: string[] = [];
  for (const thread of threads) {
    const input = { source: 'dashboard', backfillId: id, thread };
    ends.push(await new MockActivityEnvironment().run(async () => (await calls.backfillThreadPage(input)).next));
  }
  expect(ends).toEqual(['gone', 'end']);
  expect(await held()).toEqual(before);
});
