import { describe, expect, it } from 'vitest';
import { checkBalance } from '../../../src/assurance/balance.js';
import { remainingSince } from '../../../src/assurance/completion.js';
import { failCall, openCall } from '../../../src/ledger/calls.js';
import { findParkInFull, listParks, resolvePark, retryParks } from '../../../src/ledger/park-book.js';
import { hurryDueParks, parkCollisions, parkUnreadablePage, takeDueLookups } from '../../../src/ledger/parks.js';
import { recordLookup } from '../../../src/ledger/record-lookup.js';
import { dueThreads, noteThreadAbsent, postponeThread } from '../../../src/ledger/visits.js';
import { DAY, HOUR, MINUTE } from '../../support/clock.js';
import { incomingMessage, incomingThread, unreadableRow } from '../../support/incoming.js';
import { testLedger } from '../../support/ledger.js';

const ANY = { source: null, reason: null, state: null };

async function ledgerWithThread() {
  const ledger = await testLedger();
  await ledger.bind();
  await ledger.list([incomingThread('t1')]);
  const failRead = async (failure: string, status: number, answer: string) => {
    const call = await ledger.openReading('t1');
    const facts = { failure, status, answer, retryAfterMs: null, blockedUntil: null };
    await failCall(ledger.db, 'dashboard', call, facts, ledger.clock.now());
    return call;
  };
  const due = () => dueThreads(ledger.db, 'dashboard', ledger.clock.now(), 10);
  const hurry = () => hurryDueParks(ledger.db, 'dashboard', ledger.clock.now(), ledger.timing);
  return { ...ledger, failRead, due, hurry, park: async () => (await listParks(ledger.db, ANY))[0] };
}

describe('what is parked is asked for again', () => {
  it('a poison row costs its page nothing, is due again at growing gaps, and is resolved by the first good answer [loss case 6]', async () => {
    const { clock, read, park, hurry, due, threadId } = await ledgerWithThread();
    const thread = await threadId('t1');
    const page = [incomingMessage('m1'), unreadableRow('{"id":"m2"}', 'm2'), incomingMessage('m3')];
    expect(await read('t1', page)).toMatchObject({ rows: 3, stored: 2, parked: 1, next: 'end' });
    const gaps: number[] = [];
    for (let attempt = 0; attempt < 9; attempt++) {
      const retryAt = (await park())?.retryAt ?? clock.now();
      gaps.push((retryAt.getTime() - clock.now().getTime()) / MINUTE);
      clock.advance(retryAt.getTime() - clock.now().getTime());
      expect(await hurry()).toBe(1);
      expect(await due()).toContain(thread);
      expect(await hurry()).toBe(0); // the attempt is begun: it is not due again at once
      await read('t1', page);
    }
    expect(gaps).toEqual([1, 5, 30, 120, 300, 600, 1440, 1440, 1440]);
    expect(await park()).toMatchObject({ state: 'parked', attempts: 9 });
    await read('t1', [incomingMessage('m1'), incomingMessage('m2'), incomingMessage('m3')]);
    expect(await park()).toMatchObject({ state: 'resolved', resolvedBy: null, retryAt: null });
  });

  it('what a person has settled stays settled while the same comes, and is parked anew once something else comes', async () => {
    const { db, clock, read, park } = await ledgerWithThread();
    await read('t1', [unreadableRow('{"id":"m1"}', 'm1')]);
    const id = (await park())?.id ?? '';
    await resolvePark(db, { id: 'm1', by: 'operator', note: 'a test of the vendor', now: clock.now() });
    clock.advance(HOUR);
    await read('t1', [unreadableRow('{"id":"m1"}', 'm1')]);
    expect(await park()).toMatchObject({ id, state: 'resolved', resolvedBy: 'operator', lastSeenAt: clock.now() });
    expect((await findParkInFull(db, id))?.actions).toMatchObject([{ action: 'resolved', by: 'operator' }]);
    await read('t1', [unreadableRow('{"id":"m1","text":7}', 'm1')]);
    expect(await park()).toMatchObject({ id, state: 'parked', resolvedBy: null, attempts: 0 });
    expect((await checkBalance(db)).equations.filter((one) => one.residuals > 0)).toEqual([]);
  });

  it("is settled one by one: an id of the provider's that names two parks settles neither", async () => {
    const { db, clock, read, bind, list } = await ledgerWithThread();
    await bind({ name: 'other', origin: 'http://other.example.com' });
    await list([incomingThread('t1')], { source: 'other' });
    const row = unreadableRow('{"id":"m1"}', 'm1');
    await read('t1', [row]);
    await read('t1', [row], { source: 'other' });
    const settle = (id: string) => resolvePark(db, { id, by: 'operator', note: 'seen', now: clock.now() });
    await expect(settle('m1')).rejects.toMatchObject({ type: 'UsageWrong' });
    const parks = await listParks(db, { ...ANY, state: 'parked' });
    expect(parks).toHaveLength(2);
    expect(await settle(parks[0]?.id ?? '')).toBe(parks[0]?.id);
    expect(await listParks(db, { ...ANY, state: 'parked' })).toHaveLength(1);
  });

  it('an operator makes one park, or all, due at once, and the ledger says who did', async () => {
    const { db, clock, read, hurry } = await ledgerWithThread();
    await read('t1', [unreadableRow('{"id":"m1"}', 'm1'), unreadableRow('{"id":"m2"}', 'm2')]);
    expect(await hurry()).toBe(0);
    const all = { id: null, source: null, by: 'operator', now: clock.now() };
    expect(await retryParks(db, { ...all, id: 'm1' })).toHaveLength(1);
    expect(await retryParks(db, all)).toHaveLength(2);
    expect(await hurry()).toBe(1); // two rows, one thread
    expect((await findParkInFull(db, 'm1'))?.actions.map((one) => one.action)).toEqual(['retried', 'retried']);
  });

  it('an id collision waits for a person: nobody asks the provider for it again', async () => {
    const { db, clock, read, hurry, threadId } = await ledgerWithThread();
    const { call } = await read('t1', [incomingMessage('m1')]);
    const context = { source: 'dashboard', callId: call.id, threadId: await threadId('t1'), now: clock.now() };
    await db.transaction((tx) => parkCollisions(tx, [{ message: incomingMessage('m1'), hash: 'other' }], context));
    clock.advance(30 * DAY);
    expect(await hurry()).toBe(0);
    expect(await retryParks(db, { id: null, source: null, by: 'operator', now: clock.now() })).toEqual([]);
    expect((await checkBalance(db)).balanced).toBe(true);
  });
});

describe('a page that stays unreadable', () => {
  it('is parked with the answer as it came; its thread is read again when the park is due, and nothing is lost [loss case 39]', async () => {
    const { db, clock, timing, failRead, park, read, due, hurry, threadId } = await ledgerWithThread();
    const thread = await threadId('t1');
    await failRead('SourceAnswerUnreadable', 200, '<html>Sorry</html>');
    const again = await db.transaction((tx) => parkUnreadablePage(tx, thread, clock.now(), timing));
    expect(again?.getTime()).toBe(clock.now().getTime() + MINUTE);
    await postponeThread(db, thread, again ?? clock.now());
    expect(await park()).toMatchObject({ kind: 'page', reason: 'unreadable_answer', item: 't1', threadId: thread });
    expect((await findParkInFull(db, 't1'))?.raw).toBe('<html>Sorry</html>');
    expect(await due()).toEqual([]);
    clock.advance(MINUTE);
    expect(await hurry()).toBe(1);
    expect(await due()).toEqual([thread]);
    await read('t1', [incomingMessage('m1')]);
    expect(await park()).toMatchObject({ state: 'resolved' });
    expect((await checkBalance(db)).balanced).toBe(true);
  });

  it('counts as parked, not as unread, where a run is to end by itself', async () => {
    const { db, clock, timing, failRead, threadId } = await ledgerWithThread();
    const at = clock.now();
    const unread = async () => (await remainingSince(db, 'dashboard', at, timing)).threadsUnread;
    expect(await unread()).toBe(1);
    await failRead('SourceAnswerTooLarge', 200, 'x');
    const thread = await threadId('t1');
    await db.transaction((tx) => parkUnreadablePage(tx, thread, clock.now(), timing));
    expect(await unread()).toBe(0);
  });

  it('is told apart from a thread that was put off for another cause', async () => {
    const { db, clock, timing, failRead, threadId, count } = await ledgerWithThread();
    await failRead('SourceTrouble', 503, 'later');
    const thread = await threadId('t1');
    expect(await db.transaction((tx) => parkUnreadablePage(tx, thread, clock.now(), timing))).toBeNull();
    expect(await count('park')).toBe(0);
  });
});

describe('a thread that is listed and not known when it is read', () => {
  it('is parked as vanished with the answer, asked for again, and taken in when it is there [loss case 22]', async () => {
    const { db, clock, timing, failRead, park, read, due, hurry, threadId, list } = await ledgerWithThread();
    const thread = await threadId('t1');
    const refuse = async () => {
      clock.advance(1_000);
      const { id: callId } = await failRead('SourceNotFound', 404, '{"error":"unknown"}');
      return noteThreadAbsent(db, { threadId: thread, begunAt: clock.now(), now: clock.now(), timing, callId });
    };
    expect(await refuse()).toBe('missing'); // the answer may be wrong once
    expect(await refuse()).toBe('vanished');
    expect(await park()).toMatchObject({ kind: 'thread', reason: 'vanished', item: 't1' });
    expect(await due()).toEqual([]);
    await list([incomingThread('t1')]); // a listing that goes on showing it proves nothing
    expect(await park()).toMatchObject({ reason: 'vanished', state: 'parked' });
    await refuse();
    expect(await refuse()).toBe('vanished');
    expect(await park()).toMatchObject({ reason: 'vanished', state: 'parked' });
    clock.advance(MINUTE);
    await hurry();
    expect(await due()).toEqual([thread]);
    expect(await refuse()).toBe('vanished'); // vanished still, though it was marked gone before
    clock.advance(5 * MINUTE);
    await hurry();
    expect(await read('t1', [incomingMessage('m1')])).toMatchObject({ stored: 1 });
    expect(await park()).toMatchObject({ state: 'resolved' });
    expect(await db.$queryRaw`SELECT gone_at FROM thread`).toEqual([{ gone_at: null }]);
  });

  it('one that had been read before is gone, not vanished', async () => {
    const { db, clock, timing, failRead, read, threadId, count } = await ledgerWithThread();
    await read('t1', [incomingMessage('m1')]);
    const absent = async () => {
      clock.advance(1_000);
      const { id: callId } = await failRead('SourceNotFound', 404, '{}');
      const threadOf = await threadId('t1');
      return noteThreadAbsent(db, { threadId: threadOf, begunAt: clock.now(), now: clock.now(), timing, callId });
    };
    expect([await absent(), await absent()]).toEqual(['missing', 'gone']);
    expect(await count('park')).toBe(0);
  });
});

it('a row of a listing that cannot be read is looked up by itself, and its thread is held once it can be read [loss case 24]', async () => {
  const { db, clock, timing, list, park, due, threadId } = await ledgerWithThread();
  await list([incomingThread('t2'), unreadableRow('{"id":"t3"}', 't3'), incomingThread('t4')]);
  expect(await due()).toHaveLength(3); // the rows before and behind it are due
  const lookups = () => takeDueLookups(db, 'dashboard', 10, clock.now(), timing);
  expect(await lookups()).toEqual([]);
  clock.advance(MINUTE);
  expect(await lookups()).toEqual([(await park())?.id]);
  expect(await lookups()).toEqual([]);
  const request = { source: 'dashboard', operation: 'getThread', parameters: {}, readingId: null, page: 0 } as const;
  const call = await openCall(db, { ...request, attempt: 1, now: clock.now() });
  const context = { source: 'dashboard', now: clock.now(), timing };
  expect(await recordLookup(db, call, { ok: true, value: incomingThread('t3') }, context)).toMatchObject({ stored: 1 });
  expect(await due()).toContain(await threadId('t3'));
  expect(await park()).toMatchObject({ state: 'resolved' });
  expect((await checkBalance(db)).balanced).toBe(true);
});
