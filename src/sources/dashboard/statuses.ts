import type { FailureType } from '../../domain/failures.js';
import { ProviderFailure } from '../source.js';
import { cutBytes } from './raw.js';
import { readRetryAfter } from './retry-after.js';
import { type Answer, KEPT_ANSWER_BYTES } from './transport.js';

/** Any status but 2xx as a failure, with what the provider said. A redirect is one: it may point anywhere. */
export function statusFailure(answer: Answer, now: Date): ProviderFailure {
  const [type, retryable] = typeOf(answer.status);
  const retryAfterMs = readRetryAfter(answer.headers, now);
  return new ProviderFailure(type, `the provider answered ${answer.status}`, {
    ...keep(answer),
    retryable,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** A 2xx that is not the answer of the contract. */
export const unreadableAnswer = (answer: Answer, problem: string, cause?: unknown): ProviderFailure =>
  new ProviderFailure('SourceAnswerUnreadable', `the provider answered ${answer.status} with ${problem}`, {
    ...keep(answer),
    cause,
  });

/**
 * The same for a reply: certain is only what the provider itself refused. Where it may have been executed, nobody may send it
 * again before the thread was looked at. 303 is what follows an executed POST, 409 may answer the twin of one under way.
 */
export function replyFailure(answer: Answer, now: Date): ProviderFailure {
  const failure = statusFailure(answer, now);
  const { status } = answer;
  if (status === 401 || status === 403 || status === 404 || status === 429) return failure;
  const doubtful = status < 400 || status >= 500 || status === 408 || status === 409 || status === 425;
  return new ProviderFailure(doubtful ? 'ReplyDoubtful' : 'ReplyRefused', failure.message, {
    ...keep(answer),
    retryable: false,
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
  });
}

function typeOf(status: number): [FailureType, boolean] {
  if (status === 401 || status === 403) return ['SourceAuthRejected', true];
  if (status === 404) return ['SourceNotFound', false];
  if (status === 410) return ['CursorExpired', false];
  if (status === 429) return ['SourceRateLimited', true];
  if (status === 408 || status === 425 || status < 400 || status >= 500) return ['SourceTrouble', true];
  return ['SourceRefused', false];
}

const keep = (answer: Answer) => ({
  status: answer.status,
  code: String(answer.status),
  answer: cutBytes(answer.text, KEPT_ANSWER_BYTES),
});
