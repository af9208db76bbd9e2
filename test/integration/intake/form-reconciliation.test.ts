import { describe, expect, it } from 'vitest';
import { checkBalance } from '../../../src/assurance/balance.js';
import { closeFormRound, openFormRound } from '../../../src/ledger/form-rounds.js';
import { HOUR } from '../../support/clock.js';
import { idsOf, LIST, withVendor } from '../../support/form-vendor.js';

describe('a form whose vendor has a list', () => {
  it('lacks nothing once the list was read, with 2 % of the webhooks withheld, repeats and forgeries', async () => {
    const { db, reconcile, traffic, truth, held, status } = await withVendor((url) => ({
      ...LIST,
      url: `${url}/submissions`,
    }));
    await traffic({ count: 150, withheld: 0.02, repeated: 0.1, forged: 0.1 });
    const { submissions, forgeries } = await truth();
    expect(submissions.filter((one) => one.withheld)).toHaveLength(3);
    expect(submissions.flatMap((one) => one.answers).every((answer) => answer === 202 || answer === 200)).toBe(true);
    expect(new Set(forgeries)).toEqual(new Set([401]));
    expect(await held()).toEqual(idsOf(submissions.filter((one) => !one.withheld)));
    expect(await status()).toMatchObject({ verdict: 'unknown', missing: null });

    expect(await reconcile()).toMatchObject({ listed: 150, recovered: 3 });
    expect(await held()).toEqual(idsOf(submissions));
    expect(await db.$queryRaw`SELECT count(*)::int AS count FROM message WHERE first_seen_by = 'poll'`).toEqual([
      { count: 3 },
    ]);
    expect(await db.$queryRaw`SELECT count(*)::int AS count FROM message`).toEqual([{ count: 150 }]);
    expect(await status()).toMatchObject({ verdict: 'complete', missing: 0, pushed: 147, onlyListed: 3 });
    expect((await checkBalance(db)).equations.filter((one) => one.residuals > 0 || one.left !== one.right)).toEqual([]);
  }, 60_000);

  it('says unknown, with an alarm, once the list cannot be read any more', async () => {
    const { db, clock, timing, form, reconcile, status, alarms, traffic } = await withVendor((url) => ({
      ...LIST,
      url: `${url}/submissions`,
    }));
    await traffic({ count: 3, withheld: 0.5 });
    await reconcile();
    expect(await status()).toMatchObject({ verdict: 'complete' });
    clock.advance(2 * HOUR);
    const context = () => ({ form, now: clock.now(), timing });
    const { id: roundId } = await openFormRound(db, { ...context(), runId: 'a run whose calls all fail' });
    await closeFormRound(db, { ...context(), roundId });
    expect(await status()).toMatchObject({ verdict: 'unknown', missing: null });
    expect(await alarms()).toEqual([{ subject: 'list', state: 'open' }]);
    await reconcile();
    expect(await status()).toMatchObject({ verdict: 'complete' });
    expect(await alarms()).toEqual([{ subject: 'list', state: 'quenched' }]);
  });

  it('asks for a page once, and reads the list again from a day before the last whole reading', async () => {
    const { db, reconcile, traffic, clock, timing } = await withVendor((url) => ({
      ...LIST,
      url: `${url}/submissions`,
    }));
    await traffic({ count: 60 });
    const begun = clock.now().getTime();
    await reconcile();
    clock.advance(HOUR);
    expect(await reconcile()).toMatchObject({ listed: 60, recovered: 0 });
    const rounds = await db.$queryRaw<{ since: Date }[]>`SELECT since_at AS since FROM form_round ORDER BY opened_at`;
    expect(rounds.map(({ since }) => since.getTime() - begun)).toEqual([
      -timing.formsHorizonMs,
      -timing.formsOverlapMs,
    ]);
    expect(
      await db.$queryRaw`SELECT count(*)::int AS count FROM provider_call WHERE operation = 'listSubmissions'`,
    ).toEqual([{ count: 4 }]);
  });
});

describe('a form without a list', () => {
  it('shows a withheld webhook as a gap in its sequence', async () => {
    const { clock, timing, reconcile, traffic, truth, alarms, status } = await withVendor(() => ({
      by: 'sequence',
    }));
    expect(await status()).toMatchObject({ verdict: 'unknown', missing: null });
    await traffic({ count: 50, withheld: 0.02 });
    await traffic({ count: 1 });
    expect(await reconcile()).toMatchObject({ missing: 0 }); // too young to say
    clock.advance(timing.formGapMs + 1);
    const lost = (await truth()).submissions.filter((one) => one.withheld);
    expect(await reconcile()).toMatchObject({ missing: lost.length });
    expect(await status()).toMatchObject({
      verdict: 'gaps',
      missing: lost.length,
      ranges: lost.map((one) => String(one.number)),
    });
    expect(await alarms()).toEqual([{ subject: 'sequence', state: 'open' }]);
  });

  it('sends a canary that comes back through its webhook, and counts in no figure', async () => {
    const { db, reconcile, alarms, status, clock, timing } = await withVendor((url) => ({
      by: 'canary',
      url: `${url}/submit`,
      ratePerSecond: 1,
      markerField: 'message',
    }));
    await reconcile();
    expect(await status()).toMatchObject({ verdict: 'sampled', missing: null, pushed: 0 });
    expect(await db.$queryRaw`SELECT state, message_id FROM submission`).toEqual([
      { state: 'canary', message_id: null },
    ]);
    expect(await db.$queryRaw`SELECT count(*)::int AS count FROM message`).toEqual([{ count: 0 }]);
    await db.$executeRaw`UPDATE form_canary SET came_at = NULL`;
    clock.advance(timing.formCanaryDueMs + 1);
    await reconcile();
    expect(await alarms()).toEqual([{ subject: 'canary', state: 'open' }]);
    expect(await status()).toMatchObject({ verdict: 'gaps', missing: null });
  });

  it('is unknown where nothing proves that all came, whatever came', async () => {
    const { traffic, reconcile, status } = await withVendor(() => ({ by: 'none' }));
    await traffic({ count: 5, withheld: 0.2 });
    await reconcile();
    expect(await status()).toMatchObject({ verdict: 'unknown', missing: null, pushed: 4 });
  });
});
