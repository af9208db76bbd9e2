import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RequestProblem } from './refusal.js';

const BODY_LIMIT = 1_048_576;

/** A request as the routes see it. */
export interface Exchange {
  method: string;
  /** Path segments, decoded, without the empty first one. */
  path: string[];
  query: URLSearchParams;
  request: IncomingMessage;
  response: ServerResponse;
}

export interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** Compares digests, so that neither length nor content of the token shows in the time that it takes. */
export function holdsToken(request: IncomingMessage, token: string): boolean {
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/** @throws RequestProblem 422 where the body is too long or no JSON object */
export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > BODY_LIMIT) throw new RequestProblem(422, 'bad_body', 'the body is longer than 1 MiB');
    chunks.push(bytes);
  }
  try {
    const body: unknown = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // answered below like any other body that is no object
  }
  throw new RequestProblem(422, 'bad_body', 'the body must be a JSON object');
}

export function encode(body: unknown): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
}

export function send(response: ServerResponse, answer: Answer): void {
  const bytes = encode(answer.body);
  response.writeHead(answer.status, {
    'content-type': Buffer.isBuffer(answer.body) ? 'application/octet-stream' : 'application/json; charset=utf-8',
    'content-length': String(bytes.length),
    ...answer.headers,
  });
  response.end(bytes);
}

export function problemAnswer(problem: RequestProblem): Answer {
  return { status: problem.status, body: { error: problem.code, message: problem.message }, headers: problem.headers };
}
