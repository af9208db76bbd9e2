import { expect, it } from 'vitest';
import { reportBackfill } from '../../../src/assurance/backfill/report.js';
import { fillByNaivePoller } from '../../../src/demo/naive-ledger.js';
import { walkBackfill } from '../../../src/demo/walk.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';
import { openWorld } from '../../../src/simulator/open-world.js';
import { truthAt } from '../../../src/simulator/truth.js';
import { DAY, HOUR, START } from '../../support/clock.js';
import { testLedger } from '../../support/ledger.js';

it('lists an interval again once visits know what became of threads that were merged away', async () => {
  const { db } = await testLedger();
  const [from, to] = [START.getTime() - 30 * DAY, START.getTime()];
  const { world } = openWorld(
    {
      token: 'a',
      controlToken: 'b',
      seed: 10,
      threads: 14,
      days: 30,
      profile: 'observed',
      rates: { 'merged-threads': 0.5 },
    },
    { now: () => START },
  );
  await fillByNaivePoller({ db, world, from, to, everyMs: HOUR });
  const { signal } = new AbortController();
  const { backfillId } = await walkBackfill({
    db,
    world,
    source: 'simulator',
    from,
    to,
    timing: DEFAULT_TIMING,
    begunAt: to,
    signal,
  });
  const { whole, threads } = await reportBackfill(db, backfillId, START);
  expect({ whole, unread: threads.unread }).toEqual({ whole: true, unread: 0 });
  const [gone] = await db.$queryRaw<{ n: number }[]>`SELECT count(*)::int AS n FROM thread WHERE gone_at IS NOT NULL`;
  expect(gone?.n).toBeGreaterThan(0);
  const held = await db.$queryRaw<{ id: string }[]>`SELECT provider_message_id AS id FROM message`;
  const ids = new Set(held.map((row) => row.id));
  expect(truthAt(world, to, to).obtainable.filter((id) => !ids.has(id))).toEqual([]);
});
