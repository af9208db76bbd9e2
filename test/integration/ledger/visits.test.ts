import { describe, expect, it } from 'vitest';
import { referenceGapMs } from '../../../src/domain/schedule/gaps.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';
import { recordConfirmingPage, recordMessagePage } from '../../../src/ledger/record-messages.js';
import { demandFullReading } from '../../../src/ledger/sources.js';
import { dueThreads, hurryThread, noteThreadAbsent, postponeThread, readThread } from '../../../src/ledger/visits.js';
import { openWindow } from '../../../src/ledger/windows.js';
import { DAY, HOUR, iso, MINUTE, START } from '../../support/clock.js';
import { incomingMessage, incomingThread, page } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

async function ledgerWithThread(): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind();
  await ledger.list([incomingThread('t1', { createdAt: iso(-20 * DAY) })]);
  return ledger;
}
const dueAt = async ({ db }: TestLedger): Promise<Date | null> => {
  const rows = await db.$queryRaw<{ at: Date }[]>`SELECT due_at AS at FROM thread_due`;
  return rows[0]?.at ?? null;
};
const referenceGap = (silenceMs: number) => Math.floor(referenceGapMs(silenceMs, DEFAULT_TIMING));
const after = (ms: number) => new Date(START.getTime() + ms);

describe('a thread that was read whole', () => {
  it('is due after the gap of the reference rule, as long as nothing was learnt', async () => {
    const ledger = await ledgerWithThread();
    await ledger.read('t1', [incomingMessage('m1', { originAt: iso(-10 * DAY) })]);
    expect(await dueAt(ledger)).toEqual(after(referenceGap(10 * DAY)));
    expect((await readThread(ledger.db, await ledger.threadId('t1'))).readWholeAt).toEqual(START);
  });

  it('is neither retired by a stamp of 1970 nor kept hot by one of 2099', async () => {
    const ledger = await ledgerWithThread();
    await ledger.read('t1', [incomingMessage('m1', { originAt: '1970-01-01T00:00:00Z' })]);
    expect(await dueAt(ledger)).toEqual(after(referenceGap(20 * DAY)));
    ledger.clock.advance(2 * DAY);
    await ledger.list([incomingThread('t2')], { from: after(0), to: after(2 * DAY) });
    await ledger.read('t2', [incomingMessage('m2', { originAt: '2099-01-01T00:00:00Z' })]);
    const t2 = await readThread(ledger.db, await ledger.threadId('t2'));
    expect(t2.lastActivityAt).toEqual(after(2 * DAY));
  });

  it('is due again soon when a message came on a re-visit, whatever its stamp says', async () => {
    const ledger = await ledgerWithThread();
    await ledger.read('t1', [incomingMessage('m1', { originAt: iso(-10 * DAY) })]);
    ledger.clock.advance(DAY);
    await ledger.read('t1', [incomingMessage('m2', { originAt: iso(-9 * DAY) }), incomingMessage('m1')]);
    expect(await dueAt(ledger)).toEqual(after(DAY + 15 * MINUTE));
  });

  it('is retired once its silence reached the horizon, and a hint brings it back', async () => {
    const ledger = await testLedger();
    await ledger.bind();
    await ledger.list([incomingThread('t1', { createdAt: iso(-400 * DAY) })]);
    await ledger.read('t1', [incomingMessage('m1', { originAt: iso(-366 * DAY) })]);
    expect(await dueAt(ledger)).toBeNull();
    const t1 = await ledger.threadId('t1');
    await hurryThread(ledger.db, t1, START);
    expect(await dueThreads(ledger.db, 'dashboard', START, 10)).toEqual([t1]);
  });
});

describe('a thread of several pages', () => {
  const confirm = async (ledger: TestLedger, readingId: string, ids: string[]) => {
    const call = await ledger.openReading('t1');
    const rows = page(ids.map((id) => incomingMessage(id)));
    return recordConfirmingPage(ledger.db, call, rows, { readingId }, await ledger.messageContext('t1'));
  };

  it('is read whole only once its first page was seen unchanged after its last', async () => {
    const ledger = await ledgerWithThread();
    const first = await ledger.read('t1', [incomingMessage('m3'), incomingMessage('m2')], { nextCursor: 'a' });
    ledger.clock.advance(MINUTE);
    const last = await ledger.read('t1', [incomingMessage('m1')], { after: first.call });
    expect([first.next, last.next]).toEqual(['more', 'confirm']);
    const t1 = await ledger.threadId('t1');
    expect((await readThread(ledger.db, t1)).readWholeAt).toBeNull();
    expect(await confirm(ledger, first.call.readingId, ['m3', 'm2'])).toMatchObject({ next: 'end', known: 2 });
    expect((await readThread(ledger.db, t1)).readWholeAt).toEqual(START);
  });

  it('is read again where the first page has changed, and what is new on it is stored', async () => {
    const ledger = await ledgerWithThread();
    const first = await ledger.read('t1', [incomingMessage('m3'), incomingMessage('m2')], { nextCursor: 'a' });
    await ledger.read('t1', [incomingMessage('m1')], { after: first.call });
    expect(await confirm(ledger, first.call.readingId, ['m4', 'm3'])).toMatchObject({ next: 'shifted', stored: 1 });
    expect((await readThread(ledger.db, await ledger.threadId('t1'))).readWholeAt).toBeNull();
  });

  it('is read again where an id stands on two pages', async () => {
    const ledger = await ledgerWithThread();
    const first = await ledger.read('t1', [incomingMessage('m3'), incomingMessage('m2')], { nextCursor: 'a' });
    expect(await ledger.read('t1', [incomingMessage('m2')], { after: first.call })).toMatchObject({ next: 'shifted' });
    expect(await dueThreads(ledger.db, 'dashboard', START, 10)).toHaveLength(1);
  });
});

describe('a demand for everything to be read again', () => {
  it('makes the whole horizon owed and every thread due, the retired ones as well', async () => {
    const ledger = await ledgerWithThread();
    await ledger.list([incomingThread('t1'), incomingThread('t2')]);
    await ledger.read('t1', []);
    await ledger.read('t2', []);
    await ledger.db.$executeRaw`DELETE FROM thread_due WHERE thread_id = ${await ledger.threadId('t2')}::uuid`;
    const at = ledger.clock.advance(1_000);
    const owed = async (runId: string) => {
      const input = { source: 'dashboard', runId, scheduledAt: at, now: at, timing: ledger.timing };
      return (await openWindow(ledger.db, input)).owed;
    };
    expect((await owed('before')).length).toBeLessThan(3);
    await demandFullReading(ledger.db, 'dashboard', at);
    const again = await owed('after');
    const oldest = Math.min(...again.map((one) => Date.parse(one.from)));
    expect(oldest).toBeLessThanOrEqual(at.getTime() - ledger.timing.horizonMs);
    expect(await dueThreads(ledger.db, 'dashboard', at, 10)).toHaveLength(2);
  });

  it('is not met by a reading that was under way when it was made', async () => {
    const ledger = await ledgerWithThread();
    const call = await ledger.openReading('t1');
    const at = ledger.clock.advance(1_000);
    await demandFullReading(ledger.db, 'dashboard', at);
    ledger.clock.advance(1_000);
    await recordMessagePage(ledger.db, call, page([incomingMessage('m1')]), await ledger.messageContext('t1'));
    expect(await dueAt(ledger)).toEqual(at);
    await ledger.read('t1', [incomingMessage('m1')]);
    expect((await dueAt(ledger))?.getTime()).toBeGreaterThan(at.getTime());
  });
});

describe('a thread that could not be read', () => {
  it('stays owed a little later, and one that is gone is left in peace until it is listed again', async () => {
    const ledger = await ledgerWithThread();
    const t1 = await ledger.threadId('t1');
    await postponeThread(ledger.db, t1, after(HOUR));
    expect(await dueAt(ledger)).toEqual(after(HOUR));
    const absent = (ms: number) =>
      noteThreadAbsent(ledger.db, { threadId: t1, begunAt: after(ms), now: after(ms), timing: ledger.timing });
    expect(await absent(0)).toBe('missing');
    expect(await absent(0)).toBe('missing'); // the same call, recorded twice, is one answer
    expect(await dueAt(ledger)).toEqual(after(MINUTE));
    expect(await absent(MINUTE)).toBe('gone');
    expect(await dueAt(ledger)).toBeNull();
    await ledger.list([incomingThread('t1', { createdAt: iso(-20 * DAY) })]);
    expect((await readThread(ledger.db, t1)).goneAt).toBeNull();
    expect(await dueAt(ledger)).toEqual(START);
  });
});
