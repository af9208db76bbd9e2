import { describe, expect, it } from 'vitest';
import { comparePolicies } from '../../../src/assurance/compare-policies.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';
import { DAY, HOUR, iso } from '../../support/clock.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';
import { testLedger } from '../../support/ledger.js';

describe("the ledger's own arrivals under other policies", () => {
  it('shows what a poller with a window of one day would have lost, as a band, and what others cost', async () => {
    const ledger = await testLedger();
    await ledger.bind();
    await ledger.list(['t1', 't2'].map((id) => incomingThread(id, { createdAt: iso(-HOUR) })));
    for (const id of ['t1', 't2']) await ledger.read(id, [incomingMessage(`${id}-1`)]);
    ledger.clock.advance(6 * HOUR);
    await ledger.read('t1', [incomingMessage('t1-2'), incomingMessage('t1-1')]); // within the first day of its thread
    ledger.clock.advance(10 * DAY);
    for (const id of ['t1', 't2']) await ledger.read(id, [incomingMessage(`${id}-1`)]);
    ledger.clock.advance(DAY);
    await ledger.read('t2', [incomingMessage('t2-2'), incomingMessage('t2-1')]); // on the twelfth day
    await ledger.read('t1', [incomingMessage('t1-3')], { firstSeenBy: 'audit' }); // nobody knows when that came
    ledger.clock.advance(DAY);
    const result = await comparePolicies(ledger.db, 'dashboard', ledger.clock.now(), DEFAULT_TIMING);
    expect(result).toMatchObject({ threads: 2, arrivals: 2 });
    const policy = (words: string) => result.policies.find((one) => one.policy.includes(words));
    expect(policy('last 1 d')).toMatchObject({ coverage: { least: 0.5, most: 0.5 }, missed: { least: 1, most: 1 } });
    expect(policy('last 15 d')).toMatchObject({ coverage: { least: 1, most: 1 } });
    expect(policy('with classes')).toMatchObject({ coverage: { least: 1, most: 1 }, missed: { least: 0, most: 0 } });
    expect(policy('last 15 d')?.callsPerDay).toBeGreaterThan(4 * (policy('with classes')?.callsPerDay ?? 0));
    expect(policy('hints for 99 %')?.callsPerDay).toBeLessThan(policy('with classes')?.callsPerDay ?? 0);
  });

  it('reads a source of many threads in batches, and one without any without an error', async () => {
    const ledger = await testLedger();
    await ledger.bind();
    const ids = Array.from({ length: 501 }, (_, index) => `t${index}`);
    expect(await comparePolicies(ledger.db, 'dashboard', ledger.clock.now(), DEFAULT_TIMING)).toMatchObject({
      threads: 0,
    });
    await ledger.list(ids.map((id) => incomingThread(id)));
    await ledger.db.$executeRaw`UPDATE thread SET read_whole_at = ${ledger.clock.now()}`;
    const result = await comparePolicies(ledger.db, 'dashboard', ledger.clock.advance(DAY), DEFAULT_TIMING);
    expect(result).toMatchObject({ threads: 501, arrivals: 0 });
  });
});
