import type { ByteSink } from '../byte-sink.js';
import { type AttachmentAnswer, ProviderFailure } from '../source.js';
import { createAddressGuard, FORBIDDEN, type Resolve } from './address-guard.js';
import { readAttachment } from './attachments.js';
import { type DownloadRequest, download } from './download.js';

export interface LinkOptions {
  /** scheme://host:port of the source. */
  origin: string;
  /** Resolves names; the system's way unless given. */
  resolve?: Resolve;
}

export interface LinkRequest {
  sink: ByteSink;
  deadlineMs: number;
  /** Headers with our right, for the source's own origin alone. */
  ownHeaders: Record<string, string>;
  now: Date;
  /** Told of the head of an answer of the source's own origin. */
  onHead?: DownloadRequest['onHead'];
  signal?: AbortSignal | undefined;
}

/**
 * Follows links that a source gave. Our token goes to the source's own origin and nowhere else; a link into a network of ours is
 * refused before anything is sent. What is refused on the way, or asks to go on elsewhere, is a link that is void: the source is
 * asked for a new one. Source: FAULTS T11.
 */
export function createLinkClient({ origin, resolve }: LinkOptions) {
  const guard = createAddressGuard({ ownHost: new URL(origin).hostname, ...(resolve ? { resolve } : {}) });
  return {
    async follow(link: string, request: LinkRequest): Promise<AttachmentAnswer> {
      const url = URL.canParse(link) ? new URL(link) : null;
      if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '')
        throw voidLink('the link is no http or https URL without a user name');
      const isOwn = url.origin === origin;
      const { ownHeaders, sink, deadlineMs, signal } = request;
      const plain = { accept: '*/*', 'accept-encoding': 'identity' };
      try {
        // Names are judged as they are connected to; an address that stands in the link itself is never looked up.
        if (!isOwn) await guard.allowed(url.hostname);
        const answer = await download(url, {
          headers: isOwn ? ownHeaders : plain,
          deadlineMs,
          sink,
          signal,
          ...(isOwn ? { onHead: request.onHead } : { lookup: guard.lookup }),
        });
        const read = readAttachment(answer, link, request.now);
        if (read.kind === 'link') throw voidLink('the link leads to another link', read.status);
        return read;
      } catch (error) {
        throw isForbidden(error)
          ? voidLink('the link leads into a network where no link may lead', null, error)
          : asLinkFailure(error, isOwn);
      }
    },
  };
}

const voidLink = (detail: string, status: number | null = null, cause?: unknown): ProviderFailure =>
  new ProviderFailure('SourceRefused', detail, { status, cause, retryable: false });

const isForbidden = (error: unknown): boolean => {
  for (let one: unknown = error; one instanceof Error; one = one.cause)
    if ('code' in one && one.code === FORBIDDEN) return true;
  return false;
};

/** What another server says is no word of the source: it neither rejects our token nor asks the source's callers to wait. */
function asLinkFailure(error: unknown, isOwn: boolean): unknown {
  if (!(error instanceof ProviderFailure) || error.status === null || error.type === 'SourceRefused') return error;
  const { status, answer, message } = error;
  const options = { status, answer, code: String(status), cause: error };
  if (status === 429 || status === 408 || status === 425 || status >= 500 || status < 400)
    return isOwn ? error : new ProviderFailure('SourceTrouble', message, options);
  return new ProviderFailure('SourceRefused', message, { ...options, retryable: false });
}
