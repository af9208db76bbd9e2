import type { FieldName, Fields, Form } from './forms.js';
import { readPath } from './read-path.js';

/** `problem` names fields of ours, never their values. */
export type Mapped =
  | { ok: true; fields: Fields }
  | { ok: false; problem: string; submissionId: string | null; sequence: number | null };

const LONGEST: Partial<Record<FieldName, number>> = { message: 100_000, subject: 2_000 };
const LONGEST_FIELD = 500;
const EMAIL = /^[^\s@\p{Cc}\uFFFD<>]{1,64}@[^\s@\p{Cc}\uFFFD<>]{1,255}$/u;
/** What the boxes and selections of common form builders send for a yes. */
const YES = new Set(['true', 'yes', 'y', 'on', '1', 'checked', 'x', 'ja', 'oui', 'si', 'sí']);

/** Reads the fields of a submission where the form says that they stand. Pure; what does not fit is named by its field. */
export function mapSubmission({ fields: paths, required }: Pick<Form, 'fields' | 'required'>, body: unknown): Mapped {
  const problems: string[] = [];
  const read = (name: FieldName): string | null => {
    const path = paths[name];
    const text = path === undefined ? null : asText(readPath(body, path));
    if (text === undefined) problems.push(`${name}: is no text`);
    else if (text !== null && text.length > (LONGEST[name] ?? LONGEST_FIELD)) problems.push(`${name}: is too long`);
    return text ?? null;
  };
  const [email, name, phone, subject] = [read('email'), read('name'), read('phone'), read('subject')];
  const [message, language, submissionId] = [read('message'), read('language'), read('submission_id')];
  const [sequence, submitted, callback] = [read('sequence'), read('submitted_at'), read('wants_callback')];
  const timeZone = read('time_zone');
  if (email !== null && !EMAIL.test(email)) problems.push('email: is no address');
  const number = sequence === null ? null : Number(sequence);
  const isNumber = number !== null && Number.isSafeInteger(number) && number >= 0;
  if (number !== null && !isNumber) problems.push('sequence: is no whole number');
  const submittedAt = submitted === null ? null : instantOf(submitted);
  if (submitted !== null && submittedAt === null) problems.push('submitted_at: is no instant');
  const given: Partial<Record<FieldName, unknown>> = { email, name, phone, subject, message, language };
  Object.assign(given, {
    submission_id: submissionId,
    sequence,
    submitted_at: submitted,
    wants_callback: callback,
    time_zone: timeZone,
  });
  for (const field of required) if (given[field] == null) problems.push(`${field}: is missing`);
  if (problems.length > 0)
    return {
      ok: false,
      problem: [...new Set(problems)].join('; '),
      submissionId: keep(submissionId),
      sequence: isNumber ? number : null,
    };
  const wantsCallback = callback !== null && YES.has(callback.toLowerCase());
  return {
    ok: true,
    fields: {
      email,
      name,
      phone,
      subject,
      message,
      language,
      submissionId,
      sequence: number,
      submittedAt,
      wantsCallback,
      timeZone,
    },
  };
}

const keep = (id: string | null): string | null => (id !== null && id.length <= LONGEST_FIELD ? id : null);

/** Lists within lists that a form builder still sends; deeper ones would take the stack with them. */
const DEEPEST = 4;

/** Null where nothing was given; undefined where it is neither text nor number nor truth, nor a list of those. */
function asText(value: unknown, depth = 0): string | null | undefined {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) {
    if (depth === DEEPEST) return undefined;
    const parts = value.map((part) => asText(part, depth + 1));
    return parts.some((part) => part === undefined) ? undefined : asText(parts.filter(Boolean).join(', '));
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  const text = storable(String(value)).trim();
  return text === '' ? null : text;
}

/** As Postgres can hold it, in text and in json: no byte 0, no half of a surrogate pair. */
const storable = (text: string): string =>
  text
    .replaceAll('\0', '\uFFFD')
    .replaceAll(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD');

/** An instant as vendors write it: ISO 8601 with its zone, or Unix seconds or milliseconds. */
function instantOf(text: string): string | null {
  const isUnix = /^\d{9,14}$/.test(text);
  const at = isUnix ? Number(text) * (text.length > 11 ? 1 : 1_000) : Date.parse(text);
  if (!Number.isFinite(at) || at < 0 || at > 4_102_444_800_000) return null;
  if (!isUnix && !/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)$/i.test(text)) return null;
  return new Date(at).toISOString();
}

/** What is the same in a submission whichever way it came: who wrote, and the words without what mailers change about them. */
export const normalizedFields = ({ email, phone, message }: Fields): string =>
  [
    email?.toLowerCase() ?? '',
    phone?.replaceAll(/\D/g, '') ?? '',
    (message ?? '')
      .normalize('NFKC')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, ''),
  ].join('\n');
