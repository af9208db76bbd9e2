import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server of contracts/dashboard-api.yaml that shares nothing with the simulator: as documented, but for what a test says. */

const DAY = 86_400_000;

export interface ForeignMessage {
  id: string;
  direction: 'inbound' | 'outbound';
  from: { name: string | null; email: string };
  subject: string | null;
  text: string | null;
  receivedAt: string;
  clientRef?: string;
  headers?: Record<string, string>;
}

export interface ForeignThread {
  id: string;
  subject: string | null;
  createdAt: string;
  messages: ForeignMessage[];
}

export interface ForeignRequest {
  method: string;
  /** Segments of the path, decoded. */
  path: string[];
  query: URLSearchParams;
}

export interface ForeignAnswer {
  status: number;
  contentType: string;
  body: string;
  headers?: Record<string, string>;
}

/** Bytes on the connection that are no answer of HTTP. */
export interface NoHttp {
  raw: string;
}

export interface ForeignOptions {
  token: string;
  threads: ForeignThread[];
  /** Takes over a request; null leaves it to the contract. */
  fault?(request: ForeignRequest): ForeignAnswer | NoHttp | null;
}

export interface ForeignServer {
  url: string;
  /** Every POST that came, whatever its route. */
  posts(): number;
  requests(): number;
  close(): Promise<void>;
}

const json = (status: number, body: unknown): ForeignAnswer => ({
  status,
  contentType: 'application/json',
  body: JSON.stringify(body),
});

const row = (thread: ForeignThread, message: ForeignMessage) => ({
  id: message.id,
  thread_id: thread.id,
  direction: message.direction,
  from: message.from,
  to: [{ name: null, email: 'support@example.com' }],
  subject: message.subject,
  text: message.text,
  html: null,
  headers: { 'message-id': `<${message.id}@foreign.example.com>`, ...message.headers },
  received_at: message.receivedAt,
  client_ref: message.clientRef ?? null,
  attachments: [],
});

function pageOf<T>(name: string, rows: T[], query: URLSearchParams, most: number): ForeignAnswer {
  const from = Number(query.get('cursor') ?? 0);
  const limit = Math.min(most, Number(query.get('limit') ?? most));
  const next = from + limit < rows.length ? String(from + limit) : null;
  return json(200, { [name]: rows.slice(from, from + limit), next_cursor: next });
}

function listThreads(threads: readonly ForeignThread[], query: URLSearchParams): ForeignAnswer {
  const [since, until] = [query.get('since') ?? '', query.get('until') ?? ''].map((text) => Date.parse(text));
  const rows = threads
    .filter(({ createdAt }) => Date.parse(createdAt) >= (since ?? 0) && Date.parse(createdAt) < (until ?? 0))
    .sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt))
    .map(({ id, subject, createdAt }) => ({
      id,
      subject,
      inbox: 'support@example.com',
      created_at: createdAt,
      status: 'open',
    }));
  return pageOf('threads', rows, query, 100);
}

export async function startForeignServer({
  token,
  threads,
  fault = () => null,
}: ForeignOptions): Promise<ForeignServer> {
  let [posts, requests] = [0, 0];

  function answer(asked: ForeignRequest, body: string): ForeignAnswer {
    const [, collection, id = '', part] = asked.path;
    if (collection !== 'threads') return json(404, { error: 'unknown' });
    if (asked.path.length === 2) return listThreads(threads, asked.query);
    const thread = threads.find((one) => one.id === id);
    if (!thread) return json(404, { error: 'unknown' });
    if (part === 'messages')
      return pageOf('messages', thread.messages.map((one) => row(thread, one)).reverse(), asked.query, 25);
    if (part !== 'replies' || asked.method !== 'POST') return json(404, { error: 'unknown' });
    const { text, client_ref: clientRef } = JSON.parse(body) as { text: string; client_ref: string };
    const reply: ForeignMessage = {
      id: `reply-${posts}`,
      direction: 'outbound',
      from: { name: null, email: 'support@example.com' },
      subject: thread.subject,
      text,
      receivedAt: new Date().toISOString(),
      clientRef,
    };
    thread.messages.push(reply);
    return json(201, row(thread, reply));
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    requests += 1;
    if (request.method === 'POST') posts += 1;
    const url = new URL(request.url ?? '/', 'http://foreign.invalid');
    const path = url.pathname.split('/').slice(1).map(decodeURIComponent);
    const asked = { method: request.method ?? 'GET', path, query: url.searchParams };
    const known = request.headers.authorization === `Bearer ${token}`;
    const given = known
      ? (fault(asked) ?? answer(asked, Buffer.concat(chunks).toString()))
      : json(401, { error: 'bad token' });
    if ('raw' in given) request.socket.end(given.raw);
    else response.writeHead(given.status, { 'content-type': given.contentType, ...given.headers }).end(given.body);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts: () => posts,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Threads of the past with one question each; every tenth claims to be of 1970, every tenth of 2099. */
export function oldThreads(count: number, now: number): ForeignThread[] {
  return Array.from({ length: count }, (_, index) => {
    const createdAt = new Date(now - (2 + (index * 290) / count) * DAY).toISOString();
    const stamps = ['1970-01-01T00:00:00Z', '2099-12-31T23:59:59Z'];
    const message: ForeignMessage = {
      id: `foreign-message-${index}`,
      direction: 'inbound',
      from: { name: null, email: `customer.${index}@example.org` },
      subject: 'My order',
      text: `Where is my order WB-${100_000 + index}?`,
      receivedAt: stamps[index % 10] ?? createdAt,
    };
    return { id: `foreign-thread-${index}`, subject: 'My order', createdAt, messages: [message] };
  });
}
