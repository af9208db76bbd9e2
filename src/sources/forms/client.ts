import { type Clock, systemClock } from '../../domain/clock.js';
import type { Form } from '../../domain/forms.js';
import { readPath } from '../../domain/read-path.js';
import { readRetryAfter } from '../dashboard/retry-after.js';
import { statusFailure, unreadableAnswer } from '../dashboard/statuses.js';
import { type Answer, createAgent, exchange, type Request } from '../dashboard/transport.js';
import { ProviderFailure } from '../source.js';

export interface SubmissionPage {
  status: number;
  /** Rows of the vendor's list, as they came. */
  rows: unknown[];
  nextCursor: string | null;
}

/** The vendor of one form, one method per request: no retries, no memory. */
export interface FormClient {
  /** Submissions made at or after `since` (ISO). @throws ProviderFailure where the answer is no list */
  listSubmissions(query: { since: string; cursor: string | null }): Promise<SubmissionPage>;
  /** Sends the form as a visitor would, with the marker in the field that is configured for it. */
  submitCanary(marker: string): Promise<{ status: number }>;
  close(): Promise<void>;
}

export interface FormClientOptions {
  deadlineMs: number;
  clock?: Clock;
  /** Told from the head of an answer that asks for a pause, with its Retry-After in ms. */
  onPause?: (retryAfterMs: number | undefined) => Promise<void>;
}

const LONGEST_CONNECT_MS = 5_000;
const LARGEST_ANSWER = 8 * 1024 * 1024;
const USER_AGENT = 'waybill (forms/1)';

export function createFormClient({ reconciliation }: Form, options: FormClientOptions): FormClient {
  const { deadlineMs, clock = systemClock, onPause } = options;
  const agent = createAgent({ keepAlive: true, connectTimeoutMs: Math.min(deadlineMs, LONGEST_CONNECT_MS) });

  const onHead = async ({ status, headers }: Pick<Answer, 'status' | 'headers'>): Promise<void> => {
    const asksForPause = status === 429 || (status > 299 && headers['retry-after'] !== undefined);
    if (asksForPause) await onPause?.(readRetryAfter(headers, clock.now()));
  };

  async function ask(url: URL, request: Pick<Request, 'method' | 'headers' | 'body'>): Promise<Answer> {
    const path = `${url.pathname}${url.search}`;
    const fixed = { path, deadlineMs, maxAnswerBytes: LARGEST_ANSWER, onHead };
    const headers = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': USER_AGENT };
    const answer = await exchange(agent, url.origin, {
      ...request,
      ...fixed,
      headers: { ...headers, ...request.headers },
    });
    if (answer.status < 200 || answer.status > 299) throw statusFailure(answer, clock.now());
    return answer;
  }

  return {
    async listSubmissions({ since, cursor }) {
      if (reconciliation.by !== 'list') throw noSuch('a list');
      const { token, items, cursor: cursorPath } = reconciliation;
      const url = new URL(reconciliation.url);
      url.searchParams.set('since', since);
      if (cursor !== null) url.searchParams.set('cursor', cursor);
      const answer = await ask(url, {
        method: 'GET',
        headers: token === null ? {} : { authorization: `Bearer ${token}` },
      });
      const body = parse(answer);
      const rows = readPath(body, items);
      const next = readPath(body, cursorPath) ?? null;
      if (!Array.isArray(rows)) throw unreadableAnswer(answer, 'no list of submissions');
      if (next !== null && (typeof next !== 'string' || next === ''))
        throw unreadableAnswer(answer, 'no readable cursor');
      return { status: answer.status, rows, nextCursor: next };
    },
    async submitCanary(marker) {
      if (reconciliation.by !== 'canary') throw noSuch('a canary');
      const { markerField, url } = reconciliation;
      const { status } = await ask(new URL(url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ [markerField]: marker }),
      });
      return { status };
    },
    close: () => agent.close(),
  };
}

function parse(answer: Answer): unknown {
  try {
    return JSON.parse(answer.text);
  } catch (cause) {
    throw unreadableAnswer(answer, 'no JSON', cause);
  }
}

const noSuch = (what: string): ProviderFailure =>
  new ProviderFailure('ConfigurationInvalid', `The form is not reconciled by ${what}.`, { retryable: false });
