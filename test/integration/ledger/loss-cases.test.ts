import { expect, it } from 'vitest';
import { takeDispatchable } from '../../../src/ledger/lifecycles.js';
import { dueThreads } from '../../../src/ledger/visits.js';
import { DAY, HOUR, iso, MINUTE } from '../../support/clock.js';
import { incomingMessage, incomingThread, unreadableRow } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

/** Losses that others suffered, as far as the ledger alone decides whether they can happen here: docs/reference/loss-cases.md. */

/** A source that answers everything, with one known thread that was read whole. */
async function knownThread(status = 'open'): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind({ mode: 'live', answerFrom: new Date(0) });
  await ledger.list([incomingThread('t1', { createdAt: iso(-20 * DAY), status })]);
  await ledger.read('t1', [incomingMessage('m1', { originAt: iso(-19 * DAY) })]);
  ledger.clock.advance(HOUR);
  return ledger;
}

const stateOf = async (ledger: TestLedger, id: string) => (await ledger.message(id)).state;

it('a mail that was days on its way is taken in although newer ones are known [loss case 1]', async () => {
  const ledger = await knownThread();
  const newer = incomingMessage('newer', { originAt: iso(0) });
  const late = incomingMessage('late', { originAt: iso(-6 * DAY) });
  await ledger.read('t1', [newer, incomingMessage('m1', { originAt: iso(-19 * DAY) })]);
  ledger.clock.advance(HOUR);
  expect(await ledger.read('t1', [newer, late])).toMatchObject({ stored: 1, known: 1 });
  expect(await stateOf(ledger, 'late')).toBe('recorded');
});

it('a mail dated in the future hides none that is dated today [loss case 7]', async () => {
  const ledger = await knownThread();
  await ledger.read('t1', [incomingMessage('future', { originAt: '2099-01-01T00:00:00.000Z' })]);
  ledger.clock.advance(20 * MINUTE);
  const due = await dueThreads(ledger.db, 'dashboard', ledger.clock.now(), 10);
  expect(due).toEqual([await ledger.threadId('t1')]); // its silence runs from when it was seen, not from 2099
  expect(await ledger.read('t1', [incomingMessage('today', { originAt: iso(HOUR) })])).toMatchObject({ stored: 1 });
});

it('a mail that arrives while its thread is being read is found by the next visit [loss case 14]', async () => {
  const ledger = await knownThread();
  await ledger.read('t1', [incomingMessage('m1', { originAt: iso(-19 * DAY) })]);
  ledger.clock.advance(3 * DAY);
  expect(await dueThreads(ledger.db, 'dashboard', ledger.clock.now(), 10)).toHaveLength(1);
  expect(await ledger.read('t1', [incomingMessage('meanwhile')])).toMatchObject({ stored: 1 });
});

it('a row that cannot be read is kept and taken in later, and the rows after it are not skipped [loss case 20]', async () => {
  const ledger = await knownThread();
  const rows = [unreadableRow('{"id":"poison"}', 'poison'), incomingMessage('after')];
  expect(await ledger.read('t1', rows)).toMatchObject({ rows: 2, stored: 1, parked: 1 });
  ledger.clock.advance(HOUR);
  expect(await ledger.read('t1', [incomingMessage('poison')])).toMatchObject({ stored: 1, parked: 0 });
  expect(await stateOf(ledger, 'poison')).toBe('recorded');
});

it('two mails with one Message-ID and different words are two messages [loss case 26]', async () => {
  const ledger = await knownThread();
  const reused = { messageIdHeader: '<reused@example.com>' };
  await ledger.read('t1', [
    incomingMessage('first', { ...reused, text: 'One' }),
    incomingMessage('second', { ...reused, text: 'Two' }),
  ]);
  expect([await stateOf(ledger, 'first'), await stateOf(ledger, 'second')]).toEqual(['recorded', 'recorded']);
});

it('a mail that the provider threads into an old conversation is carried like any other [loss case 30]', async () => {
  const ledger = await knownThread('closed');
  await ledger.read('t1', [incomingMessage('other-matter', { subject: 'Something else' })]);
  expect(await ledger.message('other-matter')).toMatchObject({ state: 'recorded', disposition: null });
});

it('the same mail in a source of another mailbox group is a message of its own [loss case 33]', async () => {
  const ledger = await knownThread();
  await ledger.bind({ name: 'other', origin: 'http://other.example.com', mailboxGroup: 'other', mode: 'live' });
  await ledger.list([incomingThread('o1')], { source: 'other' });
  const mail = { messageIdHeader: '<same@example.com>', text: 'The same words' };
  await ledger.read('t1', [incomingMessage('here', mail)]);
  await ledger.read('o1', [incomingMessage('there', mail)], { source: 'other' });
  expect(await ledger.message('there', 'other')).toMatchObject({ other: null });
});

it('a mail that is moved into a thread with its old stamps is found there [loss case 35]', async () => {
  const ledger = await knownThread();
  await ledger.list([incomingThread('t2', { createdAt: iso(-20 * DAY) })]);
  await ledger.read('t2', [incomingMessage('native', { providerThreadId: 't2', originAt: iso(-HOUR) })]);
  ledger.clock.advance(HOUR);
  await ledger.read('t2', [incomingMessage('m1', { providerThreadId: 't2', originAt: iso(-19 * DAY) })]);
  expect((await ledger.message('m1')).threadId).toBe(await ledger.threadId('t2'));
});

it('a message whose lifecycle was never started is offered until somebody takes it up [loss case 38]', async () => {
  const ledger = await knownThread();
  await ledger.read('t1', [incomingMessage('lost')]);
  const take = () => {
    const now = ledger.clock.now();
    const before = new Date(now.getTime() - 30_000);
    return takeDispatchable(ledger.db, {
      ...{ now, recordedBefore: before, carriedBefore: before, waitingBefore: before, limit: 10 },
    });
  };
  const { id } = await ledger.message('lost');
  const offered = (rows: { id: string }[]) => rows.some((row) => row.id === id);
  expect(offered(await take())).toBe(true);
  expect(offered(await take())).toBe(false); // taken, as far as anybody knows
  ledger.clock.advance(MINUTE);
  expect(offered(await take())).toBe(true); // the offer was lost
});

it('a reply on a closed thread is carried like any other [loss case 40]', async () => {
  const ledger = await knownThread('closed');
  await ledger.read('t1', [incomingMessage('again')]);
  expect(await ledger.message('again')).toMatchObject({ state: 'recorded', disposition: null });
});
