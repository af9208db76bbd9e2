import { expect, it } from 'vitest';
import { proveBackfill } from '../../bench/support/backfill-proof.js';
import { testDatabase, testNamespace } from '../support/servers.js';

const MINUTES = 60_000;

/** The short form of `npm run prove -- backfill`. */
it(
  'a backfill whose worker is killed three times brings in all that a naive intake left out, tells it truly and answers nobody',
  async () => {
    const servers = { database: testDatabase, namespace: testNamespace };
    const account = await proveBackfill(servers, {
      profile: 'observed',
      threads: 300,
      seed: 5,
      kills: 3,
      restart: null,
      rate: 60,
      say: () => undefined,
    });
    expect(account).toMatchObject({ missing: 0, storedTwice: 0, residuals: 0, replies: 0, wrongMonths: [] });
    expect(account.missed).toBeGreaterThan(50);
    expect(account.again).toMatchObject({ callsWhileHeld: 0, missed: 0 });
    expect(account.again.lastCallAfterMs).toBeLessThan(2_000);
  },
  4 * MINUTES,
);
