import type { IncomingHttpHeaders } from 'undici/types/header.js';

/** Longest pause that is believed: a provider that asks for more is asked again after an hour. */
export const LONGEST_RETRY_AFTER_MS = 3_600_000;

const HTTP_DATE =
  /^[A-Z][a-z]{2,8},? \d{1,2}[ -][A-Z][a-z]{2}[ -](\d{2}|\d{4}) \d\d:\d\d:\d\d GMT$|^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;

/**
 * Milliseconds of a Retry-After header (RFC 9110: seconds or an HTTP date), at most an hour; undefined where it is absent or
 * cannot be read. A date is measured against the answer's own Date header, since the provider's clock need not be ours.
 */
export function readRetryAfter(headers: IncomingHttpHeaders, now: Date): number | undefined {
  const text = one(headers['retry-after']);
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Math.ceil(Number(text) * 1000), LONGEST_RETRY_AFTER_MS);
  const until = readHttpDate(text);
  if (until === null) return undefined;
  const from = readHttpDate(one(headers.date) ?? '') ?? now.getTime();
  return Math.min(Math.max(until - from, 0), LONGEST_RETRY_AFTER_MS);
}

function readHttpDate(text: string): number | null {
  if (!HTTP_DATE.test(text)) return null;
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`); // the asctime form names no zone and means GMT
  return Number.isNaN(at) ? null : at;
}

const one = (value: string | string[] | undefined): string | undefined =>
  (Array.isArray(value) ? value[0] : value)?.trim();
