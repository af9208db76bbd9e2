import { describe, expect, it, onTestFinished } from 'vitest';
import { createCaseTelling } from '../../../src/activities/case-steps.js';
import type { ActivityDeps } from '../../../src/activities/deps.js';
import { checkBalance } from '../../../src/assurance/balance.js';
import { readDigest } from '../../../src/assurance/digest.js';
import { createAlarmSink } from '../../../src/delivery/alarm-sink.js';
import { systemClock } from '../../../src/domain/clock.js';
import { listAlarms } from '../../../src/ledger/alarm-desk.js';
import {
  assignCase,
  caseEvents,
  findCase,
  listCases,
  reopenCase,
  resolveByPerson,
} from '../../../src/ledger/case-desk.js';
import { takeCases, tendCase } from '../../../src/ledger/case-work.js';
import { only } from '../../../src/ledger/database.js';
import { escalateMessage } from '../../../src/ledger/lifecycles.js';
import { DAY, HOUR, iso, MINUTE } from '../../support/clock.js';
import { incomingMessage, incomingThread, outgoingMessage } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { startReceiver, WEBHOOK_SECRET } from '../../support/webhook-receiver.js';

const ANY = { state: null, owner: null, source: null, overdueAt: null, limit: 100 };

/** A live source whose only message was given to a person. */
async function withCase() {
  const ledger = await testLedger();
  await ledger.bind({ mode: 'live', answerFrom: new Date(0) });
  await ledger.list([incomingThread('t1')]);
  await ledger.read('t1', [incomingMessage('m1')]);
  await escalate(ledger, 'm1');
  const { id } = only(await listCases(ledger.db, ANY), 'case');
  return { ledger, id, look: () => tendCase(ledger.db, id, ledger.clock.now(), ledger.timing) };
}

async function escalate({ db, clock, carry }: TestLedger, providerMessageId: string): Promise<void> {
  const message = await carry(providerMessageId);
  await db.transaction((tx) => escalateMessage(tx, message, 'unknown_intent', clock.now()));
}

const kinds = async ({ db }: TestLedger, id: string): Promise<string[]> =>
  (await caseEvents(db, id)).map(({ kind, actor }) => `${kind} by ${actor}`);

describe('a case', () => {
  it("is resolved by a person's reply in the transaction that records it, with the time it took by the reply's own stamp", async () => {
    const { ledger, id } = await withCase();
    ledger.clock.advance(HOUR);
    await ledger.read('t1', [incomingMessage('m1'), outgoingMessage('r1', { originAt: iso(20 * MINUTE) })]);
    const found = await findCase(ledger.db, id);
    const reply = await ledger.message('r1');
    expect(found).toMatchObject({
      state: 'resolved',
      resolution: 'replied',
      replyId: reply.id,
      tookMs: 20 * MINUTE,
    });
    expect(found?.resolvedAt).toEqual(ledger.clock.now());
    expect(await kinds(ledger, id)).toEqual(['opened by waybill', 'resolved by reply in the thread']);
    expect((await checkBalance(ledger.db)).balanced).toBe(true);
  });

  it('is not resolved by a reply that is older than the message it is about, nor by one of our own', async () => {
    const { ledger, id } = await withCase();
    await ledger.read('t1', [incomingMessage('m1'), outgoingMessage('old', { originAt: iso(-2 * HOUR) })]);
    await ledger.read('t1', [outgoingMessage('probe', { originAt: iso(0), clientRef: 'waybill-probe-1' })]);
    expect(await findCase(ledger.db, id)).toMatchObject({ state: 'open' });
  });

  it('is not resolved by a reply from before a message that joined it', async () => {
    const { ledger, id } = await withCase();
    ledger.clock.advance(HOUR);
    await ledger.read('t1', [incomingMessage('m2', { originAt: iso(30 * MINUTE) })]);
    await escalate(ledger, 'm2');
    await ledger.read('t1', [outgoingMessage('r1', { originAt: iso(10 * MINUTE) })]);
    expect(await findCase(ledger.db, id)).toMatchObject({ state: 'open', messages: 2 });
    await ledger.read('t1', [outgoingMessage('r2', { originAt: iso(40 * MINUTE) })]);
    expect(await findCase(ledger.db, id)).toMatchObject({ state: 'resolved', tookMs: 40 * MINUTE });
    expect(await kinds(ledger, id)).toEqual([
      'opened by waybill',
      'joined by waybill',
      'resolved by reply in the thread',
    ]);
  });

  it('reminds at growing gaps, then is overdue with an alarm that is told anew each time', async () => {
    const { ledger, id, look } = await withCase();
    const said: string[] = [];
    for (let step = 0; step < 7; step++) {
      const { until, did } = await look();
      said.push(did ?? 'nothing');
      ledger.clock.advance(until.getTime() - ledger.clock.now().getTime());
    }
    expect(said).toEqual(['nothing', 'reminded', 'reminded', 'overdue', 'overdue', 'overdue', 'overdue']);
    const alarm = only(await listAlarms(ledger.db, []), 'alarm');
    expect(alarm).toMatchObject({ kind: 'case_overdue', state: 'open', subject: `case/${id}`, raises: 4 });
    expect(alarm.notifyAt).toEqual(alarm.lastRaisedAt);
    expect((await look()).did).toBe('overdue');
    expect((await look()).did).toBeNull(); // the same look twice does nothing twice
    await resolveByPerson(ledger.db, { id, by: 'the one on duty', now: ledger.clock.now(), note: null });
    expect(only(await listAlarms(ledger.db, []), 'alarm')).toMatchObject({ state: 'quenched' });
    expect((await look()).state).toBe('resolved');
  });

  it('is assigned, resolved and opened again by people, each with who did it', async () => {
    const { ledger, id } = await withCase();
    const by = { id, by: 'the one on duty', now: ledger.clock.now() };
    expect(await assignCase(ledger.db, { ...by, to: 'second line' })).toBe(true);
    expect(await resolveByPerson(ledger.db, { ...by, note: 'called them' })).toBe(true);
    expect(await resolveByPerson(ledger.db, { ...by, note: null })).toBe(false);
    expect(await assignCase(ledger.db, { ...by, to: 'nobody' })).toBe(false);
    expect(await reopenCase(ledger.db, by)).toBe(true);
    expect(await reopenCase(ledger.db, by)).toBe(false);
    expect(await findCase(ledger.db, id)).toMatchObject({ state: 'open', owner: 'second line', resolution: null });
    const own = ['assigned', 'resolved', 'reopened'].map((kind) => `${kind} by the one on duty`);
    expect(await kinds(ledger, id)).toEqual(['opened by waybill', ...own]);
    const changes = await ledger.db.$queryRaw`SELECT action FROM change WHERE subject LIKE 'case/%' ORDER BY id`;
    expect(changes).toHaveLength(3);
    expect(await resolveByPerson(ledger.db, { ...by, id: 'no id', note: null })).toBe(false);
  });

  it('is told of under an id of its own after it was opened again: a receiver knows what it has had by that', async () => {
    const { ledger, id } = await withCase();
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    const alarmSink = createAlarmSink({ url: receiver.url, secret: WEBHOOK_SECRET }, 5_000);
    // The library that checks the signature takes no stamp that is far from the machine's clock.
    const deps = { db: ledger.db, clock: systemClock, alarmSink } as unknown as ActivityDeps;
    const tell = () => createCaseTelling(deps).tellOfCase({ caseId: id, reminder: 1 });
    await tell();
    await tell();
    const by = { id, by: 'the one on duty', now: ledger.clock.advance(HOUR) };
    await resolveByPerson(ledger.db, { ...by, note: null });
    expect(await tell()).toEqual({ told: false });
    await reopenCase(ledger.db, by);
    expect(await tell()).toEqual({ told: true });
    const [first, again, other] = receiver.received.map(({ webhookId }) => webhookId);
    expect(first).toBe(again);
    expect(other).not.toBe(first);
  });

  it('is offered to a workflow once, again where it may have been lost, and once more when it was resolved', async () => {
    const { ledger, id } = await withCase();
    const take = () => {
      const now = ledger.clock.now();
      const before = (ms: number) => new Date(now.getTime() - ms);
      return takeCases(ledger.db, { now, offeredBefore: before(HOUR), toldBefore: before(MINUTE), limit: 10 });
    };
    expect(await take()).toEqual([{ id, source: 'dashboard', state: 'open' }]);
    expect(await take()).toEqual([]);
    ledger.clock.advance(2 * HOUR);
    expect(await take()).toMatchObject([{ state: 'open' }]);
    await resolveByPerson(ledger.db, { id, by: 'somebody', now: ledger.clock.now(), note: null });
    ledger.clock.advance(2 * MINUTE);
    expect(await take()).toMatchObject([{ state: 'resolved' }]);
    await tendCase(ledger.db, id, ledger.clock.now(), ledger.timing);
    ledger.clock.advance(DAY);
    expect(await take()).toEqual([]);
  });
});

describe('the digest', () => {
  it('counts what is open, overdue and done, and how long that took, without a word of a customer', async () => {
    const { ledger, id, look } = await withCase();
    await look();
    await ledger.list([incomingThread('t2')]);
    await ledger.read('t2', [incomingMessage('m2', { providerThreadId: 't2' })]);
    await escalate(ledger, 'm2');
    ledger.clock.advance(2 * HOUR);
    await ledger.read('t2', [outgoingMessage('r2', { providerThreadId: 't2', originAt: iso(HOUR) })]);
    const now = ledger.clock.advance(DAY);
    const digest = await readDigest(ledger.db, { since: new Date(now.getTime() - 2 * DAY), until: now }, now);
    expect(digest.cases).toMatchObject({
      opened: 2,
      resolved: 1,
      resolutions: { replied: 1 },
      open: 1,
      unassigned: 1,
      overdue: 1,
      tookMs: { median: HOUR, p95: HOUR },
      overdueIds: [id],
    });
    expect(digest.messages).toMatchObject({ recorded: 2, ended: { escalated: 2 }, waiting: {} });
    expect(JSON.stringify(digest)).not.toMatch(/example|parcel/i);
  });
});
