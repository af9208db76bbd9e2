import { isSupportedCountry } from 'libphonenumber-js/min';
import { z } from 'zod';
import { parseHours } from '../domain/calling-hours.js';

const number = (what: string, allowed: (value: number) => boolean) =>
  z
    .string()
    .refine((text) => /^\d+(\.\d+)?$/.test(text) && allowed(Number(text)), what)
    .transform(Number);

const whole = (what: string, least: number, most: number) =>
  number(what, (value) => Number.isInteger(value) && value >= least && value <= most);

const choice = <const T extends readonly string[]>(values: T) =>
  z.enum(values, { error: `must be ${values.slice(0, -1).join(', ')} or ${values.at(-1)}` });

const list = (what: string, item: RegExp) =>
  z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .refine((parts) => parts.length > 0 && parts.every((part) => item.test(part)), what);

const urlOf = (text: string, protocols: string[]): boolean => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return protocols.includes(url.protocol) && url.hostname !== '';
};

const LIMIT = /^(\d+(?:\.\d+)?)\/(s|min|h)$/;
/**
 * Seconds of the unit, and the share of the limit that is used: the server's bucket lets up to a second's worth go at once after it
 * was idle, which doubles a second and is lost in a minute.
 */
const UNITS: Record<string, { seconds: number; share: number }> = {
  s: { seconds: 1, share: 0.5 },
  min: { seconds: 60, share: 0.9 },
  h: { seconds: 3_600, share: 0.9 },
};

/** Calls per second that are made under a limit as it is written; NaN where it cannot be read. */
function ratePerSecond(text: string): number {
  const [, amount = '', unit = ''] = LIMIT.exec(text) ?? [];
  const { seconds, share } = UNITS[unit] ?? { seconds: 1, share: Number.NaN };
  return (Number(amount) / seconds) * share;
}

const isLimit = (text: string): boolean => {
  const rate = ratePerSecond(text);
  return rate >= 0.001 && rate <= 1000;
};

const SIGNING = /^whsec_(?=.{32,88}$)[A-Za-z0-9+/]+={0,2}$/;

const longestMs = 100 * 365 * 86_400_000;

/** How a value of each kind is written and read; the key stands in the table of variables and in the reference. */
export const KINDS = {
  text: z.string(),
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'must be letters, digits, dots, dashes and underscores, at most 100'),
  path: z.string(),
  file: z.string(),
  token: z.string().regex(/^[\x21-\x7e]+$/, 'must be printable ASCII characters without spaces'),
  port: whole('must be a port from 1 to 65535', 1, 65_535),
  address: z.string().regex(/^[^\s/:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/, 'must be host:port'),
  url: z
    .string()
    .refine((text) => urlOf(text, ['http:', 'https:']), 'must be an http or https URL')
    .refine((text) => !/^[a-z]+:\/\/[^/?#]*@/i.test(text), 'must not carry a user name or password'),
  postgres: z.string().refine((text) => urlOf(text, ['postgres:', 'postgresql:']), 'must be a postgres:// URL'),
  store: choice(['postgres', 's3']),
  switch: choice(['true', 'false', '1', '0']),
  mode: choice(['observe', 'shadow', 'approve', 'live']),
  profile: choice(['documented', 'observed', 'faulty']),
  level: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  format: choice(['auto', 'pretty', 'ndjson']),
  instant: z.iso
    .datetime({ offset: true, error: 'must be an instant with its zone, as 2026-01-31T08:00:00Z' })
    .transform((text) => new Date(text).toISOString()),
  rate: number('must be a number per second from 0.001 to 1000', (value) => value >= 0.001 && value <= 1000),
  limit: z
    .string()
    .refine((text) => isLimit(text), 'must be calls per s, min or h, as 100/s or 300/min, of 0.001 to 1000 per second')
    .transform(ratePerSecond),
  signing: z.string().refine((text) => SIGNING.test(text), 'must be whsec_ and then 24 to 64 bytes in base64'),
  amount: number('must be a number from 0 to 1000000', (value) => value <= 1_000_000),
  count: whole('must be a whole number from 0 to 4294967295', 0, 4_294_967_295),
  ms: whole('must be whole milliseconds, at most 100 years', 0, longestMs),
  share: number('must be a share from 0 to 1', (value) => value <= 1),
  phone: z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a telephone number in E.164, as +442079460000'),
  region: z
    .string()
    .refine(isSupportedCountry, 'must be a country of ISO 3166 in two letters that has telephone numbers, as GB'),
  hours: z.string().transform((text, problem) => {
    const hours = parseHours(text);
    if (hours) return hours;
    problem.addIssue({ code: 'custom', message: 'must be days and hours, as mon-fri 09:00-18:00' });
    return z.NEVER;
  }),
  addresses: list('must be addresses parted by commas', /^[^\s@,]+@[^\s@,]+$/).transform((parts) =>
    parts.map((part) => part.toLowerCase()),
  ),
  secrets: list(
    'must be one or two secrets of Standard Webhooks (whsec_ and base64) parted by a comma',
    /^(whsec_)?[A-Za-z0-9+/]{32,}={0,2}$/,
  ).refine((parts) => parts.length <= 2, 'must be at most two secrets: the one in force and the one that follows it'),
  classifiers: list(
    'must be rules, local and model in the order in which they are asked, each once',
    /^(rules|local|model)$/,
  ).refine((parts) => new Set(parts).size === parts.length, 'must name each classifier once'),
  labels: list('must be names of labels parted by commas', /^[\p{L}\p{N}][\p{L}\p{N} _.:&/?'+-]{0,79}$/u).refine(
    (parts) => parts.length >= 2 && parts.length <= 200,
    'must be 2 to 200 labels',
  ),
  provider: choice(['openai', 'anthropic', 'compatible']),
  roles: list(
    'must be roles parted by commas, as intake,lifecycle,source:dashboard',
    /^[a-z]+(:[a-z0-9][a-z0-9.-]*)?$/,
  ),
} as const;

export type Kind = keyof typeof KINDS;
export type KindValue<K extends Kind> = z.output<(typeof KINDS)[K]>;
