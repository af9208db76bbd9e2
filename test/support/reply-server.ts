import { EventEmitter, once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { createDashboardClient, type DashboardClient } from '../../src/sources/dashboard/client.js';
import type { TestClock } from './clock.js';

/** A message as the contract has it; only what a test says differs from a customer's plain one. */
export interface ServedMessage {
  id: string;
  thread_id: string;
  direction: 'inbound' | 'outbound';
  text: string | null;
  received_at: string;
  client_ref: string | null;
}

export type PostAnswer =
  | { kind: 'accept' }
  /** The reply is executed and the connection breaks before the answer. */
  | { kind: 'executed and broken' }
  /** The connection breaks and the reply is executed when the test says so. */
  | { kind: 'broken' }
  | { kind: 'refused'; status: number; headers?: Record<string, string> };

export interface Post {
  threadId: string;
  clientRef: string;
  idempotencyKey: string;
  text: string;
}

export interface ReplyServer {
  url: string;
  client: DashboardClient;
  /** Every reply that was asked for, executed or not. */
  posts: Post[];
  /** Number of pages of messages that were asked for. */
  looks(): number;
  /** Holds looks back from now on: gives, for each in the order of their coming, what answers it. */
  holdLooks(): () => Promise<() => void>;
  /** A message stands in its thread from now on. */
  shows(message: Partial<ServedMessage> & { id: string }): void;
  removes(id: string): void;
  /** What a post is answered with, one after the other; accepted when nothing is left. */
  willAnswer(...answers: PostAnswer[]): void;
  /** Executes a reply whose connection was broken before. */
  execute(post: Post): void;
}

const PER_PAGE = 25;

/** A small dashboard that speaks the contract as far as a reply needs it, and does what the test says with each one. */
export async function replyServer(clock: TestClock): Promise<ReplyServer> {
  const messages = new Map<string, ServedMessage>();
  const posts: Post[] = [];
  const answers: PostAnswer[] = [];
  let looks = 0;
  let hold = (): Promise<void> => Promise.resolve();

  const shows: ReplyServer['shows'] = (message) => {
    const plain = { thread_id: 't1', direction: 'inbound', text: 'Where is my parcel?', client_ref: null } as const;
    messages.set(message.id, { ...plain, received_at: clock.now().toISOString(), ...message });
  };
  const execute = (post: Post): ServedMessage => {
    const id = `reply-${posts.indexOf(post) + 1}`;
    shows({ id, thread_id: post.threadId, direction: 'outbound', text: post.text, client_ref: post.clientRef });
    return messages.get(id) as ServedMessage;
  };

  function listMessages(response: ServerResponse, threadId: string, cursor: string | null): void {
    looks += 1;
    const all = [...messages.values()]
      .filter((message) => message.thread_id === threadId)
      .sort((a, b) => b.received_at.localeCompare(a.received_at));
    const from = Number(cursor ?? 0);
    const next = from + PER_PAGE < all.length ? String(from + PER_PAGE) : null;
    answer(response, 200, { messages: all.slice(from, from + PER_PAGE).map(onTheWire), next_cursor: next });
  }

  function postReply(response: ServerResponse, post: Post): void {
    posts.push(post);
    const said = answers.shift() ?? { kind: 'accept' };
    if (said.kind === 'refused') answer(response, said.status, { error: 'refused' }, said.headers);
    else if (said.kind === 'accept') answer(response, 201, onTheWire(execute(post)));
    else {
      if (said.kind === 'executed and broken') execute(post);
      response.destroy();
    }
  }

  const holdLooks = () => {
    const held: (() => void)[] = [];
    const come = new EventEmitter();
    hold = async () => {
      const released = new Promise<void>((release) => void held.push(release));
      come.emit('look');
      await released;
    };
    return async () => {
      if (held.length === 0) await once(come, 'look');
      return held.shift() as () => void;
    };
  };

  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const threadId = decodeURIComponent(pathname.split('/')[3] ?? '');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method === 'GET') {
      await hold();
      listMessages(response, threadId, searchParams.get('cursor'));
    } else {
      const { text, client_ref: clientRef } = JSON.parse(Buffer.concat(chunks).toString());
      postReply(response, { threadId, clientRef, text, idempotencyKey: String(request.headers['idempotency-key']) });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createDashboardClient({
    origin: url,
    token: 'token-1',
    callDeadlineMs: 5_000,
    sendDeadlineMs: 5_000,
    clock,
  });
  onTestFinished(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return {
    url,
    client,
    posts,
    looks: () => looks,
    holdLooks,
    shows,
    removes: (id) => void messages.delete(id),
    willAnswer: (...more) => void answers.push(...more),
    execute: (post) => void execute(post),
  };
}

const answer = (response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};

const onTheWire = (message: ServedMessage) => {
  const customer = { name: 'A customer', email: 'customer@example.com' };
  const desk = { name: null, email: 'help@example.org' };
  const [from, to] = message.direction === 'inbound' ? [customer, desk] : [desk, customer];
  return {
    ...message,
    from,
    to: [to],
    subject: 'Parcel',
    html: null,
    attachments: [],
    headers: { 'message-id': `<${message.id}@example.com>` },
  };
};
