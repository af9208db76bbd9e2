import { createHmac, randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addFormWebhooks } from '../../../src/api/form-webhooks.js';
import { checkBalance } from '../../../src/assurance/balance.js';
import { systemClock } from '../../../src/domain/clock.js';
import type { Form } from '../../../src/domain/forms.js';
import { remapSubmissions } from '../../../src/ledger/remap-submissions.js';
import { createLogger } from '../../../src/telemetry/logger.js';
import { DAY } from '../../support/clock.js';
import { eventually } from '../../support/eventually.js';
import { contactForm, newSigningSecret, submissionBody } from '../../support/forms.js';
import { testLedger } from '../../support/ledger.js';

interface Sent {
  id?: string;
  secret?: string;
  at?: Date;
  body?: string;
  instead?: string;
  form?: string;
}

async function withApi(form: Form = contactForm(), perMinute = 1_000) {
  const ledger = await testLedger();
  const stored: string[] = [];
  const app: FastifyInstance = Fastify();
  await addFormWebhooks(app, {
    db: ledger.db,
    clock: ledger.clock,
    log: createLogger({ subsystem: 'api', level: 'silent' }),
    timing: ledger.timing,
    mailboxGroup: 'main',
    forms: [form],
    perMinute,
    onStored: () => stored.push('stored'),
  });
  onTestFinished(() => app.close());
  const post = async (headers: Record<string, string>, payload: string, name = form.name) => {
    const answer = await app.inject({ method: 'POST', url: `/webhooks/forms/${name}`, headers, payload });
    return { status: answer.statusCode, said: (answer.json() as { status: string }).status };
  };
  const send = ({ id = randomUUID(), at = systemClock.now(), body = submissionBody('s1'), ...sent }: Sent = {}) => {
    const secret = sent.secret ?? form.verification.secrets[0] ?? '';
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
    };
    return post(headers, sent.instead ?? body, sent.form);
  };
  const refused = (cause: string) =>
    eventually(`a refusal is counted: ${cause}`, async () => {
      const rows = await ledger.db.$queryRaw<{ source: string; count: number }[]>`
        SELECT source, count::int FROM form_refusal WHERE cause = ${cause}`;
      return rows.length > 0 && rows;
    });
  const nothing = async () => {
    for (const table of ['submission', 'message', 'park', 'thread', 'form_delivery'])
      expect({ table, rows: await ledger.count(table) }).toEqual({ table, rows: 0 });
  };
  return { ledger, app, form, send, post, stored, refused, nothing };
}

describe('POST /webhooks/forms/:form', () => {
  it('records a submission and its message before it answers 202', async () => {
    const { ledger, send, stored } = await withApi();
    const body = submissionBody('s1', { phone: '020 7946 0958', callback: 'yes' });
    expect(await send({ body })).toEqual({ status: 202, said: 'stored' });
    expect(await ledger.message('s1', 'form.contact')).toMatchObject({ state: 'recorded', hold: null });
    const [row] = await ledger.db.$queryRaw<{ raw: Buffer; fields: object; state: string }[]>`
      SELECT raw, fields, state FROM submission`;
    expect(row?.raw.toString('utf8')).toBe(body);
    expect(row).toMatchObject({ state: 'mapped', fields: { email: 'customer@example.com', wantsCallback: true } });
    const [message] = await ledger.db.$queryRaw<{ channel: string; by: string }[]>`
      SELECT channel, first_seen_by AS by FROM message`;
    expect(message).toEqual({ channel: 'form', by: 'webhook' });
    expect(stored).toHaveLength(1);
    expect(
      (await checkBalance(ledger.db)).equations.filter((one) => one.residuals > 0 || one.left !== one.right),
    ).toEqual([]);
  });

  it('answers nobody unless somebody said so: a form is observed at first', async () => {
    const { ledger, send } = await withApi(contactForm({ mode: null, answerFrom: null }));
    expect((await send()).status).toBe(202);
    expect(await ledger.message('s1', 'form.contact')).toMatchObject({ state: 'ended', reason: 'observed_only' });
  });

  it('answers 200 to a replay, and to the same submission in another delivery', async () => {
    const { ledger, send } = await withApi();
    await send({ id: 'd1' });
    expect(await send({ id: 'd1' })).toEqual({ status: 200, said: 'replay' });
    expect(await send({ id: 'd2' })).toEqual({ status: 200, said: 'known' });
    expect(await ledger.count('message')).toBe(1);
    expect(await ledger.count('submission')).toBe(1);
  });

  it('takes one of twenty deliveries of one submission at once, and the others as known', async () => {
    const { ledger, send } = await withApi();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send()));
    expect(answers.filter((one) => one.said === 'stored')).toHaveLength(1);
    expect(answers.filter((one) => one.said === 'known')).toHaveLength(19);
    expect(await ledger.count('message')).toBe(1);
  });

  it('keeps other words under the same id as a version of the message', async () => {
    const { ledger, send } = await withApi();
    await send();
    expect((await send({ body: submissionBody('s1', { message: 'Where is my other parcel?' }) })).status).toBe(202);
    expect(await ledger.count('message')).toBe(1);
    expect(await ledger.count('message_body')).toBe(2);
    expect(await ledger.count('submission')).toBe(2);
  });

  it('refuses what no secret of ours signed, or what was changed by a space', async () => {
    const { send, refused, nothing } = await withApi();
    expect((await send({ secret: newSigningSecret() })).status).toBe(401);
    expect((await send({ instead: `${submissionBody('s1')} ` })).status).toBe(401);
    await eventually('both are counted', async () => (await refused('forged'))[0]?.count === 2);
    expect((await refused('forged'))[0]?.source).toBe('form.contact');
    await nothing();
  });

  it.each([6 * 60_000, -6 * 60_000])('refuses a timestamp that is %s ms away', async (ago) => {
    const { send, refused, nothing } = await withApi();
    expect((await send({ at: new Date(systemClock.now().getTime() - ago) })).status).toBe(401);
    await refused('stale');
    await nothing();
  });

  it('refuses more bytes than the form takes with 413', async () => {
    const { send, refused, nothing } = await withApi(contactForm({ maxBytes: 512 }));
    expect((await send({ body: submissionBody('s1', { message: 'x'.repeat(600) }) })).status).toBe(413);
    expect((await send({ body: submissionBody('s1', { message: 'x'.repeat(60_000) }) })).status).toBe(413);
    await refused('oversized');
    await nothing();
  });

  it('takes what was signed whatever its header says of the type', async () => {
    const { post, form } = await withApi();
    for (const [index, type] of ['json', 'text/plain;', ';', 'application/json; charset=latin-9'].entries()) {
      const body = submissionBody(`s${index}`);
      const [id, at] = [randomUUID(), systemClock.now()];
      const headers = {
        'content-type': type,
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
        'webhook-signature': new Webhook(form.verification.secrets[0] ?? '').sign(id, at, body),
      };
      expect({ type, ...(await post(headers, body)) }).toEqual({ type, status: 202, said: 'stored' });
    }
  });

  it('answers 404 for a form that is not configured, and keeps nothing of its name', async () => {
    const { send, refused, nothing } = await withApi();
    expect((await send({ form: 'canary' })).status).toBe(404);
    expect((await refused('unknown_form'))[0]?.source).toBe('');
    await nothing();
  });

  it('answers 429 to a flood', async () => {
    const { send, refused, nothing } = await withApi(contactForm(), 20);
    const statuses: number[] = [];
    for (let index = 0; index < 60; index++) statuses.push((await send({ secret: newSigningSecret() })).status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(20);
    expect(statuses.filter((status) => status === 429)).toHaveLength(40);
    await refused('too_many');
    await nothing();
  });

  it('takes either of two secrets while one replaces the other', async () => {
    const secrets = [newSigningSecret(), newSigningSecret()];
    const { send } = await withApi(contactForm({ verification: { scheme: 'standard-webhooks', secrets } }));
    for (const [index, secret] of secrets.entries())
      expect((await send({ secret, body: submissionBody(`s${index}`) })).status).toBe(202);
  });

  it('answers 503 while the ledger is away, and takes the same delivery then', async () => {
    const { ledger, send } = await withApi();
    await send({ body: submissionBody('s0') });
    await ledger.db.run('ALTER TABLE submission RENAME TO submission_away');
    expect((await send({ id: 'd1' })).status).toBe(503);
    await ledger.db.run('ALTER TABLE submission_away RENAME TO submission');
    expect((await send({ id: 'd1' })).status).toBe(202);
  });

  it.each([
    ['fields that do not fit', submissionBody('s1', { email: 'canary at nowhere' })],
    ['no JSON', 'a body that nothing reads'],
    ['a list', '[]'],
    ['nothing', ''],
    ['a byte 0', '{"id":"s\\u00001"}'],
    [
      'lists in lists without end',
      `{"fields":{"email":"a@example.com","message":${'['.repeat(7_000)}${']'.repeat(7_000)}}}`,
    ],
  ])('keeps and parks what it signed for with %s', async (_, body) => {
    const { ledger, send } = await withApi();
    expect(await send({ body })).toEqual({ status: 202, said: 'parked' });
    const [park] = await ledger.db.$queryRaw<
      { kind: string; reason: string; problem: string }[]
    >`SELECT kind, reason, problem FROM park`;
    expect(park).toMatchObject({ kind: 'submission', reason: 'submission_invalid' });
    expect(park?.problem).not.toContain('canary');
    const [kept] = await ledger.db.$queryRaw<{ raw: Buffer; state: string }[]>`SELECT raw, state FROM submission`;
    expect({ raw: kept?.raw.toString('utf8'), state: kept?.state }).toEqual({ raw: body, state: 'parked' });
    expect((await checkBalance(ledger.db)).balanced).toBe(true);
  });

  it('maps what lay parked once its form is configured for it, for a person to answer', async () => {
    const form = contactForm({ required: ['email', 'message', 'phone'] });
    const { ledger, send } = await withApi(form);
    await send();
    const again = (forms: Form[]) => {
      const now = ledger.clock.advance(DAY);
      return remapSubmissions(ledger.db, { forms, which: 'due', now, timing: ledger.timing });
    };
    expect(await again([form])).toEqual({ examined: 1, mapped: 0 });
    expect(await again([{ ...form, required: ['email'] }])).toEqual({ examined: 1, mapped: 1 });
    expect(await ledger.message('s1', 'form.contact')).toMatchObject({ state: 'recorded', hold: 'read_late' });
    expect(await ledger.db.$queryRaw`SELECT state FROM park`).toEqual([{ state: 'resolved' }]);
    expect(await ledger.db.$queryRaw`SELECT state FROM submission`).toEqual([{ state: 'mapped' }]);
    expect(await again([{ ...form, required: ['email'] }])).toEqual({ examined: 0, mapped: 0 });
  });
});

describe('a vendor with a signature of its own', () => {
  const secret = 'a secret of some length';
  const own = (more: object = {}): Form =>
    contactForm({
      verification: {
        scheme: 'hmac',
        secrets: ['the secret before it', secret],
        header: 'x-signature',
        algorithm: 'sha256',
        encoding: 'hex',
        prefix: 'sha256=',
        timestampHeader: null,
        deliveryHeader: 'x-delivery',
        ...more,
      },
    });
  const body = submissionBody('s1');
  const sign = (text: string, algorithm = 'sha256') => createHmac(algorithm, secret).update(text);

  it('is verified by header, prefix and encoding', async () => {
    const { post } = await withApi(own());
    const signature = sign(body).digest('hex');
    expect((await post({ 'x-signature': signature }, body)).status).toBe(401);
    expect((await post({ 'x-signature': `sha256=${signature.slice(2)}` }, body)).status).toBe(401);
    expect((await post({}, body)).status).toBe(401);
    expect(await post({ 'x-signature': `sha256=${signature}`, 'x-delivery': 'd1' }, body)).toEqual({
      status: 202,
      said: 'stored',
    });
    expect(await post({ 'x-signature': `sha256=${signature}`, 'x-delivery': 'd1' }, body)).toEqual({
      status: 200,
      said: 'replay',
    });
  });

  it('loses nothing to an id of a delivery that came with other bytes: the signature does not cover it', async () => {
    const { ledger, post } = await withApi(own());
    const signed = (text: string) => ({ 'x-signature': `sha256=${sign(text).digest('hex')}`, 'x-delivery': 'd1' });
    expect((await post(signed(body), body)).said).toBe('stored');
    const next = submissionBody('s2');
    expect((await post(signed(next), next)).said).toBe('stored');
    expect((await post(signed(next), next)).said).toBe('replay');
    expect(await ledger.count('message')).toBe(2);
  });

  it('takes sha1 in base64 where that is what the vendor has', async () => {
    const { post } = await withApi(own({ algorithm: 'sha1', encoding: 'base64', prefix: '' }));
    expect((await post({ 'x-signature': sign(body, 'sha1').digest('base64') }, body)).status).toBe(202);
  });

  it('holds a signed instant to five minutes', async () => {
    const { ledger, post } = await withApi(own({ prefix: '', timestampHeader: 'x-time' }));
    const at = (ms: number) => String(Math.floor((ledger.clock.now().getTime() + ms) / 1_000));
    const signed = (stamp: string) => ({ 'x-time': stamp, 'x-signature': sign(`${stamp}.${body}`).digest('hex') });
    expect((await post(signed(at(-6 * 60_000)), body)).status).toBe(401);
    expect((await post({ ...signed(at(-6 * 60_000)), 'x-time': at(0) }, body)).status).toBe(401);
    expect((await post(signed(at(-4 * 60_000)), body)).status).toBe(202);
  });

  it('reads the pairs of an ordinary form', async () => {
    const fields = { submission_id: 'id', email: 'email', message: 'message' };
    const { ledger, post } = await withApi({ ...own(), fields });
    const pairs = 'id=s1&email=customer%40example.com&message=Where+is+my+parcel%3F';
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-signature': `sha256=${sign(pairs).digest('hex')}`,
    };
    expect((await post(headers, pairs)).status).toBe(202);
    expect(await ledger.db.$queryRaw`SELECT text FROM message_body`).toEqual([{ text: 'Where is my parcel?' }]);
  });
});
