import type { IgnoreReason } from './reasons.js';

export interface AutomaticMail {
  reason: Extract<IgnoreReason, 'auto_submitted' | 'response_suppressed' | 'bounce' | 'bulk_mail'>;
  /** Name of the rule, with words of ours alone. */
  evidence: string;
}

type Headers = Readonly<Record<string, string>>;

/** A header that came more than once stands line by line. */
const linesOf = (headers: Headers, name: string): string[] =>
  Object.hasOwn(headers, name) ? (headers[name] ?? '').split('\n').map((line) => line.trim().toLowerCase()) : [];

/** Any value but `no`; a comment may stand before it, and a parameter on a folded line of its own (RFC 3834 section 5). */
const saysAutomatic = (line: string): boolean => !/^(?:\([^()]*\)\s*)*(?:no\s*(?:[;(]|$)|[a-z-]+\s*=|$)/.test(line);

/** Senders of delivery reports: RFC 3834 section 2 and RFC 5321 4.5.5 name no other sign that holds where headers are lost. */
const REPORTERS = new Set(['mailer-daemon', 'postmaster']);
const BULK = new Set(['bulk', 'list', 'junk']);
/**
 * Of the values of X-Auto-Response-Suppress (MS-OXCMAIL 2.2.3.2.14) these two forbid what we would send. DR, NDR, RN and NRN ask for
 * no receipts or reports, OOF for no notice of absence: we send none of those, and `none` asks for nothing.
 */
const SUPPRESSING = new Set(['all', 'autoreply']);

/**
 * Mail that no automatic answer may go to, or null: reports, automatic answers, mail to many. List-Unsubscribe alone is none of
 * these: shops put it under what a person wrote. Source: RFC 3834 section 2, and the older conventions that it names.
 */
export function automaticMail(headers: Headers, from: string | null): AutomaticMail | null {
  if (linesOf(headers, 'content-type').some((type) => /^multipart\/report\b/.test(type)))
    return { reason: 'bounce', evidence: 'content type multipart/report' };
  const local = from?.split('@')[0]?.trim().toLowerCase() ?? '';
  if (REPORTERS.has(local)) return { reason: 'bounce', evidence: `sender ${local}` };
  if (linesOf(headers, 'auto-submitted').some(saysAutomatic))
    return { reason: 'auto_submitted', evidence: 'header auto-submitted' };
  const precedence = linesOf(headers, 'precedence');
  if (precedence.includes('auto_reply')) return { reason: 'auto_submitted', evidence: 'header precedence: auto_reply' };
  if (linesOf(headers, 'return-path').some((path) => /^<\s*>$/.test(path)))
    return { reason: 'bounce', evidence: 'header return-path: <>' };
  const asked = linesOf(headers, 'x-auto-response-suppress').flatMap((line) => line.split(/[\s,;]+/));
  const suppressing = asked.find((value) => SUPPRESSING.has(value));
  if (suppressing)
    return { reason: 'response_suppressed', evidence: `header x-auto-response-suppress: ${suppressing}` };
  if (Object.hasOwn(headers, 'list-id')) return { reason: 'bulk_mail', evidence: 'header list-id' };
  const bulk = precedence.find((value) => BULK.has(value));
  return bulk ? { reason: 'bulk_mail', evidence: `header precedence: ${bulk}` } : null;
}
