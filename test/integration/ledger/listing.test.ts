import { describe, expect, it } from 'vitest';
import { readSource } from '../../../src/ledger/sources.js';
import { dueThreads } from '../../../src/ledger/visits.js';
import { closeWindow, openWindow, readReadings } from '../../../src/ledger/windows.js';
import { DAY, HOUR, MINUTE, START } from '../../support/clock.js';
import { incomingMessage, incomingThread, unreadableRow } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

async function boundLedger(): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind();
  return ledger;
}
const threads = (...ids: string[]) => ids.map((id) => incomingThread(id));
const ago = (ms: number) => new Date(START.getTime() - ms);

describe('a listing', () => {
  it('is closed by next_cursor null, and by nothing else: neither a short page nor an empty one', async () => {
    const ledger = await boundLedger();
    const first = await ledger.list(threads('t1'), { nextCursor: 'a' });
    const second = await ledger.list([], { nextCursor: 'b', after: first.call });
    expect([first.next, second.next]).toEqual(['more', 'more']);
    expect(await ledger.count('listing')).toBe(0);
    expect(await ledger.list(threads('t2'), { after: second.call })).toMatchObject({ next: 'end' });
    expect(await ledger.db.$queryRaw`SELECT pages, threads, covering, begun_at FROM listing`).toEqual([
      { pages: 3, threads: 2, covering: true, begun_at: START },
    ]);
  });

  it('is not closed where an id stands on two pages: rows moved while it was read', async () => {
    const ledger = await boundLedger();
    const first = await ledger.list(threads('t1', 't2'), { nextCursor: 'a' });
    expect(await ledger.list(threads('t2', 't3'), { after: first.call })).toMatchObject({ next: 'shifted', stored: 1 });
    expect(await ledger.count('listing')).toBe(0);
    expect(await ledger.count('thread')).toBe(3);
  });

  it('that is empty closes as well: there are no threads in its interval', async () => {
    const ledger = await boundLedger();
    expect(await ledger.list([])).toMatchObject({ next: 'end', rows: 0 });
    expect(await ledger.count('listing')).toBe(1);
  });

  it('begins when its first page was asked for, not when its last one came', async () => {
    const ledger = await boundLedger();
    const first = await ledger.list(threads('t1'), { nextCursor: 'a' });
    ledger.clock.advance(HOUR);
    await ledger.list(threads('t2'), { after: first.call });
    expect(await ledger.db.$queryRaw`SELECT begun_at, exhausted_at FROM listing`).toEqual([
      { begun_at: START, exhausted_at: ledger.clock.now() },
    ]);
  });

  it('of a page that was asked for twice takes the newest answer', async () => {
    const ledger = await boundLedger();
    const first = await ledger.list(threads('t1'), { nextCursor: 'a' });
    ledger.clock.advance(1_000);
    await ledger.list(threads('t2'), { after: first.call, nextCursor: 'b' });
    ledger.clock.advance(1_000);
    expect(await ledger.list(threads('t2', 't3'), { after: first.call })).toMatchObject({ next: 'end' });
    expect(await ledger.db.$queryRaw`SELECT pages, threads FROM listing`).toEqual([{ pages: 2, threads: 3 }]);
  });

  it('supersedes the covering ones within it that began earlier, and leaves the others', async () => {
    const ledger = await boundLedger();
    await ledger.list([], { from: ago(3 * DAY), to: ago(DAY) });
    await ledger.list([], { from: ago(9 * DAY), to: ago(2 * DAY) });
    ledger.clock.advance(MINUTE);
    await ledger.list([], { from: ago(4 * DAY), to: START });
    const { readings } = await readReadings(ledger.db, 'dashboard');
    expect(readings.map((one) => [one.from, one.to])).toEqual([
      [ago(9 * DAY).getTime(), ago(2 * DAY).getTime()],
      [ago(4 * DAY).getTime(), START.getTime()],
    ]);
  });

  it('that is narrow finds threads and covers nothing', async () => {
    const ledger = await boundLedger();
    await ledger.list(threads('t1'), { from: ago(2 * MINUTE), to: START, covering: false });
    expect(await ledger.count('thread')).toBe(1);
    expect(await readReadings(ledger.db, 'dashboard')).toEqual({ readings: [], frontierPages: null });
  });

  it('parks a row that cannot be read and closes with its id counted', async () => {
    const ledger = await boundLedger();
    const listed = await ledger.list([incomingThread('t1'), unreadableRow('{"id":"t2"}', 't2')]);
    expect(listed).toMatchObject({ rows: 2, stored: 1, parked: 1, next: 'end' });
    expect(await ledger.db.$queryRaw`SELECT kind, item, state FROM park`).toEqual([
      { kind: 'thread', item: 't2', state: 'parked' },
    ]);
  });
});

describe('a thread in a listing', () => {
  it('is due at once when it is new, and is not written again when it is known', async () => {
    const ledger = await boundLedger();
    await ledger.list(threads('t1'));
    const t1 = await ledger.threadId('t1');
    expect(await dueThreads(ledger.db, 'dashboard', START, 10)).toEqual([t1]);
    await ledger.read('t1', [incomingMessage('m1')]);
    expect(await dueThreads(ledger.db, 'dashboard', START, 10)).toEqual([]);
    const place = () => ledger.db.$queryRaw`SELECT ctid::text AS place FROM thread`;
    const before = await place();
    expect(await ledger.list(threads('t1'))).toMatchObject({ known: 1, stored: 0 });
    expect(await place()).toEqual(before);
    expect(await dueThreads(ledger.db, 'dashboard', START, 10)).toEqual([]);
  });

  it('is due at once when its subject, inbox or status has changed: something happened in it', async () => {
    const ledger = await boundLedger();
    await ledger.list(threads('t1'));
    await ledger.read('t1', []);
    await ledger.list([incomingThread('t1', { status: 'spam' })]);
    expect(await dueThreads(ledger.db, 'dashboard', START, 10)).toHaveLength(1);
    expect(await ledger.db.$queryRaw`SELECT status FROM thread`).toEqual([{ status: 'spam' }]);
  });
});

describe('a window', () => {
  const open = (ledger: TestLedger, runId: string, scheduledAt = START) =>
    openWindow(ledger.db, { source: 'dashboard', runId, scheduledAt, now: ledger.clock.now(), timing: ledger.timing });

  it('is frozen by its first step: the same run finds the same window, whatever was read meanwhile', async () => {
    const ledger = await boundLedger();
    const window = await open(ledger, 'run a');
    ledger.clock.advance(MINUTE);
    await ledger.list([], { to: START });
    expect(await open(ledger, 'run a')).toEqual(window);
    expect((await open(ledger, 'run b')).owed).not.toEqual(window.owed);
  });

  it('ends at the scheduled start, in whole seconds, and never in the future', async () => {
    const ledger = await boundLedger();
    expect((await open(ledger, 'run a', new Date(START.getTime() - 1))).endAt).toEqual(
      new Date(START.getTime() - 1_000),
    );
    expect((await open(ledger, 'run b', new Date(START.getTime() + DAY))).endAt).toEqual(START);
  });

  it('names what it could not exhaust and leaves the source unenumerated', async () => {
    const ledger = await boundLedger();
    const window = await open(ledger, 'run a');
    const account = await closeWindow(ledger.db, window.id, ledger.clock.now(), ledger.timing);
    expect(account).toMatchObject({ outcome: 'open', listings: 0, gaps: window.owed });
    expect((await readSource(ledger.db, 'dashboard')).enumeratedAt).toBeNull();
  });

  it('whose every interval was exhausted is balanced, and the first enumeration is over', async () => {
    const ledger = await boundLedger();
    const { windowId } = await ledger.list(threads('t1'));
    const account = await closeWindow(ledger.db, windowId, ledger.clock.now(), ledger.timing);
    expect(account).toMatchObject({ outcome: 'balanced', listings: 1, threads: 1, newThreads: 1, gaps: [] });
    expect((await readSource(ledger.db, 'dashboard')).enumeratedAt).toEqual(START);
    ledger.clock.advance(MINUTE);
    await ledger.list(threads('t1', 't2'));
    expect(
      await ledger.db.$queryRaw`SELECT provider_thread_id AS id, by_first_enumeration AS first FROM thread ORDER BY id`,
    ).toEqual([
      { id: 't1', first: true },
      { id: 't2', first: false },
    ]);
  });
});
