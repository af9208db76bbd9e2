import { type Clock, systemClock } from '../../domain/clock.js';
import { parseBase } from '../dashboard/origin.js';
import { readRetryAfter } from '../dashboard/retry-after.js';
import { statusFailure, unreadableAnswer } from '../dashboard/statuses.js';
import { type Answer, createAgent, exchange, TransportFailure } from '../dashboard/transport.js';
import { type CallOptions, ProviderFailure } from '../source.js';
import { type PhoneCall, type PhoneCallPage, readCall, readCalls } from './normalize.js';

const CALLS_PER_PAGE = 100;
const LARGEST_ANSWER = 4 * 1024 * 1024;
const LONGEST_CONNECT_MS = 5_000;
/** Every change of a call is wanted; without the list only the last one would be told. */
const EVENTS = ['initiated', 'ringing', 'answered', 'completed'] as const;

export interface PhoneOptions {
  /** Address of the provider's API, without its version. */
  url: string;
  accountSid: string;
  authToken: string;
  /** Deadline of one request, in ms; less than the timeout of its activity. */
  callDeadlineMs: number;
  clock?: Clock;
  /** Told from the head of an answer that asks for a pause, with its Retry-After in ms. */
  onPause?: (retryAfterMs: number | undefined) => Promise<void>;
}

export interface NewCall {
  to: string;
  from: string;
  /** Where the provider learns what to do once somebody answers. */
  url: string;
  statusCallback: string;
}

/** One method per request, one request per method: no retries, no pacing, no memory. */
export interface PhoneClient {
  createCall(call: NewCall, options?: CallOptions): Promise<{ status: number; call: PhoneCall }>;
  getCall(sid: string, options?: CallOptions): Promise<{ status: number; call: PhoneCall }>;
  /** Calls from a number, newest first, queued ones included; `page` is what the page before named. */
  listCalls(
    query: { from: string; to: string | null; page: string | null },
    options?: CallOptions,
  ): Promise<PhoneCallPage>;
  close(): Promise<void>;
}

/**
 * A client of the Calls resource of Twilio's API (2010-04-01). After `createCall`, anything that leaves open whether a call was
 * placed is CallDoubtful, giving up included: the API takes no idempotency key.
 */
export function createPhoneClient(options: PhoneOptions): PhoneClient {
  const { accountSid, authToken, callDeadlineMs, clock = systemClock, onPause } = options;
  const { origin, prefix } = parseBase(options.url);
  const calls = `${prefix}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Calls`;
  const headers = {
    authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'waybill (phone/1)',
  };
  const connectTimeoutMs = Math.min(callDeadlineMs, LONGEST_CONNECT_MS);
  const reading = createAgent({ keepAlive: true, connectTimeoutMs });
  const placing = createAgent({ keepAlive: false, connectTimeoutMs });

  const onHead = async ({ status, headers: given }: Pick<Answer, 'status' | 'headers'>): Promise<void> => {
    const asksForPause = status === 429 || ((status < 200 || status > 299) && given['retry-after'] !== undefined);
    if (asksForPause) await onPause?.(readRetryAfter(given, clock.now()));
  };
  const limits = { deadlineMs: callDeadlineMs, maxAnswerBytes: LARGEST_ANSWER, onHead };

  async function get(path: string, signal: AbortSignal | undefined): Promise<Answer> {
    const answer = await exchange(reading, origin, { method: 'GET', path, headers, signal, ...limits });
    if (answer.status < 200 || answer.status > 299) throw statusFailure(answer, clock.now());
    return answer;
  }

  return {
    async createCall({ to, from, url, statusCallback }, { signal } = {}) {
      signal?.throwIfAborted(); // before anything left, giving up leaves no doubt
      const form = new URLSearchParams({ To: to, From: from, Url: url, StatusCallback: statusCallback });
      form.append('StatusCallbackMethod', 'POST');
      for (const event of EVENTS) form.append('StatusCallbackEvent', event);
      try {
        const answer = await exchange(placing, origin, {
          method: 'POST',
          path: `${calls}.json`,
          headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
          body: form.toString(),
          signal,
          ...limits,
        });
        if (answer.status < 200 || answer.status > 299) throw callFailure(answer, clock.now());
        return { status: answer.status, call: readCall(answer) };
      } catch (error) {
        throw doubtUnlessCertain(error);
      }
    },
    async getCall(sid, { signal } = {}) {
      const answer = await get(`${calls}/${encodeURIComponent(sid)}.json`, signal);
      return { status: answer.status, call: readCall(answer) };
    },
    async listCalls({ from, to, page }, { signal } = {}) {
      // No StartTime: a call that waits to be dialled has none, and would be left out of what is to prove that there is none.
      const query = new URLSearchParams({
        From: from,
        ...(to === null ? {} : { To: to }),
        PageSize: String(CALLS_PER_PAGE),
      });
      const answer = await get(page === null ? `${calls}.json?${query.toString()}` : `${prefix}${page}`, signal);
      const read = readCalls(answer);
      if (read.nextPage !== null && !isOwnPath(read.nextPage))
        throw unreadableAnswer(answer, 'a next page that is none of its own');
      return read;
    },
    async close() {
      await Promise.all([reading.close(), placing.close()]);
    },
  };

  /** Our credentials go along with every page: a list must not lead them elsewhere. */
  function isOwnPath(page: string): boolean {
    return page.startsWith(`/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Calls`);
  }
}

/** A refusal is certain; 408, 409 and 5xx are not. Source: RFC 9110, and docs/adr/0030. */
function callFailure(answer: Answer, now: Date): ProviderFailure {
  const failure = statusFailure(answer, now);
  const { status } = answer;
  if (status === 401 || status === 403 || status === 404 || status === 429) return failure;
  const isDoubtful = status < 400 || status >= 500 || status === 408 || status === 409 || status === 425;
  return again(isDoubtful ? 'CallDoubtful' : 'CallRefused', failure);
}

function doubtUnlessCertain(error: unknown): unknown {
  if (error instanceof TransportFailure) return error.certain ? error : again('CallDoubtful', error);
  if (error instanceof ProviderFailure)
    return error.type === 'SourceAnswerUnreadable' ? again('CallDoubtful', error) : error;
  return new ProviderFailure('CallDoubtful', 'the caller gave up while the request for a call was on its way', {
    cause: error,
    retryable: false,
  });
}

const again = (type: 'CallDoubtful' | 'CallRefused', failure: ProviderFailure): ProviderFailure =>
  new ProviderFailure(type, failure.message, {
    status: failure.status,
    answer: failure.answer,
    cause: failure,
    retryable: false,
    ...(failure.code === undefined ? {} : { code: failure.code }),
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
  });
