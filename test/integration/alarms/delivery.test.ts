import { describe, expect, it, onTestFinished } from 'vitest';
import { createAlarmSink } from '../../../src/delivery/alarm-sink.js';
import { nextDeliveryMs } from '../../../src/domain/alarms.js';
import {
  acknowledgeAlarm,
  type DeskAlarm,
  findAlarm,
  isUndelivered,
  listAlarms,
  markDelivered,
  resolveAlarm,
  undeliveredAlarms,
} from '../../../src/ledger/alarm-desk.js';
import { quenchAlarm, raiseAlarm } from '../../../src/ledger/alarms.js';
import { HOUR, MINUTE } from '../../support/clock.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { startReceiver, WEBHOOK_SECRET, type WebhookReceiver } from '../../support/webhook-receiver.js';

const FACT = { kind: 'source_trouble', source: 'dashboard', subject: 'breaker' } as const;

const raise = ({ db, clock }: TestLedger, evidence: Record<string, unknown> = { failed: 30 }) =>
  db.transaction((tx) => raiseAlarm(tx, { ...FACT, evidence, now: clock.now() }));

async function read({ db }: TestLedger, id: string): Promise<DeskAlarm> {
  const alarm = await findAlarm(db, id);
  if (!alarm) throw new Error(`no alarm ${id}`);
  return alarm;
}

async function receiverFor(answers: number[] = []): Promise<WebhookReceiver> {
  const receiver = await startReceiver(answers);
  onTestFinished(() => receiver.close());
  return receiver;
}

describe('the receiver of alarms', () => {
  it('gets kind, meaning, evidence and runbook, signed, under an id that stays the same over all attempts', async () => {
    const ledger = await testLedger();
    const receiver = await receiverFor([500]);
    const { id } = await raise(ledger);
    const sink = createAlarmSink({ url: receiver.url, secret: WEBHOOK_SECRET }, 2_000);
    const alarm = await read(ledger, id);
    // The library that checks the signature takes no stamp that is far from the machine's clock.
    await expect(sink.deliver(alarm, new Date())).rejects.toMatchObject({ type: 'AlarmUndelivered', code: '500' });
    await sink.deliver(alarm, new Date());
    expect(receiver.strange).toBe(0);
    expect(new Set(receiver.received.map((one) => one.webhookId)).size).toBe(1);
    expect(receiver.received[0]?.payload).toMatchObject({
      type: 'waybill.alarm',
      data: {
        ...FACT,
        id,
        state: 'open',
        raises: 1,
        evidence: { failed: 30 },
        meaning: 'the provider fails so often that hardly any call is started',
        runbook: 'docs/reference/alarms.md#source_trouble',
      },
    });
  });

  it.each([
    ['a redirect, which is not followed', 302, '302'],
    ['a refusal', 401, '401'],
    ['no answer in time', 0, undefined],
  ])('has not taken it after %s', async (_, status, code) => {
    const ledger = await testLedger();
    const receiver = await receiverFor([status]);
    const { id } = await raise(ledger);
    const sink = createAlarmSink({ url: receiver.url, secret: WEBHOOK_SECRET }, 300);
    const failed = sink.deliver(await read(ledger, id), new Date());
    await expect(failed).rejects.toMatchObject({ type: 'AlarmUndelivered', code });
    expect([receiver.received.length, receiver.strange]).toEqual([1, 0]);
  });

  it('is tried again at growing distances, the last of which repeats', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 99].map((attempt) => nextDeliveryMs(attempt) / MINUTE)).toEqual([
      1 / 12,
      5,
      30,
      120,
      300,
      600,
      600,
      600,
    ]);
  });
});

describe('an alarm that people have to be told of', () => {
  it('is told once, however often its condition is seen, and again after it had been over', async () => {
    const ledger = await testLedger();
    const { db, clock } = ledger;
    const { id } = await raise(ledger);
    expect(await undeliveredAlarms(db, 10)).toEqual([id]);
    const { notifyAt } = await read(ledger, id);
    await markDelivered(db, id, notifyAt, clock.advance(MINUTE));
    expect(await undeliveredAlarms(db, 10)).toEqual([]);
    await raise(ledger, { failed: 40 });
    expect(await undeliveredAlarms(db, 10)).toEqual([]);
    expect(await read(ledger, id)).toMatchObject({ raises: 2, evidence: { failed: 40 }, state: 'open' });
    clock.advance(HOUR);
    await quenchAlarm(db, { ...FACT, now: clock.now() });
    await raise(ledger);
    expect(await undeliveredAlarms(db, 10)).toEqual([id]);
  });

  it('that is raised anew while its delivery is under way is told once more', async () => {
    const ledger = await testLedger();
    const { db, clock } = ledger;
    const { id } = await raise(ledger);
    const { notifyAt } = await read(ledger, id);
    await quenchAlarm(db, { ...FACT, now: clock.advance(MINUTE) });
    clock.advance(MINUTE);
    await raise(ledger);
    await markDelivered(db, id, notifyAt, clock.now());
    expect(isUndelivered(await read(ledger, id))).toBe(true);
  });

  it('is not told when it was resolved before, and the same condition then is another alarm', async () => {
    const ledger = await testLedger();
    const { db, clock } = ledger;
    const { id } = await raise(ledger);
    expect(await resolveAlarm(db, id, 'the one on duty', clock.advance(MINUTE))).toBe(true);
    expect(await undeliveredAlarms(db, 10)).toEqual([]);
    expect((await raise(ledger)).id).not.toBe(id);
  });
});

describe('people at the desk', () => {
  it('acknowledge what is open, resolve what is not resolved, and are named', async () => {
    const ledger = await testLedger();
    const { db, clock } = ledger;
    const { id } = await raise(ledger);
    expect(await acknowledgeAlarm(db, id, 'the one on duty', clock.advance(MINUTE))).toBe(true);
    expect(await acknowledgeAlarm(db, id, 'another', clock.now())).toBe(false);
    await raise(ledger);
    expect(await read(ledger, id)).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'the one on duty' });
    expect(await resolveAlarm(db, id, 'another', clock.now())).toBe(true);
    expect(await resolveAlarm(db, id, 'another', clock.now())).toBe(false);
    expect(await listAlarms(db, ['open', 'acknowledged', 'quenched'])).toEqual([]);
    expect(await listAlarms(db, [])).toMatchObject([{ id, state: 'resolved', resolvedBy: 'another' }]);
    expect(await acknowledgeAlarm(db, 'no id at all', 'another', clock.now())).toBe(false);
    expect(await db.$queryRaw`SELECT actor, action, subject FROM change ORDER BY at, id`).toEqual([
      { actor: 'the one on duty', action: 'alarm.acknowledge', subject: `alarm/${id}` },
      { actor: 'another', action: 'alarm.resolve', subject: `alarm/${id}` },
    ]);
  });
});
