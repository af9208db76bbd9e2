import type { Clock } from '../../domain/clock.js';
import { readRetryAfter } from '../dashboard/retry-after.js';

/** An answer that holds one label is small; a larger one is no answer. */
const LARGEST_ANSWER_BYTES = 256 * 1024;

export interface CappedFetchOptions {
  clock: Clock;
  onPause?: (retryAfterMs: number | undefined) => Promise<void>;
}

/** `fetch` for one question: no redirect is followed, no answer beyond 256 KiB is read, and a pause is told of from its head on. */
export const cappedFetch =
  ({ clock, onPause }: CappedFetchOptions): typeof fetch =>
  async (input, init) => {
    const response = await fetch(input, { ...init, redirect: 'error' });
    const { status, headers } = response;
    const given = Object.fromEntries(headers);
    if (status === 429 || (!response.ok && headers.has('retry-after')))
      await onPause?.(readRetryAfter(given, clock.now()));
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > LARGEST_ANSWER_BYTES) throw new Error(`the answer is larger than ${LARGEST_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    }
    return new Response(bytes === 0 ? null : Buffer.concat(chunks), { status, headers: plain(headers) });
  };

/** What described the bytes on their way does not describe them any more. */
function plain(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) kept.delete(name);
  return kept;
}
