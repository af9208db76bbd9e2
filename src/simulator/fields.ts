import { RequestProblem } from './refusal.js';

/** Readers of a request's fields; each throws the contract's 422 with the field's name. */
type Fields = Record<string, unknown>;

function bad(name: string, rule: string): RequestProblem {
  return new RequestProblem(422, 'bad_parameter', `${name} must be ${rule}`);
}

export function optionalText(fields: Fields, name: string, maxLength = 100_000): string | null {
  const value = fields[name] ?? null;
  if (value === null) return null;
  if (typeof value !== 'string' || value.length > maxLength)
    throw bad(name, `a string of at most ${maxLength} characters`);
  return value;
}

export function requiredText(fields: Fields, name: string, maxLength = 100_000): string {
  const value = optionalText(fields, name, maxLength);
  if (value === null) throw bad(name, 'given');
  return value;
}

export function optionalAmount(fields: Fields, name: string, maximum: number): number | null {
  const value = fields[name] ?? null;
  if (value === null) return null;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > maximum) {
    throw bad(name, `a number from 0 to ${maximum}`);
  }
  return value;
}

export function requiredAmount(fields: Fields, name: string, maximum: number): number {
  const value = optionalAmount(fields, name, maximum);
  if (value === null) throw bad(name, 'given');
  return value;
}

export function optionalFlag(fields: Fields, name: string): boolean {
  const value = fields[name] ?? false;
  if (typeof value !== 'boolean') throw bad(name, 'true or false');
  return value;
}

export function optionalStrings(fields: Fields, name: string): Record<string, string> {
  const value = fields[name] ?? {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(name, 'an object of strings');
  const entries = Object.entries(value as Fields).map(([key, text]): [string, string] => {
    if (typeof text !== 'string') throw bad(`${name}.${key}`, 'a string');
    return [key.toLowerCase(), text];
  });
  return Object.fromEntries(entries);
}

/** A list of objects; empty where the field is absent. */
export function optionalObjects(fields: Fields, name: string, most: number): Fields[] {
  const value = fields[name] ?? [];
  const isList =
    Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null && !Array.isArray(one));
  if (!isList || value.length > most) throw bad(name, `a list of at most ${most} objects`);
  return value as Fields[];
}

/** A date-time of RFC 3339 as the contract has it; null where the parameter is absent. */
export function queryInstant(query: URLSearchParams, name: string): number | null {
  const value = query.get(name);
  if (value === null) return null;
  const instant = Date.parse(value);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) || Number.isNaN(instant)) throw bad(name, 'a date-time');
  return instant;
}

export function queryLimit(query: URLSearchParams, fallback: number, maximum: number): number {
  const value = query.get('limit');
  if (value === null) return fallback;
  const limit = Number(value);
  if (!/^\d+$/.test(value) || limit < 1 || limit > maximum) throw bad('limit', `a whole number from 1 to ${maximum}`);
  return limit;
}
