import { Agent, type Dispatcher } from 'undici';
import { ProviderFailure } from '../source.js';
import { cutBytes } from './raw.js';

/** What of a provider's answer is kept with a failure. */
export const KEPT_ANSWER_BYTES = 64 * 1024;

export interface Answer {
  status: number;
  headers: Dispatcher.ResponseData['headers'];
  /** Cut to 64 KiB under any status but 2xx. */
  text: string;
}

export interface Request {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body?: string;
  deadlineMs: number;
  maxAnswerBytes: number;
  signal?: AbortSignal | undefined;
  /** Told of the head of the answer before its body is read. */
  onHead?: ((head: Pick<Answer, 'status' | 'headers'>) => Promise<void>) | undefined;
}

/** A request that brought no whole answer. `certain` says that it cannot have been executed. */
export class TransportFailure extends ProviderFailure {
  constructor(
    type: ConstructorParameters<typeof ProviderFailure>[0],
    detail: string,
    options: ConstructorParameters<typeof ProviderFailure>[2],
    readonly certain: boolean,
  ) {
    super(type, detail, options);
  }
}

/** `keepAlive: false` gives each request a connection of its own: one that the provider closed meanwhile breaks no send. */
export function createAgent(options: { keepAlive: boolean; connectTimeoutMs: number }): Agent {
  return new Agent({
    pipelining: options.keepAlive ? 1 : 0,
    connect: { timeout: options.connectTimeoutMs },
    // undici's own timeouts tick in whole seconds; the deadline of the request is an AbortSignal.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/**
 * Exactly one HTTP request: no retry, no redirect followed. The whole answer has to arrive before the deadline.
 * @throws TransportFailure SourceUnreachable, SourceTimeout, SourceAnswerTooLarge or SourceAnswerUnreadable; the reason of
 * `signal` where the caller gave the call up
 */
export async function exchange(agent: Dispatcher, origin: string, request: Request): Promise<Answer> {
  const deadline = AbortSignal.timeout(request.deadlineMs);
  const signal = request.signal ? AbortSignal.any([request.signal, deadline]) : deadline;
  let status: number | null = null;
  const received: Buffer[] = [];
  try {
    const { method, path, headers, body = null } = request;
    const response = await agent.request({ origin, path, method, headers, body, signal });
    status = response.statusCode;
    response.body.on('error', () => {}); // what breaks after the body was given up has no other listener
    await request.onHead?.({ status, headers: response.headers });
    const whole = await collect(response, received, request.maxAnswerBytes);
    const text = decode(received);
    if (whole) return { status, headers: response.headers, text };
    throw new TransportFailure(
      'SourceAnswerTooLarge',
      `the answer is larger than ${request.maxAnswerBytes} bytes`,
      kept(status, text),
      false,
    );
  } catch (error) {
    if (error instanceof ProviderFailure) throw error;
    if (request.signal?.aborted) throw request.signal.reason;
    throw describe(error, {
      origin,
      status,
      text: decode(received),
      timedOut: deadline.aborted,
      deadlineMs: request.deadlineMs,
    });
  }
}

/**
 * Reads the body; false where it is larger than the cap. Under any status but 2xx its beginning is enough. The body flows and is
 * never paused: undici 7 ends the whole process where a server closes the connection of a paused body (nodejs/undici#5360).
 */
async function collect(
  { body, statusCode }: Dispatcher.ResponseData,
  received: Buffer[],
  maxAnswerBytes: number,
): Promise<boolean> {
  const good = statusCode >= 200 && statusCode < 300;
  let bytes = 0;
  return new Promise((resolve, reject) => {
    body.on('data', (chunk: Buffer) => {
      received.push(chunk);
      bytes += chunk.length;
      if (bytes <= (good ? maxAnswerBytes : KEPT_ANSWER_BYTES)) return;
      resolve(!good);
      body.destroy();
    });
    body.on('end', () => resolve(true));
    // Under another status the status itself is the answer, however its body ended.
    body.on('error', (error) => (good ? reject(error) : resolve(true)));
    body.on('close', () => resolve(true)); // after an end or an error it changes nothing any more
  });
}

/** A failure of ours for whatever broke a request, with what had come of its answer. */
export function describe(
  error: unknown,
  seen: { origin: string; status: number | null; text: string; timedOut: boolean; deadlineMs: number },
): TransportFailure {
  const {
    code = '',
    name,
    syscall,
    message = '',
  } = (error ?? {}) as Record<'code' | 'name' | 'syscall' | 'message', string | undefined>;
  const options = { ...kept(seen.status, seen.text), cause: error, ...(code === '' || seen.timedOut ? {} : { code }) };
  if (seen.timedOut) {
    return new TransportFailure(
      'SourceTimeout',
      `${seen.origin} did not answer within ${seen.deadlineMs} ms`,
      options,
      false,
    );
  }
  if (name === 'HTTPParserError' || code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return new TransportFailure(
      'SourceAnswerUnreadable',
      `${seen.origin} answered with something that is no HTTP`,
      options,
      false,
    );
  }
  const before = isBeforeSending(code, syscall);
  const what = before ? `${seen.origin} could not be reached` : `the connection to ${seen.origin} broke`;
  return new TransportFailure(
    'SourceUnreachable',
    `${what} (${code || message || 'no reason given'})`,
    options,
    before,
  );
}

/** Failures of name, connection and certificate: the request was not written yet. */
const isBeforeSending = (code: string, syscall: string | undefined): boolean =>
  syscall === 'connect' ||
  syscall === 'getaddrinfo' ||
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_|ERR_SSL_|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_)/.test(
    code,
  );

const kept = (status: number | null, text: string) => ({
  status,
  answer: status === null ? null : cutBytes(text, KEPT_ANSWER_BYTES),
});

/** Bytes that are no UTF-8 become U+FFFD: one broken message must not make its whole page unreadable for ever. */
export const decode = (received: Buffer[]): string => new TextDecoder('utf-8').decode(Buffer.concat(received));
