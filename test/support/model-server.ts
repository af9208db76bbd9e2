import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  path: string;
  headers: IncomingMessage['headers'];
  body: { model: string; messages: { role: string; content: string }[]; response_format?: unknown; tools?: unknown };
}

/** What the endpoint does with a question: a status with a body, the words of a model, or nothing at all. */
export type Behaviour =
  | { says: string }
  | { status: number; headers?: Record<string, string>; body?: string }
  | 'hangs'
  | 'breaks';

export interface ModelServer {
  /** Address of its API, as WAYBILL_MODEL_URL takes it. */
  url: string;
  asked: Asked[];
  behave(with_: Behaviour | ((asked: Asked) => Behaviour)): void;
  close(): Promise<void>;
}

/** An endpoint that speaks chat completions as far as a question for one label needs it. */
export async function startModelServer(): Promise<ModelServer> {
  const asked: Asked[] = [];
  let behaviour: Behaviour | ((asked: Asked) => Behaviour) = { says: '{"label":"refund"}' };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Asked['body'];
      const one = { path: request.url ?? '', headers: request.headers, body };
      asked.push(one);
      answer(response, typeof behaviour === 'function' ? behaviour(one) : behaviour);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    asked,
    behave(with_) {
      behaviour = with_;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(response: ServerResponse, behaviour: Behaviour): void {
  if (behaviour === 'hangs') return;
  if (behaviour === 'breaks') {
    response.destroy();
    return;
  }
  if ('status' in behaviour) {
    response.writeHead(behaviour.status, { 'content-type': 'application/json', ...behaviour.headers });
    response.end(behaviour.body ?? '{"error":{"message":"refused"}}');
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  const message = { role: 'assistant', content: behaviour.says };
  response.end(
    JSON.stringify({
      id: 'chat-1',
      object: 'chat.completion',
      created: 1,
      model: 'made-up',
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    }),
  );
}
