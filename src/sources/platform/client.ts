import { Webhook } from 'standardwebhooks';
import { type Clock, systemClock } from '../../domain/clock.js';
import type { FailureType } from '../../domain/failures.js';
import { readRetryAfter } from '../dashboard/retry-after.js';
import { type Answer, createAgent, exchange } from '../dashboard/transport.js';
import { ProviderFailure } from '../source.js';

export interface PlatformOptions {
  url: string;
  /** Standard Webhooks: whsec_ and base64. */
  secret: string;
  deadlineMs: number;
  clock?: Clock;
  /** Told from the head of an answer that asks for a pause, with its Retry-After in ms. */
  onPause?: (retryAfterMs: number | undefined) => Promise<void>;
}

export interface PlatformClient {
  /**
   * One signed request, no redirect followed; only a 2xx means that it was taken.
   * @throws ProviderFailure with the status, where one came
   */
  handOff(delivery: { webhookId: string; body: string }): Promise<{ status: number }>;
  close(): Promise<void>;
}

const LARGEST_ANSWER = 64 * 1024;

/** A client of an outside automation platform: webhooks signed as Standard Webhooks says. */
export function createPlatformClient(options: PlatformOptions): PlatformClient {
  const { secret, deadlineMs, clock = systemClock, onPause } = options;
  const target = new URL(options.url);
  const signer = new Webhook(secret);
  const agent = createAgent({ keepAlive: false, connectTimeoutMs: Math.min(deadlineMs, 5_000) });
  return {
    async handOff({ webhookId, body }) {
      const now = clock.now();
      const answer = await exchange(agent, target.origin, {
        method: 'POST',
        path: target.pathname + target.search,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'waybill',
          'webhook-id': webhookId,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
          'webhook-signature': signer.sign(webhookId, now, body),
        },
        body,
        deadlineMs,
        maxAnswerBytes: LARGEST_ANSWER,
        onHead: async ({ status, headers }) => {
          if (status === 429 || (status >= 300 && headers['retry-after'] !== undefined))
            await onPause?.(readRetryAfter(headers, clock.now()));
        },
      });
      if (answer.status >= 200 && answer.status <= 299) return { status: answer.status };
      throw failureOf(answer, clock.now());
    },
    close: () => agent.close(),
  };
}

/** Whether an answer says for good that the platform does not take it. */
export const isRefusal = (status: number | null): boolean =>
  status !== null && status >= 400 && status <= 499 && status !== 408 && status !== 429;

function failureOf({ status, headers, text }: Answer, now: Date): ProviderFailure {
  const retryAfterMs = readRetryAfter(headers, now);
  return new ProviderFailure(typeOf(status), `the platform answered ${status}`, {
    status,
    answer: text,
    code: String(status),
    retryable: !isRefusal(status),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function typeOf(status: number): FailureType {
  if (status === 429) return 'SourceRateLimited';
  if (status === 408) return 'SourceTimeout';
  if (status === 401 || status === 403) return 'SourceAuthRejected';
  return isRefusal(status) ? 'SourceRefused' : 'SourceTrouble';
}
