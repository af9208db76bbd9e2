import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { WaybillError } from '../../domain/failures.js';
import type { ByteSink } from '../byte-sink.js';
import { type Answer, decode, describe, KEPT_ANSWER_BYTES, type Request } from './transport.js';

export interface DownloadRequest {
  headers: Record<string, string>;
  /** The whole of the bytes has to arrive before it. */
  deadlineMs: number;
  sink: ByteSink;
  signal?: AbortSignal | undefined;
  /** Finds and judges the address that is connected to; the system's way unless given. */
  lookup?: LookupFunction;
  /** Told of the head of the answer before its body is read. */
  onHead?: Request['onHead'];
}

/** As any answer; the bytes of a 2xx are in the sink, and `tooLarge` says that they did not fit. */
export interface Download extends Answer {
  tooLarge: boolean;
}

/**
 * Exactly one GET whose bytes go to the sink as they come, at the sink's pace, over a connection of its own. By Node's own client:
 * undici 7 ends the whole process where a server closes the connection while the body waits (nodejs/undici#5360).
 * @throws TransportFailure as `exchange` does; what the sink throws; the reason of `signal` where the caller gave up
 */
export async function download(url: URL, wanted: DownloadRequest): Promise<Download> {
  const { headers, deadlineMs, sink, lookup } = wanted;
  const deadline = AbortSignal.timeout(deadlineMs);
  const signal = wanted.signal ? AbortSignal.any([wanted.signal, deadline]) : deadline;
  let status: number | null = null;
  const received: Buffer[] = [];
  try {
    const answer = await begin(url, { headers, signal, agent: false, ...(lookup ? { lookup } : {}) });
    status = answer.statusCode ?? 0;
    await wanted.onHead?.({ status, headers: answer.headers });
    const good = status >= 200 && status < 300;
    const tooLarge = good ? !(await pour(answer, sink)) : false;
    if (!good) await collectSome(answer, received);
    return { status, headers: answer.headers, text: decode(received), tooLarge };
  } catch (error) {
    if (error instanceof WaybillError) throw error;
    if (wanted.signal?.aborted) throw wanted.signal.reason;
    const text = decode(received);
    throw describe(error, { origin: url.origin, status, text, timedOut: deadline.aborted, deadlineMs });
  }
}

const begin = (url: URL, options: Parameters<typeof requestHttp>[1]): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const make = url.protocol === 'https:' ? requestHttps : requestHttp;
    make(url, options, resolve).on('error', reject).end();
  });

/** Hands the bytes on; false as soon as it is known that they do not fit. Leaving the loop closes the connection. */
async function pour(answer: IncomingMessage, sink: ByteSink): Promise<boolean> {
  if (Number(answer.headers['content-length'] ?? 0) > sink.maxBytes) {
    answer.destroy();
    return false;
  }
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > sink.maxBytes) return false;
    await sink.write(chunk);
  }
  return true;
}

/** The beginning of what another status says; however it ends, the status itself is the answer. */
async function collectSome(answer: IncomingMessage, received: Buffer[]): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      received.push(chunk);
      bytes += chunk.length;
      if (bytes > KEPT_ANSWER_BYTES) return;
    }
  } catch {
    return;
  }
}
