import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ActivityDeps } from '../../../src/activities/deps.js';
import { createLifecycleSteps } from '../../../src/activities/lifecycle-steps.js';
import { checkBalance } from '../../../src/assurance/balance.js';
import { ruleClassifier } from '../../../src/classify/rules.js';
import type { Form } from '../../../src/domain/forms.js';
import { bindForm, recordSubmission } from '../../../src/ledger/submissions.js';
import { createLogger } from '../../../src/telemetry/logger.js';
import { HOUR, iso } from '../../support/clock.js';
import { contactForm, submissionBody } from '../../support/forms.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';
import { testLedger } from '../../support/ledger.js';

const MAILER = 'website@example.org';
const form = (more: Partial<Form> = {}): Form => contactForm({ mailers: [MAILER], ...more });
const mailed = (id: string, words: string, more: object = {}) =>
  incomingMessage(id, {
    from: { kind: 'email', value: MAILER, name: 'Website' },
    headers: { 'auto-submitted': 'auto-generated' },
    text: `Name: A customer\nEmail: customer@example.com\nMessage: ${words}`,
    originAt: iso(),
    ...more,
  });

async function withLedger(forms: Form[] = [form()]) {
  const ledger = await testLedger();
  const { db, clock, timing } = ledger;
  const first = new Date(0);
  await ledger.bind({ firstMode: 'live', answerFrom: first });
  await ledger.list([incomingThread('t1'), incomingThread('t2')]);
  const log = createLogger({ subsystem: 'lifecycle', level: 'silent' });
  const deps = {
    ...{ db, clock, timing, forms, classifier: ruleClassifier },
    ownAddresses: new Set([MAILER]),
    log: { lifecycle: log },
  } as unknown as ActivityDeps;
  const steps = createLifecycleSteps(deps);
  const takeUp = async (id: string, source = 'dashboard') =>
    steps.takeUp({ messageId: (await ledger.message(id, source)).id, runId: randomUUID(), bodyWaits: 0 });
  const push = async (body: string, of: Form = forms[0] ?? form()) => {
    await bindForm(db, of, 'main', clock.now());
    const arrival = { form: of, by: 'webhook', raw: Buffer.from(body), body: JSON.parse(body) as unknown } as const;
    return recordSubmission(db, { ...arrival, deliveryId: null, call: null, now: clock.now(), timing });
  };
  const kinds = async (id: string) =>
    (
      await db.$queryRaw<{ kind: string }[]>`
        SELECT kind FROM lifecycle_event WHERE message_id = ${(await ledger.message(id)).id}::uuid ORDER BY seq`
    ).map((row) => row.kind);
  return { ledger, steps, takeUp, push, kinds };
}

/** Without the vendor's id: what came is told by its words. */
const unnamed = (words: string) => JSON.stringify({ fields: { email: 'Customer@example.com', message: words } });

describe('a form that comes through the dashboard', () => {
  it('is recognised, mapped and carried by the route of forms, although its mailer is a machine of our own', async () => {
    const { ledger, takeUp, kinds } = await withLedger();
    await ledger.read('t1', [mailed('m1', 'Where is my parcel?')]);
    expect(await takeUp('m1')).toMatchObject({ kind: 'go', route: 'form' });
    expect(await kinds('m1')).toEqual(['recorded', 'carried', 'mapped', 'triaged']);
    expect(await ledger.db.$queryRaw`SELECT way, source, fields ->> 'email' AS email FROM submission`).toEqual([
      { way: 'mail', source: 'form.contact', email: 'customer@example.com' },
    ]);
    expect(JSON.stringify(await ledger.db.$queryRaw`SELECT detail FROM lifecycle_event`)).not.toContain('@');
  });

  it('is mapped once, however often it is taken up', async () => {
    const { ledger, takeUp } = await withLedger();
    await ledger.read('t1', [mailed('m1', 'Where is my parcel?')]);
    await takeUp('m1');
    expect(await takeUp('m1')).toMatchObject({ kind: 'go', route: 'form' });
    expect(await ledger.count('submission')).toBe(1);
  });

  it('asks with its message, not with the names of its fields', async () => {
    const { ledger, steps, takeUp } = await withLedger();
    await ledger.read('t1', [mailed('m1', 'I forgot my password')]);
    const taken = await takeUp('m1');
    const { id } = await ledger.message('m1');
    if (taken.kind !== 'go') throw new Error('not taken up');
    expect(await steps.understand({ messageId: id, carry: taken.carry })).toMatchObject({ label: 'password_reset' });
  });

  it('is an ordinary mail where its mailer writes something else, and never a machine', async () => {
    const { ledger, takeUp } = await withLedger();
    await ledger.read('t1', [mailed('m1', '', { text: 'The website was updated.' })]);
    expect(await takeUp('m1')).toMatchObject({ kind: 'go', route: 'email' });
  });

  it('is no form where anybody else writes in lines', async () => {
    const { ledger, takeUp } = await withLedger();
    const from = { kind: 'email' as const, value: 'customer@example.com', name: null };
    await ledger.read('t1', [mailed('m1', 'Where is it?', { from, headers: {} })]);
    expect(await takeUp('m1')).toMatchObject({ kind: 'go', route: 'email' });
    expect(await ledger.count('submission')).toBe(0);
  });
});

describe('the same submission by webhook and by mail', () => {
  it('is carried where it came first: the mail after the webhook is a duplicate', async () => {
    const { ledger, takeUp, push } = await withLedger();
    await push(unnamed('Where is my parcel?'));
    await ledger.read('t1', [mailed('m1', 'Where is\nmy parcel ?')]);
    expect(await takeUp('m1')).toMatchObject({ kind: 'ended', disposition: 'duplicate_of', reason: 'same_submission' });
    const [first] = await ledger.db.$queryRaw<{ id: string }[]>`SELECT id FROM message WHERE source = 'form.contact'`;
    expect((await ledger.message('m1')).other).toBe(first?.id);
    expect((await checkBalance(ledger.db)).equations.filter((one) => one.residuals > 0)).toEqual([]);
  });

  it('and the webhook after the mail ends as it is recorded', async () => {
    const { ledger, takeUp, push } = await withLedger();
    await ledger.read('t1', [mailed('m1', 'Where is my parcel?')]);
    await takeUp('m1');
    await push(submissionBody('s1', { message: 'Where is my parcel?' }));
    const { id } = await ledger.message('m1');
    expect(await ledger.message('s1', 'form.contact')).toMatchObject({
      state: 'ended',
      disposition: 'duplicate_of',
      reason: 'same_submission',
      other: id,
    });
    expect((await checkBalance(ledger.db)).equations.filter((one) => one.residuals > 0)).toEqual([]);
  });

  it('is known by its id however much later it comes, and never by its words where the ids differ', async () => {
    const { ledger, takeUp, push } = await withLedger();
    await push(submissionBody('s1', { message: 'Where is my parcel?' }));
    ledger.clock.advance(100 * HOUR);
    const withId = (id: string) => ({
      text: `Submission ID: ${id}\nEmail: customer@example.com\nMessage: Where is my parcel?`,
      originAt: iso(100 * HOUR),
    });
    await ledger.read('t1', [mailed('m1', '', withId('s1')), mailed('m2', '', withId('s2'))]);
    expect(await takeUp('m1')).toMatchObject({ kind: 'ended', reason: 'same_submission' });
    expect(await takeUp('m2')).toMatchObject({ kind: 'go', route: 'form' });
  });

  it('is another one where its id is the same and its sender is not: ids of a mail are told by whoever wrote it', async () => {
    const { ledger, takeUp, push } = await withLedger([form({ required: ['message'] })]);
    const text = 'Submission ID: s1\nEmail: somebody@example.org\nMessage: Where is my parcel?';
    await ledger.read('t1', [mailed('m1', '', { text })]);
    expect(await takeUp('m1')).toMatchObject({ kind: 'go', route: 'form' });
    await push(submissionBody('s1'));
    expect(await ledger.message('s1', 'form.contact')).toMatchObject({ state: 'recorded' });
    const byPhone = 'Submission ID: s2\nPhone: +44 20 7946 0958\nMessage: Where is it?';
    await push(submissionBody('s2', { email: undefined, phone: '020 7946 0001' }));
    await ledger.read('t2', [mailed('m2', '', { text: byPhone })]);
    expect(await takeUp('m2')).toMatchObject({ kind: 'go', route: 'form' });
  });

  it('is one where the mail writes its number in another way and leaves out the address', async () => {
    const { ledger, takeUp, push } = await withLedger([form({ required: ['message'] })]);
    await push(submissionBody('s1', { phone: '020 7946 0958' }));
    const text = 'Submission ID: s1\nPhone: +44 20 7946 0958\nMessage: Where is my parcel? (s1)';
    await ledger.read('t1', [mailed('m1', '', { text })]);
    expect(await takeUp('m1')).toMatchObject({ kind: 'ended', reason: 'same_submission' });
  });

  it('is another one where the same words come later than the time for it', async () => {
    const { ledger, takeUp, push } = await withLedger();
    await push(unnamed('Where is my parcel?'));
    ledger.clock.advance(3 * HOUR);
    await ledger.read('t1', [mailed('m1', 'Where is my parcel?', { originAt: iso(3 * HOUR) })]);
    expect(await takeUp('m1')).toMatchObject({ kind: 'go', route: 'form' });
  });

  it('is carried by the mail where the form is only observed', async () => {
    const { ledger, takeUp, push } = await withLedger([form({ mode: null, answerFrom: null })]);
    await push(unnamed('Where is my parcel?'));
    await ledger.read('t1', [mailed('m1', 'Where is my parcel?')]);
    expect(await takeUp('m1')).toMatchObject({ kind: 'go', route: 'form' });
  });

  it('calls back where the form, or its words beside a number, ask for it', async () => {
    const { takeUp, push } = await withLedger();
    await push(submissionBody('s1', { phone: '020 7946 0958', callback: 'on' }));
    await push(submissionBody('s2', { phone: '020 7946 0958', message: 'Please call me back' }));
    await push(submissionBody('s3', { message: 'Please call me back' }));
    expect(await takeUp('s1', 'form.contact')).toMatchObject({ route: 'callback' });
    expect(await takeUp('s2', 'form.contact')).toMatchObject({ route: 'callback' });
    expect(await takeUp('s3', 'form.contact')).toMatchObject({ route: 'form' });
  });
});
