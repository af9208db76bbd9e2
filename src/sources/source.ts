import type { WaybillErrorOptions } from '../domain/failures.js';
import { type FailureType, WaybillError } from '../domain/failures.js';
import type { IncomingMessage, IncomingThread, Item } from '../domain/message.js';
import type { ByteSink } from './byte-sink.js';

/** One good answer of a provider: its rows, where it goes on, and what was seen that the contract does not name. */
export interface Page<T> {
  status: number;
  items: Item<T>[];
  /** The provider's opaque page token; null, and only null, ends a listing. */
  nextCursor: string | null;
  /** Names of fields that the contract does not know, with how often they came. */
  unknownFields: Record<string, number>;
  /** The answer as it came, for the case that nothing of it can be taken. */
  answer?: string;
}

export interface CallOptions {
  /** Aborts the request, besides its own deadline. */
  signal?: AbortSignal;
}

/**
 * A provider's API, one method per request: no retries, no pacing, no memory. Every method makes exactly one HTTP request
 * and throws `ProviderFailure` where the answer is not the one of the contract.
 */
export interface SourceClient {
  /** Threads created in [from, to), newest first; instants as ISO strings in whole seconds. A page holds 100 unless a limit is given. */
  listThreads(
    query: { from: string; to: string; cursor: string | null; limit?: number },
    options?: CallOptions,
  ): Promise<Page<IncomingThread>>;
  getThread(providerThreadId: string, options?: CallOptions): Promise<Item<IncomingThread>>;
  /** Messages of a thread, newest first by the provider's own order. */
  listMessages(
    query: { providerThreadId: string; cursor: string | null },
    options?: CallOptions,
  ): Promise<Page<IncomingMessage>>;
  /** An attachment's bytes, poured into the sink, or the link where they lie. */
  getAttachment(providerAttachmentId: string, sink: ByteSink, options?: CallOptions): Promise<AttachmentAnswer>;
  /** The bytes behind such a link; never a further link, and never an address inside a network of ours. */
  followLink(link: string, sink: ByteSink, options?: CallOptions): Promise<AttachmentAnswer>;
  postReply(
    reply: { providerThreadId: string; text: string; idempotencyKey: string; clientRef: string },
    options?: CallOptions,
  ): Promise<{ status: number; item: Item<IncomingMessage> }>;
  /** An internal note in the thread, which its customer does not see; not every dashboard has them. */
  addNote(note: { providerThreadId: string; text: string }, options?: CallOptions): Promise<{ status: number }>;
}

export type AttachmentAnswer =
  | { kind: 'bytes'; status: number; contentType: string | null }
  | { kind: 'too_large'; status: number }
  | { kind: 'link'; status: number; link: string };

/** A request that did not end in the contract's answer, with what the provider really said. */
export class ProviderFailure extends WaybillError {
  /** HTTP status; null where none arrived. */
  readonly status: number | null;
  /** The provider's answer as it came, cut to 64 KiB; null where none arrived. */
  readonly answer: string | null;

  constructor(
    type: FailureType,
    detail: string,
    options: WaybillErrorOptions & { status?: number | null; answer?: string | null } = {},
  ) {
    super(type, detail, options);
    this.name = 'ProviderFailure';
    this.status = options.status ?? null;
    this.answer = options.answer ?? null;
  }
}
