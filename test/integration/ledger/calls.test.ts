import { describe, expect, it } from 'vitest';
import { type CallRequest, failCall, finishCall, openCall } from '../../../src/ledger/calls.js';
import { recordFailure } from '../../../src/ledger/failures.js';
import { MINUTE } from '../../support/clock.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

const request = ({ clock }: TestLedger, more: Partial<CallRequest> = {}): CallRequest => ({
  source: 'dashboard',
  operation: 'listThreads',
  parameters: {},
  readingId: null,
  page: 0,
  attempt: 1,
  now: clock.now(),
  ...more,
});

async function boundLedger(): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind();
  return ledger;
}

const outcome = {
  status: 200,
  rows: 3,
  known: 1,
  stored: 1,
  parked: 1,
  rejected: 0,
  ids: [],
  nextCursor: null,
  unknownFields: {},
};

/** Lets the provider say 429 and pause the source for so long. */
async function pause(ledger: TestLedger, ms: number): Promise<void> {
  const { db, clock } = ledger;
  const call = await openCall(db, request(ledger));
  const blockedUntil = new Date(clock.now().getTime() + ms);
  const failure = {
    failure: 'SourceRateLimited',
    status: 429,
    answer: '{"error":"slow down"}',
    retryAfterMs: ms,
    blockedUntil,
  };
  await failCall(db, 'dashboard', call, failure, clock.now());
}

describe('the row of a provider call', () => {
  it('is there before the request leaves, so that a crash leaves an open row and not nothing', async () => {
    const ledger = await boundLedger();
    const call = await openCall(ledger.db, request(ledger, { parameters: { since: 'x' }, attempt: 2 }));
    expect(call.readingId).toBe(call.id);
    expect(await ledger.db.$queryRaw`SELECT id, parameters, attempt, finished_at, rows FROM provider_call`).toEqual([
      { id: call.id, parameters: { since: 'x' }, attempt: 2, finished_at: null, rows: null },
    ]);
  });

  it('is closed whatever the answer holds: a byte 0 is no text to Postgres', async () => {
    const ledger = await boundLedger();
    const call = await openCall(ledger.db, request(ledger));
    const failure = { failure: 'SourceAnswerUnreadable', status: 200, retryAfterMs: null, blockedUntil: null };
    await failCall(ledger.db, 'dashboard', call, { ...failure, answer: '\u001f\0\0{' }, ledger.clock.now());
    expect(await ledger.db.$queryRaw`SELECT failure, answer FROM provider_call`).toEqual([
      { failure: 'SourceAnswerUnreadable', answer: '\u001f\uFFFD\uFFFD{' },
    ]);
    const detail = { at: ledger.clock.now(), type: 'SourceAnswerUnreadable', code: '200', callId: call.id };
    const place = { messageId: null, activity: 'listPage', workflowId: null, attempt: 1 };
    await recordFailure(ledger.db, { ...detail, ...place, detail: 'Unexpected token \0' });
    expect(await ledger.count('failure')).toBe(1);
  });

  it('refuses counts that do not balance: what came is known, stored, parked or rejected', async () => {
    const ledger = await boundLedger();
    const call = await openCall(ledger.db, request(ledger));
    const wrong = finishCall(ledger.db, call, { ...outcome, rows: 4 }, ledger.clock.now());
    await expect(wrong).rejects.toThrow('provider_call_balance_check');
    await finishCall(ledger.db, call, outcome, ledger.clock.now());
  });

  it('keeps what the provider really said when the answer was not good', async () => {
    const ledger = await boundLedger();
    await pause(ledger, MINUTE);
    expect(await ledger.db.$queryRaw`SELECT status, failure, answer, retry_after_ms, rows FROM provider_call`).toEqual([
      {
        status: 429,
        failure: 'SourceRateLimited',
        answer: '{"error":"slow down"}',
        retry_after_ms: 60_000n,
        rows: null,
      },
    ]);
  });

  it('is not opened for a source that nobody bound', async () => {
    const ledger = await boundLedger();
    const unknown = openCall(ledger.db, request(ledger, { source: 'nobody' }));
    await expect(unknown).rejects.toMatchObject({ type: 'LedgerConflict', retryable: false });
  });
});

describe('a source that the provider paused', () => {
  it('takes no call from anyone until the pause has passed, and says how much of it is left', async () => {
    const ledger = await boundLedger();
    await pause(ledger, MINUTE);
    ledger.clock.advance(MINUTE / 4);
    for (const operation of ['listThreads', 'listMessages', 'postReply'] as const)
      await expect(openCall(ledger.db, request(ledger, { operation }))).rejects.toMatchObject({
        type: 'SourceBlocked',
        retryAfterMs: (MINUTE * 3) / 4,
      });
    expect(await ledger.count('provider_call')).toBe(1);
    ledger.clock.advance((MINUTE * 3) / 4);
    await openCall(ledger.db, request(ledger));
  });

  it('is not freed earlier by a shorter pause that is told later', async () => {
    const ledger = await boundLedger();
    const { db, clock } = ledger;
    const other = await openCall(db, request(ledger));
    await pause(ledger, MINUTE);
    const blockedUntil = new Date(clock.now().getTime() + 1_000);
    const failure = { failure: 'SourceRateLimited', status: 429, answer: null, retryAfterMs: 1_000, blockedUntil };
    await failCall(db, 'dashboard', other, failure, clock.now());
    clock.advance(2_000);
    await expect(openCall(db, request(ledger))).rejects.toMatchObject({ type: 'SourceBlocked' });
  });

  it('leaves other sources alone', async () => {
    const ledger = await boundLedger();
    await ledger.bind({ name: 'second' });
    await pause(ledger, MINUTE);
    await openCall(ledger.db, request(ledger, { source: 'second' }));
  });
});
