import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { createPhoneClient } from '../../../src/sources/phone/client.js';

const CALL = {
  sid: 'CA1',
  to: '+442079460958',
  from: '+442079460000',
  status: 'queued',
  date_created: 'Mon, 02 Mar 2026 12:00:00 +0000',
  something_new: true,
};
const ORDER = {
  to: CALL.to,
  from: CALL.from,
  url: 'http://instructions.example.com/say?waybill=k1',
  statusCallback: 'http://callbacks.example.com/webhooks/calls/k1',
};

async function provider(answer: (request: IncomingMessage, response: ServerResponse, body: string) => void) {
  const requests: { method: string; target: string; authorization: string; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { method = '', url = '', headers } = request;
    requests.push({ method, target: url, authorization: headers.authorization ?? '', body });
    answer(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createPhoneClient({ url, accountSid: 'AC1', authToken: 'secret', callDeadlineMs: 400 });
  onTestFinished(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  return { client, requests };
}

const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

it('places a call by one form with both addresses and every event, under basic auth', async () => {
  const { client, requests } = await provider((_request, response) => json(response, 201, CALL));
  const { call } = await client.createCall(ORDER);
  expect(call).toEqual({
    sid: 'CA1',
    to: CALL.to,
    from: CALL.from,
    status: 'queued',
    createdAt: new Date('2026-03-02T12:00:00Z'),
  });
  expect(requests).toHaveLength(1);
  const [request] = requests;
  expect(request?.target).toBe('/2010-04-01/Accounts/AC1/Calls.json');
  expect(request?.authorization).toBe(`Basic ${Buffer.from('AC1:secret').toString('base64')}`);
  const form = new URLSearchParams(request?.body);
  expect([form.get('To'), form.get('From'), form.get('Url'), form.get('StatusCallback')]).toEqual(Object.values(ORDER));
  expect(form.getAll('StatusCallbackEvent')).toEqual(['initiated', 'ringing', 'answered', 'completed']);
});

it.each<[string, number, string]>([
  ['a refusal', 400, 'CallRefused'],
  ['a wrong token', 401, 'SourceAuthRejected'],
  ['too many requests', 429, 'SourceRateLimited'],
  ['an error of its own', 500, 'CallDoubtful'],
  ['a conflict', 409, 'CallDoubtful'],
  ['a redirect', 302, 'CallDoubtful'],
])('after %s a request for a call is known to be %i: %s', async (_what, status, type) => {
  const { client, requests } = await provider((_request, response) => json(response, status, { code: 20_000 }));
  await expect(client.createCall(ORDER)).rejects.toMatchObject({ type, status });
  expect(requests).toHaveLength(1);
});

it.each<[string, (response: ServerResponse) => void]>([
  ['a broken connection', (response) => response.destroy()],
  ['no answer in time', () => undefined],
  ['an answer that is no call', (response) => json(response, 201, { sid: 'CA1', status: 'dancing' })],
  ['an answer that is no JSON', (response) => response.writeHead(200).end('<html>')],
])('after %s a request for a call is in doubt', async (_what, answer) => {
  const { client } = await provider((_request, response) => answer(response));
  await expect(client.createCall(ORDER)).rejects.toMatchObject({ type: 'CallDoubtful', retryable: false });
});

it('that could not reach the provider has certainly placed nothing', async () => {
  const client = createPhoneClient({
    url: 'http://127.0.0.1:1',
    accountSid: 'AC1',
    authToken: 's',
    callDeadlineMs: 400,
  });
  onTestFinished(() => client.close());
  await expect(client.createCall(ORDER)).rejects.toMatchObject({ type: 'SourceUnreachable' });
});

it('lists page by page as the provider names them, and never by StartTime, which hides calls that wait', async () => {
  const next = '/2010-04-01/Accounts/AC1/Calls.json?Page=1&PageToken=PA1';
  const { client, requests } = await provider((request, response) =>
    json(response, 200, { calls: [CALL], next_page_uri: request.url === next ? null : next }),
  );
  const first = await client.listCalls({ from: CALL.from, to: CALL.to, page: null });
  const second = await client.listCalls({ from: CALL.from, to: CALL.to, page: first.nextPage });
  expect([first.nextPage, second.nextPage]).toEqual([next, null]);
  expect(requests[0]?.target).toBe(
    '/2010-04-01/Accounts/AC1/Calls.json?From=%2B442079460000&To=%2B442079460958&PageSize=100',
  );
  expect(requests[1]?.target).toBe(next);
});

it.each([
  ['one row that cannot be read', { calls: [CALL, { sid: 'CA2' }], next_page_uri: null }],
  ['a next page elsewhere', { calls: [CALL], next_page_uri: '//evil.example.com/calls' }],
  ['no list', { calls: null }],
])('takes no list with %s, which would prove what it does not show', async (_what, body) => {
  const { client } = await provider((_request, response) => json(response, 200, body));
  await expect(client.listCalls({ from: CALL.from, to: null, page: null })).rejects.toMatchObject({
    type: 'SourceAnswerUnreadable',
  });
});
