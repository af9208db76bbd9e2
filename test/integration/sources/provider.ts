import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import {
  createDashboardClient,
  type DashboardClient,
  type DashboardOptions,
} from '../../../src/sources/dashboard/client.js';
import { ProviderFailure } from '../../../src/sources/source.js';

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

export interface Provider {
  url: string;
  client: DashboardClient;
  requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
  sockets: Set<Socket>;
}

const running: (() => Promise<void>)[] = [];

/** A real HTTP server that answers as the test says, with a client of ours that speaks to it. */
export async function startProvider(handler: Handler, options: Partial<DashboardOptions> = {}): Promise<Provider> {
  const requests: Provider['requests'] = [];
  const sockets = new Set<Socket>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
    handler(request, response, body);
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createDashboardClient({
    origin: url,
    token: 'token-1',
    callDeadlineMs: 3000,
    sendDeadlineMs: 3000,
    ...options,
  });
  running.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await client.close();
  });
  return { url, client, requests, sockets };
}

export async function stopProviders(): Promise<void> {
  await Promise.all(running.splice(0).map((stop) => stop()));
}

export const json = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void => {
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(typeof body === 'string' ? body : JSON.stringify(body));
};

/** The failure that a call must end in; anything else fails the test. */
export async function failureOf(call: Promise<unknown>): Promise<ProviderFailure> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && outcome.error instanceof ProviderFailure) return outcome.error;
  throw new Error(`expected a ProviderFailure, got ${JSON.stringify(outcome)}`, { cause: outcome });
}

export const aThread = (more: object = {}) => ({
  id: 't1',
  subject: 'Parcel',
  inbox: 'help',
  created_at: '2026-03-01T10:00:00Z',
  status: 'open',
  ...more,
});

export const aMessage = (more: object = {}) => ({
  id: 'm1',
  thread_id: 't1',
  direction: 'inbound',
  from: { name: 'A customer', email: 'customer@example.com' },
  to: [{ email: 'help@example.org' }],
  subject: 'Parcel',
  text: 'Where is it?',
  html: null,
  headers: { 'message-id': ' <1@example.com> ' },
  received_at: '2026-03-01T11:00:00+01:00',
  client_ref: null,
  attachments: [],
  ...more,
});
