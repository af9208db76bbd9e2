import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../domain/clock.js';
import { readCorpus } from './corpus.js';
import { type Journal, memoryJournal, openJournal } from './journal.js';
import type { WorldEvent } from './journal-events.js';
import type { OddityName } from './oddities.js';
import type { SimulatorOptions } from './options.js';
import { SimulatorRefusal } from './refusal.js';
import { Station } from './station.js';
import { corpusTexts, type Texts } from './texts.js';
import { World } from './world.js';

const DEFAULTS = { seed: 1, threads: 400, days: 365 } as const;

/** Makes the world, or makes it again from its journal, and turns the switches that were asked for. */
export function openWorld(options: SimulatorOptions, clock: Clock): Station {
  const rows = options.corpus === undefined ? null : readCorpus(options.corpus);
  const corpora = new Map<string, readonly string[]>();
  const corpus = rows === null ? null : corpusName(rows);
  if (rows !== null && corpus !== null) corpora.set(corpus, rows);

  const dir = options.stateDir;
  const journal = dir === undefined ? memoryJournal() : openJournal(dir);
  try {
    const origin = journal.past[0] ?? firstEvent(options, corpus, clock.now().getTime());
    if (origin.type !== 'world' || origin.version !== 1) {
      throw new SimulatorRefusal(`The state folder ${dir ?? ''} holds a journal that this version cannot read.`);
    }
    refuseConflicts(options, origin, dir ?? '');
    const world = new World(origin, (name) => storedTexts(name, corpora, dir));
    if (options.cursorLifeMs !== undefined) world.cursorLifeMs = options.cursorLifeMs;
    const station = new Station(world, journal, clock);
    if (rows !== null && corpus !== null && dir !== undefined) storeCorpus(dir, corpus, rows);
    for (const event of journal.past) world.apply(event);
    if (journal.past.length === 0) station.record(origin);
    turnSwitches(station, options, corpus, journal);
    return station;
  } catch (failure) {
    journal.close();
    throw failure;
  }
}

function firstEvent(options: SimulatorOptions, corpus: string | null, anchor: number): WorldEvent {
  const { seed = DEFAULTS.seed, threads = DEFAULTS.threads, days = DEFAULTS.days } = options;
  const { rates, shape } = options;
  return {
    type: 'world',
    version: 1,
    at: anchor,
    seed,
    anchor,
    threads,
    days,
    corpus,
    ...(rates ? { rates } : {}),
    ...(shape ? { shape } : {}),
  };
}

function refuseConflicts(options: SimulatorOptions, origin: WorldEvent, dir: string): void {
  for (const name of ['seed', 'threads', 'days'] as const) {
    if (options[name] === undefined || options[name] === origin[name]) continue;
    throw new SimulatorRefusal(
      `The world in ${dir} was made with --${name} ${origin[name]}, not ${options[name]}; begin a new one in an empty folder.`,
    );
  }
  for (const [name, rate] of Object.entries(options.rates ?? {})) {
    if (origin.rates?.[name as OddityName] === rate) continue;
    throw new SimulatorRefusal(
      `The world in ${dir} was made with another rate of ${name} than ${rate}; begin a new one in an empty folder.`,
    );
  }
}

function turnSwitches(station: Station, options: SimulatorOptions, corpus: string | null, journal: Journal): void {
  const { world } = station;
  const at = station.now();
  station.record({ type: 'start', at });
  const known = journal.past.some((event) => event.type === 'profile');
  const profile = options.profile ?? (known ? world.switches.profile : 'observed');
  if (!known || profile !== world.switches.profile) station.record({ type: 'profile', at, profile });
  for (const [name, on] of Object.entries(options.oddities ?? {})) {
    if (world.switches.isOn(name as never, at) !== on) station.record({ type: 'oddity', at, name: name as never, on });
  }
  if (corpus !== null && corpus !== world.corpus) station.record({ type: 'corpus', at, corpus });
  const perHour = options.trafficPerHour ?? world.trafficPerHour;
  if (perHour !== world.trafficPerHour) station.record({ type: 'traffic', at, perHour });
}

function corpusName(rows: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex').slice(0, 16);
}

const corpusFile = (dir: string, name: string) => join(dir, `corpus-${name}.json`);

/** Kept beside the journal, so that messages keep their words when the next start names another corpus or none. */
function storeCorpus(dir: string, name: string, rows: readonly string[]): void {
  const path = corpusFile(dir, name);
  writeFileSync(`${path}.new`, JSON.stringify(rows), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function storedTexts(name: string, corpora: Map<string, readonly string[]>, dir: string | undefined): Texts {
  const rows = corpora.get(name);
  if (rows) return corpusTexts(rows);
  const path = corpusFile(dir ?? '', name);
  try {
    return corpusTexts(JSON.parse(readFileSync(path, 'utf8')) as string[]);
  } catch {
    throw new SimulatorRefusal(`The corpus of this world, ${path}, cannot be read any more; begin a new world.`);
  }
}
