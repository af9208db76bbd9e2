import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createDashboardClient } from '../../../src/sources/dashboard/client.js';
import { aMessage, aThread, failureOf, json, startProvider, stopProviders } from './provider.js';

afterEach(stopProviders);

const window = { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z', cursor: null };
const list = async (
  handler: Parameters<typeof startProvider>[0],
  options: Parameters<typeof startProvider>[1] = {},
) => {
  const provider = await startProvider(handler, options);
  return failureOf(provider.client.listThreads(window));
};

describe('requests of the dashboard client', () => {
  test('listThreads asks for one page as the contract says and gives rows and cursor', async () => {
    const provider = await startProvider((_, response) =>
      json(response, 200, { threads: [aThread({ extra: 1 })], next_cursor: 'c2' }),
    );
    const page = await provider.client.listThreads({ ...window, cursor: 'c 1' });
    expect(page).toEqual({
      status: 200,
      nextCursor: 'c2',
      unknownFields: { extra: 1 },
      answer: JSON.stringify({ threads: [aThread({ extra: 1 })], next_cursor: 'c2' }),
      items: [
        {
          ok: true,
          value: {
            providerThreadId: 't1',
            subject: 'Parcel',
            inbox: 'help',
            createdAt: '2026-03-01T10:00:00.000Z',
            status: 'open',
          },
        },
      ],
    });
    const [request] = provider.requests;
    const asked = new URL(request?.url ?? '', provider.url);
    expect(asked.pathname).toBe('/v1/threads');
    expect(Object.fromEntries(asked.searchParams)).toEqual({
      since: window.from,
      until: window.to,
      limit: '100',
      cursor: 'c 1',
    });
    expect(request?.headers).toMatchObject({ authorization: 'Bearer token-1', accept: 'application/json' });
  });

  test('ids are escaped in paths, and a path of the URL stands in front of the routes', async () => {
    const provider = await startProvider((_, response) => json(response, 200, { messages: [], next_cursor: null }));
    for (const path of ['/mail', '/mail/', '/mail/v1/?x=1']) {
      const client = createDashboardClient({
        origin: provider.url + path,
        token: 't',
        callDeadlineMs: 3000,
        sendDeadlineMs: 3000,
      });
      await client.listMessages({ providerThreadId: 'a/b?c', cursor: null });
      await client.close();
    }
    expect(new Set(provider.requests.map(({ url }) => url))).toEqual(
      new Set(['/mail/v1/threads/a%2Fb%3Fc/messages?limit=25']),
    );
  });

  test('getThread gives the thread, or the row as it came where it cannot be read', async () => {
    const provider = await startProvider((request, response) =>
      json(response, 200, aThread(request.url?.endsWith('bad') ? { id: 'bad', created_at: 'soon' } : {})),
    );
    expect(await provider.client.getThread('t1')).toMatchObject({ ok: true, value: { providerThreadId: 't1' } });
    expect(await provider.client.getThread('bad')).toMatchObject({
      ok: false,
      providerId: 'bad',
      problem: 'created_at: is no instant',
    });
  });

  test('one bad row is kept as it came and the rest of its page is read', async () => {
    const digits = '9007199254740993';
    const rows = [
      JSON.stringify(aMessage()),
      JSON.stringify(aMessage({ id: 'm2', direction: 'sideways' })),
      `{"id":${digits},"text":"x"}`,
      'null',
    ];
    const provider = await startProvider((_, response) =>
      json(response, 200, `{"messages":[${rows.join(',')}],"next_cursor":null}`),
    );
    const { items, nextCursor } = await provider.client.listMessages({ providerThreadId: 't1', cursor: null });
    expect(nextCursor).toBeNull();
    expect(items.map((item) => (item.ok ? item.value.providerMessageId : [item.providerId, item.raw]))).toEqual([
      'm1',
      ['m2', expect.stringContaining('sideways')],
      [null, `{"id":"${digits}","text":"x"}`],
      [null, 'null'],
    ]);
  });
});

describe('failures of the dashboard client', () => {
  test.each([
    [400, 'SourceRefused', false],
    [401, 'SourceAuthRejected', true],
    [403, 'SourceAuthRejected', true],
    [404, 'SourceNotFound', false],
    [405, 'SourceRefused', false],
    [410, 'CursorExpired', false],
    [422, 'SourceRefused', false],
    [429, 'SourceRateLimited', true],
    [500, 'SourceTrouble', true],
    [502, 'SourceTrouble', true],
    [503, 'SourceTrouble', true],
  ] as const)('status %i is %s, with the answer of the provider kept', async (status, type, retryable) => {
    const failure = await list((_, response) => json(response, status, { error: 'e', message: 'why not' }));
    expect(failure).toMatchObject({
      type,
      retryable,
      status,
      code: String(status),
      answer: '{"error":"e","message":"why not"}',
    });
  });

  test('a redirect is a failure and is not followed', async () => {
    const provider = await startProvider((_, response) => response.writeHead(302, { location: '/elsewhere' }).end());
    expect(await failureOf(provider.client.listThreads(window))).toMatchObject({ type: 'SourceTrouble', code: '302' });
    expect(provider.requests).toHaveLength(1);
  });

  test.each([
    ['seconds', { 'retry-after': '7' }, 7000],
    [
      'a date, by the clock of the provider',
      { date: 'Sun, 01 Mar 2026 10:00:00 GMT', 'retry-after': 'Sun, 01 Mar 2026 10:00:30 GMT' },
      30_000,
    ],
    [
      'a date that has passed',
      { date: 'Sun, 01 Mar 2026 10:00:00 GMT', 'retry-after': 'Sun, 01 Mar 2026 09:00:00 GMT' },
      0,
    ],
    ['an absurd number', { 'retry-after': '1000000000' }, 3_600_000],
    ['nothing', {}, undefined],
    ['nonsense', { 'retry-after': 'later' }, undefined],
  ])('a 429 with %s as Retry-After says how long to wait', async (_, headers, retryAfterMs) => {
    const failure = await list((_request, response) => {
      response.sendDate = false;
      json(response, 429, {}, headers as Record<string, string>);
    });
    expect(failure.type).toBe('SourceRateLimited');
    expect(failure.retryAfterMs).toBe(retryAfterMs);
  });

  test.each([
    ['an HTML page', 'text/html', '<html>Bad gateway</html>'],
    ['JSON that is cut', 'application/json', '{"threads":[{"id":"t1"'],
    ['an empty body', 'application/json', ''],
    ['another object', 'application/json', '{"items":[],"next_cursor":null}'],
    ['a page without next_cursor', 'application/json', '{"threads":[]}'],
    ['an empty cursor', 'application/json', '{"threads":[],"next_cursor":""}'],
    ['a cursor that cannot be stored', 'application/json', '{"threads":[],"next_cursor":"a\\u0000"}'],
    ['a number', 'application/json', '7'],
  ])('a 200 with %s is unreadable, and what came is kept', async (_, type, body) => {
    const failure = await list((_request, response) => response.writeHead(200, { 'content-type': type }).end(body));
    expect(failure).toMatchObject({ type: 'SourceAnswerUnreadable', retryable: true, status: 200, answer: body });
  });

  test('a 200 in an encoding that was not asked for is unreadable', async () => {
    const failure = await list((_, response) => json(response, 200, '\u001f\u008b', { 'content-encoding': 'gzip' }));
    expect(failure).toMatchObject({ type: 'SourceAnswerUnreadable', status: 200 });
  });

  test('an answer larger than the cap is given up while it streams', async () => {
    let sent = 0;
    let closed: Promise<unknown> = Promise.resolve();
    const failure = await list(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        closed = once(response, 'close');
        const more = () => {
          while (!response.destroyed && sent < 1_000_000_000) {
            sent += 65_536;
            if (!response.write('x'.repeat(65_536))) return void response.once('drain', more);
          }
        };
        more();
      },
      { maxAnswerBytes: 1_000_000 },
    );
    await closed;
    expect(failure).toMatchObject({ type: 'SourceAnswerTooLarge', status: 200 });
    expect(failure.answer).toHaveLength(65_536);
    expect(sent).toBeLessThan(50_000_000);
  });

  test('a long error page is kept to its first 64 KiB and its status counts', async () => {
    const failure = await list((_, response) => response.writeHead(502).end('é'.repeat(200_000)));
    expect(failure).toMatchObject({ type: 'SourceTrouble', code: '502' });
    expect(Buffer.byteLength(failure.answer ?? '')).toBeLessThanOrEqual(65_536);
    expect(failure.answer).toMatch(/^é+$/);
  });

  test('an answer that hangs before its head or in its body ends at the deadline', async () => {
    const silent = await list(() => {}, { callDeadlineMs: 150 });
    expect(silent).toMatchObject({ type: 'SourceTimeout', status: null, answer: null, retryable: true });
    const half = await list(
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{"threads":['),
      { callDeadlineMs: 150 },
    );
    expect(half).toMatchObject({ type: 'SourceTimeout', status: 200, answer: '{"threads":[' });
  });

  test('an answer that drips a byte at a time does not outlive the deadline', async () => {
    const failure = await list(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const drip = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(drip));
      },
      { callDeadlineMs: 200 },
    );
    expect(failure.type).toBe('SourceTimeout');
  });

  test('a status whose body hangs or breaks is judged by the status', async () => {
    const hanging = await list((_, response) => void response.writeHead(429, { 'retry-after': '9' }).write('slow'), {
      callDeadlineMs: 200,
    });
    expect(hanging).toMatchObject({ type: 'SourceRateLimited', retryAfterMs: 9000, answer: 'slow' });
    const broken = await list((request, response) => {
      response.writeHead(503, { 'content-length': '100' });
      response.write('part', () => request.socket.destroy());
    });
    expect(broken).toMatchObject({ type: 'SourceTrouble', code: '503' });
  });

  test('a connection that breaks before the head or in the middle of the body is unreachable', async () => {
    expect((await list((request) => void request.socket.destroy())).type).toBe('SourceUnreachable');
    const cut = await list((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"threads":[', () => request.socket.destroy());
    });
    expect(cut).toMatchObject({ type: 'SourceUnreachable', status: 200, retryable: true });
  });

  test('something that is no HTTP is unreadable', async () => {
    const server = createServer((socket) => socket.on('data', () => socket.end('SSH-2.0-nothing\r\n'))).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = createDashboardClient({ origin, token: 't', callDeadlineMs: 2000, sendDeadlineMs: 2000 });
    expect((await failureOf(client.listThreads(window))).type).toBe('SourceAnswerUnreadable');
    await client.close();
    server.close();
  });

  test('a port on which nobody listens and a name that nobody has are unreachable, in a sentence that names them', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    for (const origin of [`http://127.0.0.1:${port}`, 'http://dashboard.invalid']) {
      const client = createDashboardClient({ origin, token: 't', callDeadlineMs: 3000, sendDeadlineMs: 3000 });
      const failure = await failureOf(client.listThreads(window));
      expect(failure).toMatchObject({ type: 'SourceUnreachable', status: null });
      expect(failure.message).toContain(`${origin} could not be reached`);
      await client.close();
    }
  });

  test('no failure is tried again by the client itself', async () => {
    const provider = await startProvider((request, response) =>
      request.url?.includes('t2') ? request.socket.destroy() : json(response, 503, {}),
    );
    await failureOf(provider.client.getThread('t1'));
    await failureOf(provider.client.getThread('t2'));
    expect(provider.requests).toHaveLength(2);
  });

  test('a caller that gives up gets its own reason back', async () => {
    const controller = new AbortController();
    const provider = await startProvider(() => controller.abort(new Error('paused')));
    await expect(provider.client.listThreads(window, { signal: controller.signal })).rejects.toThrow('paused');
  });

  test('the token never appears in a failure', async () => {
    const failure = await list((request) => void request.socket.destroy(), { token: 'canary-token' });
    expect(`${failure.message} ${failure.stack} ${JSON.stringify(failure)} ${String(failure.cause)}`).not.toContain(
      'canary-token',
    );
    expect(() =>
      createDashboardClient({
        origin: 'http://127.0.0.1:1',
        token: 'canary\ntoken',
        callDeadlineMs: 1,
        sendDeadlineMs: 1,
      }),
    ).toThrow(/^the token of the dashboard must be printable ASCII characters without spaces$/);
  });
});
