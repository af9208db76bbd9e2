import type { APICallError } from 'ai';
import { statusFailure } from '../dashboard/statuses.js';
import { ProviderFailure } from '../source.js';

/** An answer of the endpoint that is none of the model, as a failure of ours; also a 200 whose body cannot be read. */
export function failureOf(error: APICallError, now: Date): ProviderFailure {
  const { statusCode, responseHeaders = {}, responseBody = '' } = error;
  if (statusCode === undefined)
    return new ProviderFailure('SourceUnreachable', 'the endpoint of the model could not be reached', { cause: error });
  if (statusCode >= 200 && statusCode < 300)
    return new ProviderFailure(
      'SourceAnswerUnreadable',
      `the endpoint answered ${statusCode} with no answer of a model`,
      {
        status: statusCode,
        answer: responseBody,
        cause: error,
      },
    );
  return statusFailure({ status: statusCode, headers: responseHeaders, text: responseBody }, now);
}

/** Whatever broke the request before there was an answer. */
export function unreadable(error: unknown, deadlineMs: number): ProviderFailure {
  const isLate = error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
  return isLate
    ? new ProviderFailure('SourceTimeout', `the endpoint did not answer within ${deadlineMs} ms`, { cause: error })
    : new ProviderFailure('SourceUnreachable', 'the request to the endpoint of the model broke', { cause: error });
}
