import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageAt, PER_PAGE, threadAt } from './world.js';

export interface BenchProvider {
  url: string;
  /** performance.now() of the first request since the last call of `forget`; null before it. */
  firstAt(): number | null;
  requests(): number;
  forget(): void;
  close(): Promise<void>;
}

/** A server of the contract over the computed world: no state, so that what is measured is the client. */
export async function startProvider(threads: number, now: Date): Promise<BenchProvider> {
  let first: number | null = null;
  let count = 0;
  const send = (response: ServerResponse, status: number, body: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const server = createServer((request, response) => {
    first ??= performance.now();
    count += 1;
    const url = new URL(request.url ?? '/', 'http://provider.invalid');
    const [, , , id = '', part] = url.pathname.split('/');
    if (id === '') return send(response, 200, listThreads(threads, url.searchParams, now));
    const thread = Number(id.slice(4));
    if (part !== 'messages' || !(thread < threads)) return send(response, 404, { error: 'unknown' });
    const messages = Array.from({ length: PER_PAGE }, (_, position) => wireMessage(thread, position, now));
    return send(response, 200, { messages, next_cursor: null });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    firstAt: () => first,
    requests: () => count,
    forget() {
      first = null;
      count = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const LIMIT = 100;

function listThreads(threads: number, query: URLSearchParams, now: Date) {
  const [since, until] = [Date.parse(query.get('since') ?? ''), Date.parse(query.get('until') ?? '')];
  const offset = Number(query.get('cursor') ?? 0);
  const rows = [];
  for (let thread = 0; thread < threads; thread++) {
    const { createdAt, providerThreadId, subject, inbox, status } = threadAt(thread, now);
    const at = Date.parse(createdAt);
    if (at >= since && at < until) rows.push({ id: providerThreadId, subject, inbox, status, created_at: createdAt });
  }
  const end = offset + LIMIT;
  return { threads: rows.slice(offset, end), next_cursor: end < rows.length ? String(end) : null };
}

function wireMessage(thread: number, position: number, now: Date) {
  const one = messageAt(thread, position, now);
  return {
    id: one.providerMessageId,
    thread_id: one.providerThreadId,
    direction: one.direction,
    from: { email: one.from?.value, name: one.from?.name ?? null },
    to: one.to.map(({ value, name }) => ({ email: value, name })),
    subject: one.subject,
    text: one.text,
    html: one.html,
    headers: one.headers,
    received_at: one.originAt,
    client_ref: null,
    attachments: [],
  };
}
