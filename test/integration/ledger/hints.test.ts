import { describe, expect, it } from 'vitest';
import { checkBalance } from '../../../src/assurance/balance.js';
import { openCall } from '../../../src/ledger/calls.js';
import {
  beginLookup,
  dueLookups,
  firstSeenBy,
  type IncomingHint,
  recordHint,
  recordHintLookup,
  recordNoThread,
} from '../../../src/ledger/hints.js';
import { dueThreads, noteThreadAbsent } from '../../../src/ledger/visits.js';
import { DAY, MINUTE } from '../../support/clock.js';
import { incomingMessage, incomingThread, type Row } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

let deliveries = 0;

async function hintedLedger() {
  const ledger = await testLedger();
  await ledger.bind();
  const hint = (providerThreadId: string, more: Partial<IncomingHint> = {}) =>
    recordHint(ledger.db, {
      source: 'dashboard',
      webhookId: `msg_${++deliveries}`,
      providerThreadId,
      now: ledger.clock.now(),
      ...more,
    });
  return { ledger, hint };
}

const due = ({ db, clock }: TestLedger) => dueThreads(db, 'dashboard', clock.now(), 10);
const states = async ({ db }: TestLedger) =>
  (await db.$queryRaw<{ state: string }[]>`SELECT state FROM hint ORDER BY id`).map((row) => row.state);

const openLookup = ({ db, clock }: TestLedger) =>
  openCall(db, {
    source: 'dashboard',
    operation: 'getThread',
    parameters: {},
    readingId: null,
    page: 0,
    attempt: 1,
    now: clock.now(),
  });

describe('a hint to a thread that we know', () => {
  it('brings its message early: the visit that it makes due stores it as first seen by the webhook', async () => {
    const { ledger, hint } = await hintedLedger();
    await ledger.list([incomingThread('t1', { createdAt: new Date(0).toISOString() })]);
    await ledger.read('t1', [incomingMessage('m1')]);
    ledger.clock.advance(20 * DAY); // by its silence it would not be visited for another two days
    await ledger.read('t1', [incomingMessage('m1')]);
    expect(await due(ledger)).toEqual([]);
    await hint('t1');
    ledger.clock.advance(1_000);
    const t1 = await ledger.threadId('t1');
    expect(await due(ledger)).toEqual([t1]);
    const seenBy = await firstSeenBy(ledger.db, t1);
    expect(seenBy).toBe('webhook');
    const { call } = await ledger.read('t1', [incomingMessage('m2'), incomingMessage('m1')], { firstSeenBy: seenBy });
    expect(await ledger.db.$queryRaw`SELECT first_seen_by AS by FROM message ORDER BY provider_message_id`).toEqual([
      { by: 'poll' },
      { by: 'webhook' },
    ]);
    expect(await ledger.db.$queryRaw`SELECT state, visit_reading_id AS reading FROM hint`).toEqual([
      { state: 'met', reading: call.readingId },
    ]);
    expect(await firstSeenBy(ledger.db, t1)).toBe('poll');
  });

  it('whose message is not there yet is followed twice more before it is over', async () => {
    const { ledger, hint } = await hintedLedger();
    await ledger.list([incomingThread('t1')]);
    await ledger.read('t1', [incomingMessage('m1')]);
    ledger.clock.advance(20 * DAY);
    await ledger.read('t1', [incomingMessage('m1')]);
    await hint('t1');
    const looks: number[] = [];
    for (let minute = 0; minute < 30; minute++) {
      ledger.clock.advance(MINUTE);
      if ((await due(ledger)).length === 0) continue;
      looks.push(minute + 1);
      await ledger.read('t1', [incomingMessage('m1')]);
    }
    expect(looks.slice(0, 3)).toEqual([1, 3, 13]);
    expect(await states(ledger)).toEqual(['nothing_new']);
  });

  it('that comes while the thread is read is not answered by that reading', async () => {
    const { ledger, hint } = await hintedLedger();
    await ledger.list([incomingThread('t1')]);
    const first = await ledger.read('t1', [incomingMessage('m1')], { nextCursor: 'a' });
    ledger.clock.advance(1_000);
    await hint('t1');
    await ledger.read('t1', [incomingMessage('m0')], { after: first.call });
    expect(await states(ledger)).toEqual(['open']);
  });

  it('that the provider has deleted says so', async () => {
    const { ledger, hint } = await hintedLedger();
    await ledger.list([incomingThread('t1')]);
    await hint('t1');
    const { db, timing } = ledger;
    const threadId = await ledger.threadId('t1');
    for (let look = 0; look < 2; look++) {
      const now = ledger.clock.advance(MINUTE);
      await noteThreadAbsent(db, { threadId, begunAt: now, now, timing });
    }
    expect(await states(ledger)).toEqual(['gone']);
  });
});

describe('a hint to a thread that nobody knows', () => {
  const lookUp = async (ledger: TestLedger, rows: Row<ReturnType<typeof incomingThread>>) => {
    const [hintId = ''] = await dueLookups(ledger.db, 'dashboard', ledger.clock.now(), 20);
    const item = 'ok' in rows ? rows : ({ ok: true, value: rows } as const);
    const call = await openLookup(ledger);
    return recordHintLookup(ledger.db, call, item, {
      source: 'dashboard',
      hintId,
      now: ledger.clock.now(),
      timing: ledger.timing,
    });
  };

  it('is looked up by one call, whose thread is stored as first seen by the webhook and due', async () => {
    const { ledger, hint } = await hintedLedger();
    expect(await hint('t7')).toEqual({ kind: 'recorded', isThreadKnown: false });
    await hint('t7');
    expect(await dueLookups(ledger.db, 'dashboard', ledger.clock.now(), 20)).toHaveLength(1); // two hints, one look
    expect(await lookUp(ledger, incomingThread('t7'))).toEqual({ stored: 1, parked: 0 });
    expect(await ledger.db.$queryRaw`SELECT first_seen_by AS by, first_listed_at AS listed FROM thread`).toEqual([
      { by: 'webhook', listed: null },
    ]);
    expect(await due(ledger)).toEqual([await ledger.threadId('t7')]);
    expect(await dueLookups(ledger.db, 'dashboard', ledger.clock.now(), 20)).toEqual([]);
    await ledger.read('t7', [incomingMessage('m1', { providerThreadId: 't7' })]);
    expect(await states(ledger)).toEqual(['met', 'met']);
    expect(await checkBalance(ledger.db)).toMatchObject({ balanced: true });
  });

  it('needs no call where a listing has shown the thread meanwhile', async () => {
    const { ledger, hint } = await hintedLedger();
    await hint('t1');
    await ledger.list([incomingThread('t1')]);
    expect(await dueLookups(ledger.db, 'dashboard', ledger.clock.now(), 20)).toEqual([]);
    expect(await firstSeenBy(ledger.db, await ledger.threadId('t1'))).toBe('webhook');
  });

  it('that the provider does not know is looked for three times, at growing gaps', async () => {
    const { ledger, hint } = await hintedLedger();
    await hint('t404');
    const looks: number[] = [];
    for (let minute = 0; minute < 30; minute++) {
      const [hintId] = await dueLookups(ledger.db, 'dashboard', ledger.clock.now(), 20);
      if (hintId) {
        looks.push(minute);
        const { id } = await openLookup(ledger);
        const context = { source: 'dashboard', hintId, now: ledger.clock.now(), timing: ledger.timing };
        await recordNoThread(ledger.db, id, context);
      }
      ledger.clock.advance(MINUTE);
    }
    expect(looks).toEqual([0, 2, 12]);
    expect(await states(ledger)).toEqual(['unknown_thread']);
  });

  it('whose look gets no answer comes up again behind the others, and ever more seldom', async () => {
    const { ledger, hint } = await hintedLedger();
    const { db, clock, timing } = ledger;
    await hint('poison');
    await hint('poison');
    const head = async () => {
      const [hintId = ''] = await dueLookups(db, 'dashboard', clock.now(), 1);
      const [row] = await db.$queryRaw<{ id: string }[]>`
        SELECT provider_thread_id AS id FROM hint WHERE id::text = ${hintId}`;
      if (row) await beginLookup(db, { hintId, now: clock.now(), timing });
      return row?.id;
    };
    expect(await head()).toBe('poison');
    clock.advance(MINUTE);
    await hint('sound');
    expect(await head()).toBe('sound');
    const looked: number[] = [];
    for (let minute = 1; minute <= 70; minute++) {
      if ((await head()) === 'poison') looked.push(minute);
      clock.advance(MINUTE);
    }
    expect(looked).toEqual([2, 4, 8, 16, 32, 64]);
    expect((await states(ledger)).includes('open')).toBe(true);
  });

  it('whose thread cannot be read has it parked as it came', async () => {
    const { ledger, hint } = await hintedLedger();
    await hint('t7');
    const row = { ok: false, providerId: 't7', raw: '{"id":"t7"}', problem: 'created_at: is missing' } as const;
    expect(await lookUp(ledger, row)).toEqual({ stored: 0, parked: 1 });
    expect(await states(ledger)).toEqual(['unreadable']);
    expect(await checkBalance(ledger.db)).toMatchObject({ balanced: true });
  });
});
