import { afterEach, describe, expect, it } from 'vitest';
import type { CallRequest } from '../../../src/ledger/calls.js';
import { type Courtesy, createCourtesy } from '../../../src/sources/courtesy.js';
import { callProvider, type ProviderCallDeps } from '../../../src/sources/provider-call.js';
import { MINUTE } from '../../support/clock.js';
import { eventually } from '../../support/eventually.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { aThread, json, type Provider, startProvider, stopProviders } from './provider.js';

afterEach(stopProviders);

const request: Omit<CallRequest, 'now'> = {
  source: 'dashboard',
  operation: 'getThread',
  parameters: { thread: 't1' },
  readingId: null,
  page: 0,
  attempt: 1,
};

/** One worker's way to a provider. */
async function callerOf(ledger: TestLedger, handler: Parameters<typeof startProvider>[0]) {
  const woken: string[] = [];
  const { db, clock, timing } = ledger;
  const courtesy: Courtesy = createCourtesy({ db, clock, timing, wake: async (source) => woken.push(source) });
  const provider: Provider = await startProvider(handler, {
    clock,
    onPause: (retryAfterMs) => courtesy.pause('dashboard', retryAfterMs),
  });
  const deps: ProviderCallDeps = { db, clock, timing, courtesy, clientOf: () => provider.client };
  const call = () => callProvider(deps, request, (client) => client.getThread('t1'));
  return { courtesy, provider, woken, call };
}

async function boundLedger(): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind();
  return ledger;
}

const blockedUntil = async ({ db }: TestLedger): Promise<Date | null> => {
  const [row] = await db.$queryRaw<{ at: Date | null }[]>`SELECT blocked_until AS at FROM source`;
  return row?.at ?? null;
};

describe('a pause that the provider asks for', () => {
  it('holds for every worker from the head of the answer on, however long its body takes', async () => {
    const ledger = await boundLedger();
    const slow = await callerOf(ledger, (_request, response) => {
      response.writeHead(429, { 'retry-after': '60' });
      response.write('{"error":'); // and the rest never comes
    });
    const other = await callerOf(ledger, (_request, response) => json(response, 200, aThread()));
    const call = slow.call().catch((error: unknown) => error);
    await eventually('the pause is written', () => blockedUntil(ledger));
    expect(slow.courtesy.restOf('dashboard')).toBe(MINUTE);
    await expect(other.call()).rejects.toMatchObject({ type: 'SourceBlocked', retryAfterMs: MINUTE });
    expect(other.provider.requests).toEqual([]);
    expect(await call).toMatchObject({ type: 'SourceRateLimited', status: 429 });
    expect((await blockedUntil(ledger))?.getTime()).toBe(ledger.clock.now().getTime() + MINUTE);
    expect(slow.woken).toContain('dashboard');
  });

  it('stops a request whose row was opened before it was known, and that row says that nothing left', async () => {
    const ledger = await boundLedger();
    const caller = await callerOf(ledger, (_request, response) => json(response, 200, aThread()));
    // The pause is known to the process and not yet to the ledger: the moment between head and commit.
    const pausing = caller.courtesy.pause('dashboard', 5_000);
    await ledger.db.$executeRaw`UPDATE source SET blocked_until = NULL`;
    await pausing;
    await ledger.db.$executeRaw`UPDATE source SET blocked_until = NULL`;
    await expect(caller.call()).rejects.toMatchObject({ type: 'SourceBlocked', retryAfterMs: 5_000 });
    expect(caller.provider.requests).toEqual([]);
    const rows = await ledger.db.$queryRaw`SELECT failure, status, rows, retry_after_ms FROM provider_call`;
    expect(rows).toEqual([{ failure: 'SourceBlocked', status: null, rows: null, retry_after_ms: null }]);
    ledger.clock.advance(5_000);
    await caller.call();
    expect(caller.provider.requests).toHaveLength(1);
  });

  it.each([
    ['seconds', { 'retry-after': '20' }, 20_000],
    ['no Retry-After', {}, 30_000],
    ['an absurd one', { 'retry-after': '1000000000' }, 60 * MINUTE],
    ['one that nobody can read', { 'retry-after': 'soon' }, 30_000],
    [
      'a date of a provider whose clock is wrong',
      { date: 'Mon, 01 Jan 2001 00:00:00 GMT', 'retry-after': 'Mon, 01 Jan 2001 00:00:45 GMT' },
      45_000,
    ],
  ])('of %s is the one that is written', async (_, headers, ms) => {
    const ledger = await boundLedger();
    const caller = await callerOf(ledger, (_request, response) => json(response, 429, { error: 'slow down' }, headers));
    await expect(caller.call()).rejects.toMatchObject({ type: 'SourceRateLimited' });
    expect((await blockedUntil(ledger))?.getTime()).toBe(ledger.clock.now().getTime() + ms);
  });

  it('wakes the pacer once for all the 429s of one moment, and once for failures close together', async () => {
    const ledger = await boundLedger();
    const caller = await callerOf(ledger, (_request, response) => json(response, 500, {}));
    await Promise.all([1, 2, 3].map(() => caller.courtesy.pause('dashboard', 1_000)));
    expect(caller.woken).toHaveLength(1);
    ledger.clock.advance(1_000);
    for (let index = 0; index < 3; index++) await caller.call().catch(() => undefined);
    expect(caller.woken).toHaveLength(2);
  });
});
