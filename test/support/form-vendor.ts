import Fastify from 'fastify';
import { expect, onTestFinished } from 'vitest';
import { type FormCallDeps, listSubmissionPage, sendFormCanary } from '../../src/activities/form-calls.js';
import { addFormWebhooks } from '../../src/api/form-webhooks.js';
import { readFormStatus } from '../../src/assurance/forms.js';
import { systemClock } from '../../src/domain/clock.js';
import type { Form, Reconciliation } from '../../src/domain/forms.js';
import { closeFormRound, openFormRound } from '../../src/ledger/form-rounds.js';
import { bindForm } from '../../src/ledger/submissions.js';
import type { SubmissionTruth } from '../../src/simulator/form-vendor.js';
import { startSimulator } from '../../src/simulator/server.js';
import { createFormClient } from '../../src/sources/forms/client.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { testClock } from './clock.js';
import { contactForm, newSigningSecret } from './forms.js';
import { testLedger } from './ledger.js';

const TOKEN = 'token-of-the-vendor';
const CONTROL = 'token-of-the-control';
export const LIST = {
  by: 'list',
  token: TOKEN,
  ratePerSecond: 10,
  items: 'items',
  cursor: 'next_cursor',
  body: '',
} as const;

/** The API on a port of its own, and a vendor that delivers to it; the vendor's clock and ours stand together. */
export async function withVendor(reconciliation: (url: string) => Reconciliation) {
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
  async function reconcile({ audit = false } = {}) {
    const { source } = form;
    const context = () => ({ form, now: clock.now(), timing });
    const { id: roundId, since, canaryId } = await openFormRound(db, { ...context(), runId: `run ${++runs}`, audit });
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

export const idsOf = (submissions: readonly SubmissionTruth[]) => submissions.map((one) => one.id).sort();
