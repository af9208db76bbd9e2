import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface GatewayRequest {
  method: string;
  /** Path and query, as the client sent them; may be changed before forwarding. */
  target: string;
  body: string;
}

export interface GatewayAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** The body of an answer that is no text, such as an attachment: then it is what is passed on. */
  bytes?: Buffer;
}

/** Decides about one request; `forward` asks the real server. Null breaks the connection without an answer. */
export type GatewayRule = (
  request: GatewayRequest,
  forward: (changed?: Partial<GatewayRequest>) => Promise<GatewayAnswer>,
) => Promise<GatewayAnswer | null>;

export interface Gateway {
  url: string;
  /** Replaces the rule for the requests that come from now on. */
  setRule(rule: GatewayRule): void;
  close(): Promise<void>;
}

const pass: GatewayRule = (_request, forward) => forward();

export const jsonAnswer = (status: number, body: unknown, headers: Record<string, string> = {}): GatewayAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

/** A server between the worker and the provider that passes everything on, but for what the rule of a test does to it. */
export async function startGateway(upstream: string): Promise<Gateway> {
  let rule = pass;
  const server = createServer((request, response) => void serve(request, response));
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const asked = {
        method: request.method ?? 'GET',
        target: request.url ?? '/',
        body: Buffer.concat(chunks).toString(),
      };
      const forward = async (changed: Partial<GatewayRequest> = {}): Promise<GatewayAnswer> => {
        const { method, target, body } = { ...asked, ...changed };
        const kept = ['authorization', 'content-type', 'idempotency-key'] as const;
        const headers = kept.flatMap((name): [string, string][] => {
          const value = request.headers[name];
          return typeof value === 'string' ? [[name, value]] : [];
        });
        const asIt = { method, headers, redirect: 'manual' } as const;
        const answer = await fetch(upstream + target, { ...asIt, ...(method === 'POST' ? { body } : {}) });
        const passed = ['content-type', 'retry-after', 'location'].flatMap((name): [string, string][] => {
          const value = answer.headers.get(name);
          return value === null ? [] : [[name, value]];
        });
        const bytes = Buffer.from(await answer.arrayBuffer());
        const isBinary = answer.headers.get('content-type') === 'application/octet-stream';
        const text = { status: answer.status, headers: Object.fromEntries(passed), body: bytes.toString() };
        return isBinary ? { ...text, bytes } : text;
      };
      const answer = await rule(asked, forward);
      if (answer === null) response.destroy();
      else response.writeHead(answer.status, answer.headers).end(answer.bytes ?? answer.body);
    } catch {
      response.destroy();
    }
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setRule(next) {
      rule = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
