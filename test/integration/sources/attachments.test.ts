import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { createAttachmentCalls } from '../../../src/activities/attachment-calls.js';
import type { ActivityDeps } from '../../../src/activities/deps.js';
import { checkBalance } from '../../../src/assurance/balance.js';
import type { AttachmentStub } from '../../../src/domain/message.js';
import { postgresStore, s3Store } from '../../../src/ledger/attachment-store.js';
import { dueAttachments, postponeAttachment } from '../../../src/ledger/attachments.js';
import { createLogger } from '../../../src/telemetry/logger.js';
import { DAY, HOUR, MINUTE } from '../../support/clock.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';
import { testLedger } from '../../support/ledger.js';
import { startS3Server } from '../../support/s3-server.js';
import { json, type Provider, startProvider, stopProviders } from './provider.js';

afterEach(stopProviders);

const quiet = createLogger({ subsystem: 'intake', level: 'silent' });
const MIB = 1024 * 1024;
const BYTES = Buffer.alloc(3 * MIB + 17, 'Waybill');
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const stub = (id: string, more: Partial<AttachmentStub> = {}): AttachmentStub => ({
  providerAttachmentId: id,
  name: `${id}.pdf`,
  contentType: 'application/pdf',
  size: BYTES.length,
  ...more,
});

type Route = (id: string, response: ServerResponse, provider: Provider) => void;
const bytes = (response: ServerResponse, body: Buffer) =>
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': body.length }).end(body);

/** A ledger that holds a message with these attachments, a provider that answers for them, and the activity between both. */
async function fetching(stubs: AttachmentStub[], route: Route, more: Partial<ActivityDeps['attachments']> = {}) {
  const ledger = await testLedger();
  await ledger.bind();
  await ledger.list([incomingThread('t1')]);
  await ledger.read('t1', [incomingMessage('m1', { text: null, attachments: stubs })]);
  const provider: Provider = await startProvider((request, response) =>
    route(decodeURIComponent(request.url?.split('/').at(-1) ?? ''), response, provider),
  );
  const calls = createAttachmentCalls({
    db: ledger.db,
    clock: ledger.clock,
    timing: ledger.timing,
    log: { intake: quiet, lifecycle: quiet, delivery: quiet, provider: quiet },
    clientOf: () => provider.client,
    attachments: { wanted: true, maxBytes: 8 * MIB, store: postgresStore, ...more },
  } as unknown as ActivityDeps);
  const due = () => dueAttachments(ledger.db, 'dashboard', 50, ledger.clock.now());
  const idOf = async (providerId: string) => {
    const rows = await ledger.db.$queryRaw<{ id: string }[]>`
      SELECT id FROM attachment WHERE provider_attachment_id = ${providerId}`;
    return rows[0]?.id ?? '';
  };
  const fetchOne = async (providerId: string) => {
    const input = { source: 'dashboard', attachmentId: await idOf(providerId) };
    return new MockActivityEnvironment().run(calls.fetchAttachment, input);
  };
  const row = async (providerId: string) => {
    const rows = await ledger.db.$queryRaw<Record<string, unknown>[]>`
      SELECT state, bytes::int, sha256, stored_in AS "in", stored_key AS key, attempts, problem, link, given_up_at AS "givenUpAt",
             next_attempt_at AS next
      FROM attachment WHERE provider_attachment_id = ${providerId}`;
    return rows[0];
  };
  const residuals = async () => (await checkBalance(ledger.db)).equations.filter((one) => one.residuals > 0);
  return { ...ledger, provider, due, idOf, fetchOne, row, residuals };
}

describe('an attachment', () => {
  it('is streamed into Postgres whole, under its hash, and the books count it [loss case 32]', async () => {
    const { db, fetchOne, row, residuals, provider, due, count } = await fetching([stub('a1')], (_, response) =>
      bytes(response, BYTES),
    );
    expect(await due()).toHaveLength(1);
    expect(await fetchOne('a1')).toEqual({ next: 'settled' });
    expect(await row('a1')).toMatchObject({
      state: 'fetched',
      bytes: BYTES.length,
      sha256: sha256(BYTES),
      problem: null,
    });
    expect(await count('attachment_chunk')).toBe(4);
    expect(provider.requests.map((one) => [one.url, one.headers.authorization])).toEqual([
      ['/v1/attachments/a1', 'Bearer token-1'],
    ]);
    expect(await fetchOne('a1')).toEqual({ next: 'settled' }); // nothing is asked twice
    expect(provider.requests).toHaveLength(1);
    expect(await due()).toEqual([]);
    expect(await residuals()).toEqual([]);
    await db.$executeRaw`UPDATE attachment_chunk SET data = '\\x00' WHERE position = 3`;
    expect((await residuals()).map((one) => one.name)).toEqual(['attachments']);
  });

  it('whose bytes were changed at the same length no longer balances', async () => {
    const { db, fetchOne, residuals } = await fetching([stub('a1', { size: 4 })], (_, response) =>
      bytes(response, Buffer.from('good')),
    );
    await fetchOne('a1');
    await db.$executeRaw`UPDATE attachment_chunk SET data = 'evil'`;
    expect((await residuals()).map((one) => one.name)).toEqual(['attachments']);
  });

  it('larger than the cap is too large, whatever it announced, and is not read to its end', async () => {
    const route: Route = (id, response) =>
      id === 'honest' ? bytes(response, BYTES) : response.writeHead(200).end(BYTES); // no length: the cap is found while reading
    const stubs = [stub('honest'), stub('chunked', { size: 10 })];
    const { fetchOne, row, residuals, count } = await fetching(stubs, route, { maxBytes: MIB });
    for (const id of ['honest', 'chunked']) {
      expect(await fetchOne(id)).toEqual({ next: 'settled' });
      expect(await row(id)).toMatchObject({ state: 'too_large', sha256: null, problem: `more than ${MIB} bytes` });
    }
    expect(await count('attachment_chunk')).toBe(0);
    expect(await residuals()).toEqual([]);
  });

  it('of another size than announced is taken once the same bytes came twice; a cut answer never is', async () => {
    const answers = [BYTES.subarray(0, 100), BYTES.subarray(0, 50), BYTES.subarray(0, 50)];
    const { fetchOne, row, clock, due, residuals } = await fetching([stub('a1')], (_, response) =>
      bytes(response, answers.shift() ?? BYTES),
    );
    expect(await fetchOne('a1')).toEqual({ next: 'later' });
    expect(await due()).toEqual([]);
    clock.advance(MINUTE);
    expect(await due()).toHaveLength(1);
    expect(await fetchOne('a1')).toEqual({ next: 'later' });
    clock.advance(5 * MINUTE);
    expect(await fetchOne('a1')).toEqual({ next: 'settled' });
    expect(await row('a1')).toMatchObject({ state: 'fetched', bytes: 50, problem: 'another size than announced' });
    expect(await residuals()).toEqual([]);
  });

  it('that is answered with an error page under 200 is not taken for it', async () => {
    const { db, fetchOne, row } = await fetching([stub('a1', { size: null })], (_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Sorry</h1>'),
    );
    await expect(fetchOne('a1')).rejects.toMatchObject({ type: 'SourceAnswerUnreadable' });
    expect(await row('a1')).toMatchObject({ state: 'named' });
    expect(await db.$queryRaw`SELECT failure FROM provider_call WHERE operation = 'getAttachment'`).toEqual([
      { failure: 'SourceAnswerUnreadable' },
    ]);
  });

  it('that the provider no longer has is gone, once it is known to give others; the answer is kept [loss case 22]', async () => {
    const stubs = [stub('old'), stub('new', { size: 3 })];
    const { db, fetchOne, row, clock, residuals } = await fetching(stubs, (id, response) =>
      id === 'old' ? json(response, 404, { error: 'unknown' }) : bytes(response, Buffer.from('abc')),
    );
    expect(await fetchOne('old')).toEqual({ next: 'later' });
    expect(await row('old')).toMatchObject({ state: 'named', attempts: 1, problem: 'SourceNotFound (404)' });
    await fetchOne('new');
    clock.advance(HOUR);
    expect(await fetchOne('old')).toEqual({ next: 'settled' });
    expect(await row('old')).toMatchObject({ state: 'gone', problem: 'SourceNotFound (404)' });
    expect(await db.$queryRaw`SELECT DISTINCT answer FROM provider_call WHERE status = 404`).toEqual([
      { answer: '{"error":"unknown"}' },
    ]);
    expect(await residuals()).toEqual([]);
  });

  it.each([404, 405])(
    'an installation without the endpoint (%i) is asked for one at a time, a few times each, and nothing is lost or alarmed',
    async (status) => {
      const stubs = Array.from({ length: 5 }, (_, index) => stub(`a${index}`));
      const { fetchOne, row, due, clock, idOf, count, provider, residuals } = await fetching(stubs, (_, response) =>
        json(response, status, { error: 'no such path' }),
      );
      for (let run = 0; run < 60; run++, clock.advance(DAY)) {
        const [next, ...more] = await due();
        expect(more).toEqual([]);
        if (next === undefined) continue;
        for (const { providerAttachmentId: id } of stubs) if ((await idOf(id)) === next) await fetchOne(id);
      }
      expect(provider.requests).toHaveLength(5 * 7);
      expect(await row('a0')).toMatchObject({ state: 'named', attempts: 7, next: null, givenUpAt: expect.any(Date) });
      expect(await count('alarm')).toBe(0);
      expect(await residuals()).toEqual([]);
    },
  );

  it('whose id cannot be read keeps its row, and is not asked for', async () => {
    const { due, row, residuals } = await fetching([stub('unreadable:0')], (_, response) => response.end());
    expect(await due()).toEqual([]);
    expect(await row('unreadable:0')).toMatchObject({ state: 'named', problem: 'no readable id' });
    expect(await residuals()).toEqual([]);
  });

  it('that stays in trouble is asked for again at growing gaps', async () => {
    const { db, idOf, clock, timing, due } = await fetching([stub('a1')], (_, response) => response.end());
    const id = await idOf('a1');
    const gaps: (number | null)[] = [];
    for (let attempt = 0; attempt < 7; attempt++) {
      const { until } = await postponeAttachment(db, id, { problem: 'SourceTrouble', now: clock.now(), timing });
      gaps.push(until && (until.getTime() - clock.now().getTime()) / MINUTE);
    }
    expect(gaps).toEqual([1, 5, 30, 120, 300, 600, null]);
    expect(await due()).toEqual([]);
  });
});

describe('an attachment behind a link', () => {
  it('takes two calls: the link is kept in the ledger alone, and followed with our token to the source itself only', async () => {
    const other = await startProvider((_, response) => bytes(response, BYTES));
    const { db, fetchOne, row, provider, residuals } = await fetching(
      [stub('own'), stub('other')],
      (id, response, { url }) => {
        if (id === 'own') response.writeHead(302, { location: '/links/own-bytes' }).end();
        else if (id === 'other') response.writeHead(307, { location: `${other.url}/bucket/x?sig=1` }).end();
        else if (url) bytes(response, BYTES);
      },
    );
    for (const id of ['own', 'other']) {
      expect(await fetchOne(id)).toEqual({ next: 'link' });
      expect(await row(id)).toMatchObject({ state: 'named', link: expect.stringContaining('http') });
      expect(await fetchOne(id)).toEqual({ next: 'settled' });
      expect(await row(id)).toMatchObject({ state: 'fetched', sha256: sha256(BYTES), link: null });
    }
    expect(provider.requests.map((one) => one.headers.authorization)).toEqual(Array(3).fill('Bearer token-1'));
    expect(other.requests.map((one) => [one.url, one.headers.authorization])).toEqual([['/bucket/x?sig=1', undefined]]);
    expect(
      await db.$queryRaw`
        SELECT status, count(*)::int AS calls FROM provider_call WHERE operation = 'getAttachment' GROUP BY 1 ORDER BY 1`,
    ).toEqual([
      { status: 200, calls: 2 },
      { status: 302, calls: 1 },
      { status: 307, calls: 1 },
    ]);
    expect(await residuals()).toEqual([]);
  });

  it.each([
    ['that has expired', (response: ServerResponse) => json(response, 410, { error: 'link_expired' })],
    ['that is forbidden', (response: ServerResponse) => json(response, 403, {})],
    [
      'that leads on to another link',
      (response: ServerResponse) => response.writeHead(302, { location: '/v1/x' }).end(),
    ],
  ])('%s is asked for anew, and says nothing about our token or the attachment', async (_, answer) => {
    const { db, fetchOne, row, clock } = await fetching([stub('a1')], (id, response) =>
      id === 'a1' ? response.writeHead(302, { location: '/links/once' }).end() : answer(response),
    );
    expect(await fetchOne('a1')).toEqual({ next: 'link' });
    expect(await fetchOne('a1')).toEqual({ next: 'later' });
    expect(await row('a1')).toMatchObject({ state: 'named', link: null, attempts: 1 });
    clock.advance(MINUTE);
    expect(await fetchOne('a1')).toEqual({ next: 'link' });
    const failures = await db.$queryRaw<{ failure: string }[]>`
      SELECT DISTINCT failure FROM provider_call WHERE failure IS NOT NULL`;
    expect(failures).toEqual([{ failure: 'SourceRefused' }]);
  });
});

describe('an S3-compatible store', () => {
  const credentials = { accessKeyId: 'test-key', secretAccessKey: 'test-secret', region: 'eu-test-1' };

  async function store(secretAccessKey = credentials.secretAccessKey) {
    const server = await startS3Server(credentials);
    onTestFinished(() => server.close());
    const options = { ...credentials, secretAccessKey, endpoint: server.url, bucket: 'mail', deadlineMs: 5_000 };
    return { server, store: s3Store(options) };
  }

  it('takes the bytes under a signature that it can check, and the ledger has key, length and hash', async () => {
    const { server, store: s3 } = await store();
    const { fetchOne, row, idOf, count, residuals } = await fetching(
      [stub('a1')],
      (_, response) => bytes(response, BYTES),
      { store: s3 },
    );
    expect(await fetchOne('a1')).toEqual({ next: 'settled' });
    const key = `mail/attachments/${await idOf('a1')}`;
    expect(await row('a1')).toMatchObject({ state: 'fetched', in: 's3', key, sha256: sha256(BYTES) });
    expect(server.refusals).toEqual([]);
    expect(server.objects.get(`/${key}`)?.equals(BYTES)).toBe(true);
    expect(await count('attachment_chunk')).toBe(0);
    expect(await residuals()).toEqual([]);
  });

  it('that refuses the signature leaves the attachment named, and the call says that nothing was taken', async () => {
    const { server, store: s3 } = await store('another-secret');
    const { db, fetchOne, row, residuals } = await fetching([stub('a1')], (_, response) => bytes(response, BYTES), {
      store: s3,
    });
    await expect(fetchOne('a1')).rejects.toMatchObject({ type: 'StoreTrouble', code: '403' });
    expect(server.refusals).toEqual(['a wrong signature']);
    expect(await row('a1')).toMatchObject({ state: 'named' });
    expect(await db.$queryRaw`SELECT rejected FROM provider_call WHERE operation = 'getAttachment'`).toEqual([
      { rejected: 1 },
    ]);
    expect(await residuals()).toEqual([]);
  });
});
