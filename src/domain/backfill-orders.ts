import type { BackfillHours, BackfillPace, BackfillVerb } from './backfill.js';

/**
 * What a person can ask of a running backfill, as JSON: the same by signal and by update, from `waybill`, Temporal's UI and its CLI.
 * Read without a schema library, since a workflow reads them. docs/reference/backfill.md shows each.
 */
export type BackfillOrder =
  | { verb: 'pause'; by: string }
  | { verb: 'resume'; by: string }
  | { verb: 'pace'; by: string; pace: Partial<BackfillPace>; hours?: BackfillHours | null }
  | { verb: 'extend'; by: string; from?: string; to?: string }
  | { verb: 'cancel'; by: string };

export interface RefusedOrder {
  /** What is wrong with it, one sentence without its values. */
  problem: string;
}

const FIELDS: Readonly<Record<BackfillVerb, readonly string[]>> = {
  pause: ['by'],
  resume: ['by'],
  pace: ['by', 'perSecond', 'batchThreads', 'batchPauseMs', 'hours'],
  extend: ['by', 'from', 'to'],
  cancel: ['by'],
};
const ANONYMOUS = 'temporal';
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
export const PACE_LIMITS = {
  perSecond: [0.01, 1_000],
  batchThreads: [1, 1_000],
  batchPauseMs: [0, 3_600_000],
} as const;
const DAY_MINUTES = 1_440;

/** Reads what came; nothing of it is done where anything is wrong with it. */
export function readOrder(verb: BackfillVerb, payload: unknown): BackfillOrder | RefusedOrder {
  const given = payload === undefined || payload === null ? {} : payload;
  if (typeof given !== 'object' || Array.isArray(given)) return { problem: 'the payload is not a JSON object' };
  const fields = given as Readonly<Record<string, unknown>>;
  const strange = Object.keys(fields).find((name) => !FIELDS[verb].includes(name));
  if (strange !== undefined) return { problem: `${verb} knows ${FIELDS[verb].join(', ')} and no other field` };
  const by = fields['by'] ?? ANONYMOUS;
  if (typeof by !== 'string' || by.length === 0 || by.length > 200)
    return { problem: 'by is not a name of 1 to 200 characters' };
  if (verb === 'pace') return readPace(by, fields);
  if (verb === 'extend') return readExtend(by, fields);
  return { verb, by };
}

function readPace(by: string, fields: Readonly<Record<string, unknown>>): BackfillOrder | RefusedOrder {
  const pace: Partial<BackfillPace> = {};
  for (const name of ['perSecond', 'batchThreads', 'batchPauseMs'] as const) {
    const value = fields[name];
    if (value === undefined) continue;
    if (name === 'perSecond' && value === null) {
      pace.perSecond = null;
      continue;
    }
    const [least, most] = PACE_LIMITS[name];
    const whole = name === 'perSecond' || Number.isInteger(value);
    if (typeof value !== 'number' || !whole || !(value >= least && value <= most))
      return { problem: `${name} is not a ${name === 'perSecond' ? '' : 'whole '}number from ${least} to ${most}` };
    pace[name] = value;
  }
  const hours = fields['hours'];
  if (hours === undefined && Object.keys(pace).length === 0) return { problem: 'pace names nothing to change' };
  if (hours === undefined) return { verb: 'pace', by, pace };
  const read = hours === null ? null : readHours(hours);
  if (read && 'problem' in read) return read;
  return { verb: 'pace', by, pace, hours: read };
}

function readHours(value: unknown): BackfillHours | RefusedOrder {
  const problem =
    'hours are {"from": minute, "to": minute, "zone": "Europe/Berlin"}, minutes of the day from 0 to 1440';
  if (typeof value !== 'object' || value === null) return { problem };
  const { from, to, zone, ...rest } = value as Record<string, unknown>;
  const isMinute = (minute: unknown): minute is number =>
    Number.isInteger(minute) && (minute as number) >= 0 && (minute as number) <= DAY_MINUTES;
  if (!isMinute(from) || !isMinute(to) || from === to || Object.keys(rest).length > 0) return { problem };
  if (typeof zone !== 'string' || !/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+){0,2}$/.test(zone)) return { problem };
  return { from, to, zone };
}

function readExtend(by: string, { from, to }: Readonly<Record<string, unknown>>): BackfillOrder | RefusedOrder {
  if (from === undefined && to === undefined) return { problem: 'extend names neither from nor to' };
  for (const [name, value] of Object.entries({ from, to }))
    if (value !== undefined && (typeof value !== 'string' || !INSTANT.test(value) || Number.isNaN(Date.parse(value))))
      return { problem: `${name} is not an instant such as 2026-01-31T00:00:00Z` };
  return {
    verb: 'extend',
    by,
    ...(typeof from === 'string' ? { from: new Date(from).toISOString() } : {}),
    ...(typeof to === 'string' ? { to: new Date(to).toISOString() } : {}),
  };
}
