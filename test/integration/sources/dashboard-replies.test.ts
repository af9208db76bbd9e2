import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createDashboardClient } from '../../../src/sources/dashboard/client.js';
import { aMessage, failureOf, json, startProvider, stopProviders } from './provider.js';

afterEach(stopProviders);

const reply = { providerThreadId: 't1', text: 'It is on its way.', idempotencyKey: 'key-1', clientRef: 'wb-1' };
type Handler = Parameters<typeof startProvider>[0];
const fail = async (handler: Handler, options: Parameters<typeof startProvider>[1] = {}) =>
  failureOf((await startProvider(handler, options)).client.postReply(reply));

describe('postReply', () => {
  test('sends text, client_ref and idempotency key once and gives the message that results', async () => {
    const sent = aMessage({ id: 'm9', direction: 'outbound', client_ref: 'wb-1' });
    const provider = await startProvider((_, response) => json(response, 201, sent));
    const { status, item } = await provider.client.postReply(reply);
    expect(status).toBe(201);
    expect(item).toMatchObject({
      ok: true,
      value: { providerMessageId: 'm9', direction: 'outbound', clientRef: 'wb-1' },
    });
    expect(provider.requests).toHaveLength(1);
    expect(provider.requests[0]).toMatchObject({ method: 'POST', url: '/v1/threads/t1/replies' });
    expect(provider.requests[0]?.headers).toMatchObject({
      'idempotency-key': 'key-1',
      authorization: 'Bearer token-1',
    });
    expect(JSON.parse(provider.requests[0]?.body ?? '')).toEqual({ text: reply.text, client_ref: 'wb-1' });
  });

  test.each([
    [400, 'ReplyRefused', false],
    [401, 'SourceAuthRejected', true],
    [403, 'SourceAuthRejected', true],
    [404, 'SourceNotFound', false],
    [405, 'ReplyRefused', false],
    [422, 'ReplyRefused', false],
    [429, 'SourceRateLimited', true],
    [303, 'ReplyDoubtful', false],
    [408, 'ReplyDoubtful', false],
    [409, 'ReplyDoubtful', false],
    [500, 'ReplyDoubtful', false],
    [502, 'ReplyDoubtful', false],
    [503, 'ReplyDoubtful', false],
  ] as const)('status %i is %s', async (status, type, retryable) => {
    const failure = await fail((_, response) => json(response, status, { error: 'why' }, { 'retry-after': '3' }));
    expect(failure).toMatchObject({ type, retryable, status, answer: '{"error":"why"}', retryAfterMs: 3000 });
  });

  test.each<[string, Handler, number | null]>([
    ['no answer before the deadline', () => {}, null],
    ['a connection that breaks before the answer', (request) => void request.socket.destroy(), null],
    [
      'an answer that breaks in the middle',
      (request, response) => {
        response.writeHead(201, { 'content-type': 'application/json', 'content-length': '999' });
        response.write('{"id":', () => request.socket.destroy());
      },
      201,
    ],
    [
      'a 201 that is HTML',
      (_, response) => void response.writeHead(201, { 'content-type': 'text/html' }).end('<p>sent</p>'),
      201,
    ],
    ['a 201 that is cut', (_, response) => json(response, 201, '{"id":"m9"'), 201],
    ['a 200 with something else', (_, response) => json(response, 200, { ok: true }), 200],
    ['a 204', (_, response) => void response.writeHead(204).end(), 204],
    ['an answer over the cap', (_, response) => json(response, 201, aMessage({ text: 'x'.repeat(5000) })), 201],
  ])('%s leaves it open whether the reply was executed', async (_, handler, status) => {
    const provider = await startProvider(handler, { sendDeadlineMs: 300, maxAnswerBytes: 4000 });
    expect(await failureOf(provider.client.postReply(reply))).toMatchObject({
      type: 'ReplyDoubtful',
      retryable: false,
      status,
    });
    expect(provider.requests).toHaveLength(1);
  });

  test('a 201 whose message cannot be read was sent all the same, and its row is kept', async () => {
    const provider = await startProvider((_, response) => json(response, 201, aMessage({ id: 7 })));
    expect(await provider.client.postReply(reply)).toMatchObject({
      status: 201,
      item: { ok: false, providerId: null },
    });
  });

  test('a refused connection leaves no doubt', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const client = createDashboardClient({
      origin: `http://127.0.0.1:${port}`,
      token: 't',
      callDeadlineMs: 3000,
      sendDeadlineMs: 3000,
    });
    expect(await failureOf(client.postReply(reply))).toMatchObject({
      type: 'SourceUnreachable',
      retryable: true,
      status: null,
    });
    await client.close();
  });

  test('giving up leaves a doubt while the request is on its way, and none before', async () => {
    const controller = new AbortController();
    const provider = await startProvider(() => controller.abort(new Error('drained')));
    expect((await failureOf(provider.client.postReply(reply, { signal: controller.signal }))).type).toBe(
      'ReplyDoubtful',
    );
    await expect(provider.client.postReply(reply, { signal: controller.signal })).rejects.toThrow('drained');
    expect(provider.requests).toHaveLength(1);
  });

  test('each reply uses a connection of its own, so that one closed by the provider breaks no send', async () => {
    const provider = await startProvider((request, response) => {
      json(response, 201, aMessage());
      response.on('finish', () => request.socket.destroySoon());
    });
    for (let sent = 0; sent < 5; sent += 1) await provider.client.postReply(reply);
    expect(provider.sockets.size).toBe(5);
  });
});
