import Fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type FormCallDeps, listSubmissionPage, sendFormCanary } from '../../../src/activities/form-calls.js';
import { addFormWebhooks } from '../../../src/api/form-webhooks.js';
import { checkBalance } from '../../../src/assurance/balance.js';
import { readFormStatus } from '../../../src/assurance/forms.js';
import { systemClock } from '../../../src/domain/clock.js';
import type { Form, Reconciliation } from '../../../src/domain/forms.js';
import { closeFormRound, openFormRound } from '../../../src/ledger/form-rounds.js';
import { bindForm } from '../../../src/ledger/submissions.js';
import type { SubmissionTruth } from '../../../src/simulator/form-vendor.js';
import { startSimulator } from '../../../src/simulator/server.js';
import { createFormClient } from '../../../src/sources/forms/client.js';
import { createLogger } from '../../../src/telemetry/logger.js';
import { HOUR, testClock } from '../../support/clock.js';
import { contactForm, newSigningSecret } from '../../support/forms.js';
import { testLedger } from '../../support/ledger.js';

const TOKEN = 'token-of-the-vendor';
const CONTROL = 'token-of-the-control';
const LIST = { by: 'list', token: TOKEN, ratePerSecond: 10, items: 'items', cursor: 'next_cursor', body: '' } as const;

/** The API on a port of its own, and a vendor that delivers to it; the vendor's clock and ours stand together. */
async function withVendor(reconciliation: (url: string) => Reconciliation) {
  const ledger = await testLedger();
  // Standard Webhooks look at the real clock, so the ledger's tests run in the real present.
  const clock = testClock(systemClock.now());
  const { db, timing } = ledger;
  const simulator = await startSimulator({ token: TOKEN, controlToken: CONTROL, threads: 0, clock });
  onTestFinished(() => simulator.close());
  const secret = newSigningSecret();
  const form: Form = contactForm({
    verification: { scheme: 'standard-webhooks', secrets: [secret] },
    reconciliation: reconciliation(`${simulator.url}/forms/contact`),
  });
  const log = createLogger({ subsystem: 'api', level: 'silent' });
  const app = Fastify({ forceCloseConnections: true });
  const parts = { db, clock, log, timing, mailboxGroup: 'main', forms: [form], perMinute: 10_000, onStored: () => {} };
  await addFormWebhooks(app, parts);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => app.close());
  await bindForm(db, form, 'main', clock.now());
  const ask = async <T>(path: string, body?: object): Promise<T> => {
    const answer = await fetch(`${simulator.url}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${CONTROL}` },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    expect(answer.ok).toBe(true);
    return (await answer.json()) as T;
  };
  await ask('/control/forms', { form: 'contact', target: `${url}/webhooks/forms/contact`, secret });
  const client = createFormClient(form, { deadlineMs: 5_000, clock });
  onTestFinished(() => client.close());
  const deps: FormCallDeps = { db, clock, timing, forms: [form], clientOf: () => client };
  let runs = 0;
  /** A round as the workflow goes about it. */
  async function reconcile() {
    const { source } = form;
    const context = () => ({ form, now: clock.now(), timing });
    const { id: roundId, since, canaryId } = await openFormRound(db, { ...context(), runId: `run ${++runs}` });
    if (canaryId) await sendFormCanary(deps, { source, canaryId }, 1);
    let page = form.reconciliation.by === 'list' ? await listSubmissionPage(deps, { source, roundId, since }, 1) : null;
    while (page?.next === 'more')
      page = await listSubmissionPage(deps, { source, roundId, since, afterCall: page.callId }, 1);
    return closeFormRound(db, { ...context(), roundId });
  }
  const traffic = (more: object) => ask('/control/form-traffic', { form: 'contact', ...more });
  const truth = async () => ask<{ submissions: SubmissionTruth[]; forgeries: number[] }>('/truth/forms?form=contact');
  const held = async () =>
    (
      await db.$queryRaw<{ item: string }[]>`SELECT DISTINCT item FROM submission WHERE state = 'mapped' ORDER BY item`
    ).map((row) => row.item);
  const alarms = () => db.$queryRaw<{ subject: string; state: string }[]>`
    SELECT subject, state FROM alarm WHERE kind = 'submission_gap' ORDER BY subject`;
  const status = async () => (await readFormStatus(db, [form], { now: clock.now(), timing }))[0];
  return { db, clock, timing, form, reconcile, traffic, truth, held, alarms, status };
}

const idsOf = (submissions: readonly SubmissionTruth[]) => submissions.map((one) => one.id).sort();

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
