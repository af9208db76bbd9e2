import { describe, expect, it } from 'vitest';
import { freshPace } from '../../../src/domain/pacing.js';
import { markAbandonedCalls } from '../../../src/ledger/abandoned-calls.js';
import { type CallRequest, failCall, finishCall, type OpenCall, openCall } from '../../../src/ledger/calls.js';
import { holdPacer, type Observed, observeCalls, readPacer, storePacer } from '../../../src/ledger/pacers.js';
import { MINUTE } from '../../support/clock.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

const SECOND = 1_000;
const GOOD = {
  status: 200,
  rows: 0,
  known: 0,
  stored: 0,
  parked: 0,
  rejected: 0,
  ids: [],
  nextCursor: null,
  unknownFields: {},
};

async function boundLedger(): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind();
  return ledger;
}

const open = ({ db, clock }: TestLedger, more: Partial<CallRequest> = {}): Promise<OpenCall> =>
  openCall(db, {
    source: 'dashboard',
    operation: 'listMessages',
    parameters: {},
    readingId: null,
    page: 0,
    attempt: 1,
    now: clock.now(),
    ...more,
  });

async function good(ledger: TestLedger, tookMs: number, more: Partial<CallRequest> = {}): Promise<void> {
  const call = await open(ledger, more);
  await finishCall(ledger.db, call, GOOD, new Date(call.openedAt.getTime() + tookMs));
}

async function failed(ledger: TestLedger, failure: string, retryAfterMs: number | null = null): Promise<void> {
  const call = await open(ledger);
  const outcome = { failure, status: null, answer: null, retryAfterMs, blockedUntil: null };
  await failCall(ledger.db, 'dashboard', call, outcome, ledger.clock.now());
}

const look = (ledger: TestLedger): Promise<Observed> =>
  ledger.db.transaction(async (tx) => {
    const now = ledger.clock.now();
    const pacer = await holdPacer(tx, 'dashboard', now);
    const seen = await observeCalls(tx, 'dashboard', pacer, { now, windowMs: MINUTE, longestCallMs: MINUTE });
    const pace = { ...pacer.pace, observedAt: now.getTime() };
    await storePacer(tx, 'dashboard', { pace, queueRate: 1, sweptUntil: now });
    return seen;
  });

describe('what the pacer sees of the calls', () => {
  it('counts each end once, by the look after it, and sends beyond the one call that the queue released', async () => {
    const ledger = await boundLedger();
    await look(ledger);
    ledger.clock.advance(SECOND);
    for (const tookMs of [10, 20, 900]) await good(ledger, tookMs);
    const look0 = { parameters: { purpose: 'look' }, messageId: '019a0000-0000-7000-8000-000000000001' };
    await good(ledger, 20, look0);
    await good(ledger, 20, { ...look0, page: 1 });
    await good(ledger, 20, { operation: 'postReply', messageId: look0.messageId });
    await failed(ledger, 'SourceTrouble');
    await failed(ledger, 'SourceNotFound');
    await failed(ledger, 'SourceBlocked');
    await failed(ledger, 'SourceRateLimited', 7_000);
    const underWay = await open(ledger);
    ledger.clock.advance(SECOND);
    expect(await look(ledger)).toEqual({
      finished: 9,
      failed: 1,
      refused: 1,
      longestRetryAfterMs: 7_000,
      acceptedPerSecond: null,
      medianMs: 20,
      extra: 2,
      rejected: 0,
      good: 6,
      window: { finished: 9, failed: 1 },
    });
    ledger.clock.advance(SECOND);
    await finishCall(ledger.db, underWay, GOOD, ledger.clock.now());
    ledger.clock.advance(SECOND);
    expect(await look(ledger)).toMatchObject({
      finished: 1,
      failed: 0,
      refused: 0,
      extra: 0,
      window: { finished: 10 },
    });
  });

  it('a refusal of a call that was under way at the last decrease does not lower the rate again', async () => {
    const ledger = await boundLedger();
    await look(ledger);
    const straggler = await open(ledger);
    ledger.clock.advance(SECOND);
    await ledger.db.$executeRaw`UPDATE pacer SET refused_at = ${ledger.clock.now()}`;
    ledger.clock.advance(SECOND);
    const outcome = { failure: 'SourceRateLimited', status: 429, answer: null, retryAfterMs: null, blockedUntil: null };
    await failCall(ledger.db, 'dashboard', straggler, outcome, ledger.clock.now());
    expect(await look(ledger)).toMatchObject({ finished: 1, refused: 0 });
  });

  it('says what was accepted in a minute only where it has a whole minute to look at', async () => {
    const ledger = await boundLedger();
    await good(ledger, 10);
    ledger.clock.advance(30 * SECOND);
    expect((await look(ledger)).acceptedPerSecond).toBeNull();
    for (let index = 0; index < 12; index++) await good(ledger, 10);
    ledger.clock.advance(31 * SECOND);
    expect((await look(ledger)).acceptedPerSecond).toBe(0.2);
  });

  it('the breaker counts from its last turn on: what broke it does not break it again', async () => {
    const ledger = await boundLedger();
    await look(ledger);
    ledger.clock.advance(SECOND);
    for (let index = 0; index < 3; index++) await failed(ledger, 'SourceUnreachable');
    ledger.clock.advance(SECOND);
    expect((await look(ledger)).window).toEqual({ finished: 3, failed: 3 });
    await ledger.db.$executeRaw`UPDATE pacer SET breaker_since = ${ledger.clock.now()}`;
    expect((await look(ledger)).window).toEqual({ finished: 0, failed: 0 });
  });
});

describe('the row of a pacer', () => {
  it('is a fresh pace at the ceiling until the first look, and what was stored after it', async () => {
    const ledger = await boundLedger();
    const now = ledger.clock.now();
    expect(await readPacer(ledger.db, 'dashboard', now)).toMatchObject({
      ceiling: 10,
      pace: freshPace(10, now.getTime()),
    });
    await look(ledger);
    const pace = { ...freshPace(10, now.getTime()), rate: 3, breaker: 'open' as const, openUntil: now.getTime() + 5 };
    await storePacer(ledger.db, 'dashboard', { pace, queueRate: 0, sweptUntil: now });
    expect((await readPacer(ledger.db, 'dashboard', now)).pace).toEqual(pace);
  });

  it('does not pass to another address under the same name', async () => {
    const ledger = await boundLedger();
    await look(ledger);
    ledger.clock.advance(MINUTE);
    await ledger.bind({ origin: 'http://right.example.com' });
    expect(await ledger.count('pacer')).toBe(0);
  });
});

describe('a call that nobody finished [loss case 31]', () => {
  it('is marked as abandoned, with a row of failure, and only once', async () => {
    const ledger = await boundLedger();
    const { db, clock } = ledger;
    const from = clock.now();
    const lost = await open(ledger, { messageId: '019a0000-0000-7000-8000-000000000001', attempt: 2 });
    await good(ledger, 10);
    const before = clock.advance(2 * MINUTE);
    const running = await open(ledger);
    const range = { from, before, now: clock.now() };
    expect(await markAbandonedCalls(db, 'dashboard', range)).toEqual([lost.id]);
    expect(await markAbandonedCalls(db, 'dashboard', range)).toEqual([]);
    expect(await db.$queryRaw`SELECT id FROM provider_call WHERE finished_at IS NULL`).toEqual([{ id: running.id }]);
    expect(await db.$queryRaw`SELECT type, call_id, message_id, activity, attempt FROM failure`).toEqual([
      {
        type: 'CallAbandoned',
        call_id: lost.id,
        message_id: '019a0000-0000-7000-8000-000000000001',
        activity: 'listMessages',
        attempt: 2,
      },
    ]);
  });

  it('is not an attachment that may still be under way; its turn comes later, once', async () => {
    const ledger = await boundLedger();
    const { db, clock } = ledger;
    const first = clock.now();
    const file = await open(ledger, { operation: 'getAttachment' });
    const page = await open(ledger);
    const second = clock.advance(MINUTE);
    const sweep = (from: Date, before: Date) =>
      markAbandonedCalls(db, 'dashboard', { from, before, now: clock.now(), longerMs: 90 * SECOND });
    expect(await sweep(first, second)).toEqual([page.id]);
    const third = clock.advance(MINUTE);
    expect(await sweep(second, third)).toEqual([file.id]);
    expect(await sweep(third, clock.advance(MINUTE))).toEqual([]);
  });

  it('that comes to its end after all is a good one', async () => {
    const ledger = await boundLedger();
    const { db, clock } = ledger;
    const late = await open(ledger);
    const from = clock.now();
    const before = clock.advance(2 * MINUTE);
    await markAbandonedCalls(db, 'dashboard', { from, before, now: before });
    await finishCall(db, late, { ...GOOD, rows: 1, known: 1 }, clock.advance(SECOND));
    expect(await db.$queryRaw`SELECT failure, status, rows FROM provider_call`).toEqual([
      { failure: null, status: 200, rows: 1 },
    ]);
  });
});
