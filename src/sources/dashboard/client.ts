import { type Clock, systemClock } from '../../domain/clock.js';
import { type CallOptions, ProviderFailure, type SourceClient } from '../source.js';
import { readAttachment } from './attachments.js';
import { download } from './download.js';
import { createLinkClient } from './links.js';
import { toMessage, toThread } from './normalize.js';
import { checkToken, parseBase } from './origin.js';
import { readItem, readMessagePage, readThreadPage } from './pages.js';
import { readRetryAfter } from './retry-after.js';
import { replyFailure, statusFailure } from './statuses.js';
import { type Answer, createAgent, exchange, type Request, TransportFailure } from './transport.js';

/** Changes when the same answer would be read as something else, so that what was read before can be told apart. */
export const ADAPTER_VERSION = 'dashboard/1';

const THREADS_PER_PAGE = 100;
const MESSAGES_PER_PAGE = 25;
const LONGEST_CONNECT_MS = 5_000;

export interface DashboardOptions {
  /** URL of the dashboard; a path in it stands in front of the contract's routes. */
  origin: string;
  token: string;
  /** Deadline of a request that reads. */
  callDeadlineMs: number;
  /** Deadline of the request that sends a reply; less than the timeout of its activity. */
  sendDeadlineMs: number;
  /** Deadline of a request that fetches an attachment; that of reading unless given. */
  attachmentDeadlineMs?: number;
  /** Largest answer that is read, in bytes; 8 MiB unless given. */
  maxAnswerBytes?: number;
  clock?: Clock;
  /** Told from the head of an answer that asks for a pause, with its Retry-After in ms; the body is read after it. */
  onPause?: (retryAfterMs: number | undefined) => Promise<void>;
}

export type DashboardClient = SourceClient & { close(): Promise<void> };

/**
 * A client of contracts/dashboard-api.yaml. Each method makes one request and throws ProviderFailure where the answer is not
 * the contract's, or the reason of the given signal where the caller gave up. After `postReply` anything that leaves open
 * whether the reply was executed is ReplyDoubtful, giving up included.
 */
export function createDashboardClient(options: DashboardOptions): DashboardClient {
  const { callDeadlineMs, sendDeadlineMs, maxAnswerBytes = 8 * 1024 * 1024, clock = systemClock, onPause } = options;
  const { attachmentDeadlineMs = callDeadlineMs } = options;
  const { origin, prefix } = parseBase(options.origin);
  const headers = {
    authorization: `Bearer ${checkToken(options.token)}`,
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': `waybill (${ADAPTER_VERSION})`,
  };
  const reading = createAgent({ keepAlive: true, connectTimeoutMs: Math.min(callDeadlineMs, LONGEST_CONNECT_MS) });
  const links = createLinkClient({ origin });
  const sending = createAgent({ keepAlive: false, connectTimeoutMs: Math.min(sendDeadlineMs, LONGEST_CONNECT_MS) });

  const onHead = async ({ status, headers: given }: Pick<Answer, 'status' | 'headers'>): Promise<void> => {
    const asksForPause = status === 429 || ((status < 200 || status > 299) && given['retry-after'] !== undefined);
    if (asksForPause) await onPause?.(readRetryAfter(given, clock.now()));
  };

  async function get(path: string, query: Record<string, string | null>, { signal }: CallOptions): Promise<Answer> {
    const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== null);
    const search = new URLSearchParams(given).toString();
    const target = `${prefix}${path}${search === '' ? '' : `?${search}`}`;
    const answer = await exchange(reading, origin, {
      method: 'GET',
      path: target,
      headers,
      deadlineMs: callDeadlineMs,
      maxAnswerBytes,
      signal,
      onHead,
    });
    if (answer.status < 200 || answer.status > 299) throw statusFailure(answer, clock.now());
    return answer;
  }

  return {
    async listThreads({ from, to, cursor, limit = THREADS_PER_PAGE }, call = {}) {
      const query = { since: from, until: to, limit: String(limit), cursor };
      return readThreadPage(await get('/v1/threads', query, call));
    },
    async getThread(providerThreadId, call = {}) {
      return readItem(await get(`/v1/threads/${encodeURIComponent(providerThreadId)}`, {}, call), toThread);
    },
    async listMessages({ providerThreadId, cursor }, call = {}) {
      const query = { limit: String(MESSAGES_PER_PAGE), cursor };
      return readMessagePage(await get(`/v1/threads/${encodeURIComponent(providerThreadId)}/messages`, query, call));
    },
    async getAttachment(providerAttachmentId, sink, { signal } = {}) {
      const url = new URL(`${origin}${prefix}/v1/attachments/${encodeURIComponent(providerAttachmentId)}`);
      const request = {
        headers: { ...headers, accept: '*/*' },
        deadlineMs: attachmentDeadlineMs,
        sink,
        signal,
        onHead,
      };
      const answer = await download(url, request);
      return readAttachment(answer, `${origin}${prefix}/`, clock.now());
    },
    followLink: (link, sink, { signal } = {}) =>
      links.follow(link, {
        sink,
        signal,
        deadlineMs: attachmentDeadlineMs,
        ownHeaders: { ...headers, accept: '*/*' },
        now: clock.now(),
        onHead,
      }),
    async postReply({ providerThreadId, text, idempotencyKey, clientRef }, { signal } = {}) {
      const answer = await send({
        method: 'POST',
        path: `${prefix}/v1/threads/${encodeURIComponent(providerThreadId)}/replies`,
        headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: JSON.stringify({ text, client_ref: clientRef }),
        deadlineMs: sendDeadlineMs,
        maxAnswerBytes,
        signal,
        onHead,
      });
      if (answer.status < 200 || answer.status > 299) throw replyFailure(answer, clock.now());
      const item = doubtIfUnreadable(() => readItem(answer, toMessage));
      // 201 says that the reply was sent, whatever the message that comes with it looks like; any other 2xx says less.
      if (!item.ok && answer.status !== 201)
        throw doubtful(`the provider answered ${answer.status} with no message`, {
          status: answer.status,
          answer: item.raw,
        });
      return { status: answer.status, item };
    },
    async addNote({ providerThreadId, text }, { signal } = {}) {
      const answer = await exchange(sending, origin, {
        method: 'POST',
        path: `${prefix}/v1/threads/${encodeURIComponent(providerThreadId)}/notes`,
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ text }),
        deadlineMs: callDeadlineMs,
        maxAnswerBytes,
        signal,
        onHead,
      });
      if (answer.status < 200 || answer.status > 299) throw statusFailure(answer, clock.now());
      return { status: answer.status };
    },
    async close() {
      await Promise.all([reading.close(), sending.close()]);
    },
  };

  async function send(request: Request): Promise<Answer> {
    request.signal?.throwIfAborted(); // before anything left, giving up leaves no doubt
    try {
      return await exchange(sending, origin, request);
    } catch (error) {
      if (error instanceof TransportFailure && error.certain) throw error;
      if (error instanceof ProviderFailure)
        throw doubtful(error.message, { status: error.status, answer: error.answer, cause: error });
      throw doubtful('the caller gave up while the reply was on its way', { cause: error });
    }
  }
}

function doubtIfUnreadable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    throw doubtful(error.message, { status: error.status, answer: error.answer, cause: error });
  }
}

const doubtful = (
  detail: string,
  options: { status?: number | null; answer?: string | null; cause?: unknown },
): ProviderFailure => new ProviderFailure('ReplyDoubtful', detail, { ...options, retryable: false });
