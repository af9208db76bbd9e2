import { EVENTS, type EventEntry, TEMPORAL_FIELDS } from './events.js';

export type FieldValue = string | number | boolean | null | undefined;
export type Line = Record<string, string | number | boolean | null>;

const LONGEST = 300;
const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_.-]{0,79}$/;
const CODE = /^[A-Za-z0-9_.-]{1,40}$/;

/**
 * One line of text that cannot forge another line and names nobody: control characters become spaces, what looks like a mail
 * address is masked, the rest is cut to 300 characters.
 */
export function clean(text: string): string {
  const flat = text.slice(0, LONGEST * 4).replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  const masked = flat.includes('@')
    ? flat.replace(/[^\s@<>"'(),;:]{1,128}@[^\s@<>"'(),;:]{1,253}/g, '[address]')
    : flat;
  return masked.length > LONGEST ? `${masked.slice(0, LONGEST)}...` : masked;
}

/** Type and code of an error and of nothing else: its message, stack and cause can quote a customer. */
export function reduceError(error: unknown): { errorType: string; errorCode?: string } {
  let errorType: string | undefined;
  let errorCode: string | undefined;
  let name: string | undefined;
  let link: unknown = error;
  for (let depth = 0; depth < 5 && typeof link === 'object' && link !== null; depth += 1) {
    const { type, code, name: ownName, cause } = link as Record<string, unknown>;
    if (errorType === undefined && typeof type === 'string' && IDENTIFIER.test(type)) errorType = type;
    if (errorCode === undefined && (typeof code === 'string' || typeof code === 'number') && CODE.test(String(code)))
      errorCode = String(code);
    if (name === undefined && typeof ownName === 'string' && IDENTIFIER.test(ownName)) name = ownName;
    link = cause;
  }
  return { errorType: errorType ?? name ?? 'Unexpected', ...(errorCode === undefined ? {} : { errorCode }) };
}

/**
 * What of `fields` may stand in a line of `event`: listed names with plain values. `error` becomes errorType and errorCode.
 * The number of dropped fields is part of the line, so that a missing entry in the catalogue is seen.
 */
export function reduceFields(
  event: string,
  fields: Record<string, unknown>,
  extra: readonly string[] = [],
): { line: Line; dropped: number } {
  const entry: EventEntry | undefined = Object.hasOwn(EVENTS, event) ? EVENTS[event as keyof typeof EVENTS] : undefined;
  const allowed = new Set<string>([...(entry?.fields ?? []), ...extra]);
  const line: Line = {};
  let dropped = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'event' || value === undefined) continue;
    if (name === 'error') Object.assign(line, reduceError(value));
    else if (allowed.has(name) && isPlain(value)) line[name] = typeof value === 'string' ? clean(value) : value;
    else dropped += 1;
  }
  if (dropped > 0) line.droppedFields = dropped;
  return { line, dropped };
}

/** The same for a line of the Temporal SDK, whose own fields are allowed with every event. */
export const reduceTemporalFields = (event: string, fields: Record<string, unknown>) =>
  reduceFields(event, fields, TEMPORAL_FIELDS);

const isPlain = (value: unknown): value is string | number | boolean | null =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);
