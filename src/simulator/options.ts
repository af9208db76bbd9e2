import { parseArgs } from 'node:util';
import type { Clock } from '../domain/clock.js';
import { MOST_PER_HOUR } from './control-routes.js';
import { isOddityName, isProfile, type OddityName, PROFILES, type Profile } from './oddities.js';
import { SimulatorRefusal } from './refusal.js';

/** What is left out is kept as the state folder has it, or takes the default of a new world. */
export interface SimulatorOptions {
  /** 0 or absent: any free port. */
  port?: number;
  /** Absent: the world lives in memory. */
  stateDir?: string;
  /** Default 1. */
  seed?: number;
  /** Threads of the past, default 400. */
  threads?: number;
  /** Days of the past, default 365. */
  days?: number;
  /** Default observed. */
  profile?: Profile;
  oddities?: Partial<Record<OddityName, boolean>>;
  /** Rates of oddities that a new world is made with, instead of the table's. */
  rates?: Partial<Record<OddityName, number>>;
  /** How the past of a new world differs from the usual one. */
  shape?: { longEvery?: number; growth?: number };
  /** Age, ms, beyond which a cursor is refused while cursor-expires is on; 10 minutes by default. */
  cursorLifeMs?: number;
  /** Live arrivals per hour, default 0. */
  trafficPerHour?: number;
  corpus?: string;
  token: string;
  controlToken: string;
  /** Requests per second under /v1 before 429, default 100; 0 lifts the limit. */
  rateLimit?: number;
  clock?: Clock;
}

export const USAGE = `Usage: main.js --token T --control-token C [--port N] [--state-dir DIR] [--seed N] [--threads N] [--days N]
  [--profile ${PROFILES.join('|')}] [--oddity NAME[=on[:RATE]|=off]]... [--traffic-per-hour N] [--corpus FILE] [--rate-limit N] [--cursor-life-ms N]`;

const FLAGS = {
  port: { type: 'string' },
  'state-dir': { type: 'string' },
  seed: { type: 'string' },
  threads: { type: 'string' },
  days: { type: 'string' },
  profile: { type: 'string' },
  oddity: { type: 'string', multiple: true },
  'traffic-per-hour': { type: 'string' },
  corpus: { type: 'string' },
  token: { type: 'string' },
  'control-token': { type: 'string' },
  'rate-limit': { type: 'string' },
  'cursor-life-ms': { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** @throws SimulatorRefusal with one sentence; null asks for the usage */
export function readFlags(args: readonly string[]): SimulatorOptions | null {
  const values = parseFlags(args);
  if (values.help) return null;
  const { token, 'control-token': controlToken, profile, corpus } = values;
  if (!token) throw new SimulatorRefusal('The simulator needs --token, which its clients send.');
  if (!controlToken) throw new SimulatorRefusal('The simulator needs --control-token, which opens control and truth.');
  if (token === controlToken) throw new SimulatorRefusal('--token and --control-token must differ.');
  if (profile !== undefined && !isProfile(profile)) {
    throw new SimulatorRefusal(`--profile must be one of ${PROFILES.join(', ')}, not ${profile}.`);
  }
  const stateDir = values['state-dir'];
  return {
    token,
    controlToken,
    ...readOddities(values.oddity ?? []),
    ...(profile === undefined ? {} : { profile }),
    ...(corpus === undefined ? {} : { corpus }),
    ...(stateDir === undefined ? {} : { stateDir }),
    ...whole('port', 'port', values.port, 0, 65_535),
    ...whole('seed', 'seed', values.seed, 0, Number.MAX_SAFE_INTEGER),
    ...whole('threads', 'threads', values.threads, 0, 100_000),
    ...whole('days', 'days', values.days, 1, 3650),
    ...whole('trafficPerHour', 'traffic-per-hour', values['traffic-per-hour'], 0, MOST_PER_HOUR),
    ...whole('cursorLifeMs', 'cursor-life-ms', values['cursor-life-ms'], 0, 86_400_000),
    ...whole('rateLimit', 'rate-limit', values['rate-limit'], 0, 1_000_000),
  };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (cause) {
    const [sentence = 'the flags cannot be read'] = (cause as Error).message.split('. ');
    throw new SimulatorRefusal(`${sentence.replace(/\.$/, '')}.`);
  }
}

function whole<Name extends string>(
  name: Name,
  flag: string,
  text: string | undefined,
  from: number,
  to: number,
): Partial<Record<Name, number>> {
  if (text === undefined) return {};
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < from || value > to) {
    throw new SimulatorRefusal(`--${flag} must be a whole number from ${from} to ${to}, not ${text}.`);
  }
  return { [name]: value } as Partial<Record<Name, number>>;
}

function readOddities(flags: readonly string[]): Pick<SimulatorOptions, 'oddities' | 'rates'> {
  const oddities: Partial<Record<OddityName, boolean>> = {};
  const rates: Partial<Record<OddityName, number>> = {};
  for (const flag of flags) {
    const [name = '', value = 'on'] = flag.split('=');
    if (!isOddityName(name))
      throw new SimulatorRefusal(`There is no oddity ${name}; docs/reference/simulator.md lists them.`);
    const [, rate] = /^on:(0(?:\.\d+)?|1)$/.exec(value) ?? [];
    if (value !== 'on' && value !== 'off' && rate === undefined)
      throw new SimulatorRefusal(`--oddity ${name} takes on, on:RATE with a share from 0 to 1, or off, not ${value}.`);
    oddities[name] = value !== 'off';
    if (rate !== undefined) rates[name] = Number(rate);
  }
  return Object.keys(rates).length === 0 ? { oddities } : { oddities, rates };
}
