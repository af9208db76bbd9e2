import { setImmediate } from 'node:timers/promises';
import { type BackfillReport, reportBackfill } from '../assurance/backfill/report.js';
import { DEFAULT_TIMING } from '../domain/timing.js';
import type { BackfillProgress } from '../ledger/backfill-threads.js';
import type { Database } from '../ledger/database.js';
import { askWitnesses } from '../ledger/frame-witnesses.js';
import { openWorld } from '../simulator/open-world.js';
import type { World } from '../simulator/world.js';
import { type Automation, automationOver } from './automation.js';
import { type GuaranteedIntake, guaranteedVisits } from './guaranteed-visits.js';
import { judge, type Truth, truthOf } from './judge.js';
import { recordNaively } from './naive-ledger.js';
import { type NaiveIntake, naivePoller } from './naive-poller.js';
import { walkBackfill } from './walk.js';
import { type DirectReadings, type MissingTrace, readDirectly, traceMissing } from './witness.js';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const SOURCE = 'simulator';
/** Threads that are asked for directly, as many as a small audit draws. */
const DRAWN = 50;

/** One week of the year, as each side saw it. */
export interface Week {
  from: string;
  /** Messages that the provider could show from this week on. */
  held: number;
  /** Polls of the naive intake, each of which it listed to its end. */
  polls: number;
  /** What the naive intake took in, and what of it came from customers. */
  taken: number;
  takenInbound: number;
  /** Answered or called back by automation. */
  automated: number;
  /** What Waybill first saw. */
  seen: number;
}

export interface WitnessAct {
  readings: DirectReadings;
  /** By the ledger alone: replies of people that answer nothing it holds. */
  pointers: { checked: number; holes: number };
  trace: MissingTrace | null;
}

/** Who watches: told of every step while it happens; a promise is awaited. */
export interface Audience {
  begin(story: { threads: number; from: Date; to: Date; rollOut: Automation['rollOut'] }): Promise<void>;
  week(weeks: readonly Week[], of: number): Promise<void>;
  storing(done: number, of: number): void;
  witness(act: WitnessAct): Promise<void>;
  walking(progress: BackfillProgress & { virtualMs: number; calls: number; share: number }): void;
  end(account: IncidentAccount): Promise<void>;
}

export interface IncidentOptions {
  threads: number;
  seed: number;
  /** A year of whole weeks unless given. */
  days?: number;
  /** When the year ends. */
  now: Date;
  signal: AbortSignal;
  /** Opens the ledger that the naive intake fills. */
  withLedger<T>(work: (db: Database) => Promise<T>): Promise<T>;
}

export interface IncidentAccount {
  seed: number;
  threads: number;
  from: string;
  to: string;
  weeks: Week[];
  naive: { messages: number; inbound: number; automated: number; automationShare: number; requests: number };
  waybill: { messages: number; notDueYet: number; p95LateMs: number; visits: number; requests: number };
  truth: Truth;
  witness: WitnessAct;
  backfill: { calls: number; virtualMs: number; report: BackfillReport };
  /** What the report says otherwise than the truth, a sentence each: none. */
  contradictions: string[];
}

/**
 * The original incident on a virtual clock: a naive intake and Waybill's over the same simulated year, the first witness, its trace,
 * and the backfill of what the naive one had missed. Each figure is computed by the product's own code from what the simulated
 * provider gave; the truth is asked last, by id.
 */
export async function playIncident(options: IncidentOptions, audience: Audience): Promise<IncidentAccount> {
  const { threads, seed, days = 364, signal } = options;
  const to = Math.floor(options.now.getTime() / DAY_MS) * DAY_MS;
  const from = to - days * DAY_MS;
  const world = worldOf({ threads, seed, days, to });
  const automation = automationOver(from, to);
  await audience.begin({ threads, from: new Date(from), to: new Date(to), rollOut: automation.rollOut });
  const year = await playYear(world, { from, to, automation, signal }, audience);
  return options.withLedger(async (db) => {
    signal.throwIfAborted();
    await recordNaively(year.naive, {
      db,
      from,
      to,
      source: SOURCE,
      progress: (done, of) => audience.storing(done, of),
    });
    await db.run('ANALYZE');
    const witness = await callWitnesses(db, world, { at: to, seed, windowMs: year.naive.windowMs });
    await audience.witness(witness);
    const span = to - from;
    const walked = await walkBackfill({
      db,
      world,
      source: SOURCE,
      from,
      to,
      timing: DEFAULT_TIMING,
      begunAt: to,
      signal,
      progress: (progress) => audience.walking({ ...progress, share: progress.walkedMs / span }),
    });
    const report = await reportBackfill(db, walked.backfillId, new Date(to + walked.virtualMs), DEFAULT_TIMING);
    const truth = truthOf(world, { at: to, naive: year.naive });
    const account: IncidentAccount = {
      seed,
      threads,
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      weeks: year.weeks,
      naive: naiveFigures(year.naive, year.weeks),
      waybill: waybillFigures(world, year.waybill, truth.obtainable, to),
      truth: truth.figures,
      witness,
      backfill: { calls: walked.calls, virtualMs: walked.virtualMs, report },
      contradictions: await judge(db, { source: SOURCE, truth, report }),
    };
    await audience.end(account);
    return account;
  });
}

/** A desk that grows, where many conversations go on for weeks. */
export function worldOf({
  threads,
  seed,
  days,
  to,
}: {
  threads: number;
  seed: number;
  days: number;
  to: number;
}): World {
  const clock = { now: () => new Date(to) };
  const shape = { longEvery: 4, growth: 0.7 };
  return openWorld(
    { token: 'provider', controlToken: 'control', seed, threads, days, profile: 'observed', shape },
    clock,
  ).world;
}

interface Year {
  naive: NaiveIntake;
  waybill: GuaranteedIntake;
  weeks: Week[];
}

async function playYear(
  world: World,
  { from, to, automation, signal }: { from: number; to: number; automation: Automation; signal: AbortSignal },
  audience: Audience,
): Promise<Year> {
  const naive = naivePoller(world, { from, to, automation });
  const waybill = guaranteedVisits(world, { from, timing: DEFAULT_TIMING });
  const count = Math.ceil((to - from) / WEEK_MS);
  const weeks: Week[] = [];
  const held = heldByWeek(world, from, count);
  for (let week = 0; week < count; week++) {
    signal.throwIfAborted();
    const before = {
      taken: naive.intake.takenAt.size,
      carried: naive.intake.carried.size,
      polls: naive.intake.listings.length,
      seen: waybill.intake.seenAt.size,
    };
    const end = Math.min(to, from + (week + 1) * WEEK_MS);
    const begunAt = from + week * WEEK_MS;
    naive.advance(week === count - 1 ? to : end - 1);
    waybill.advance(week === count - 1 ? to : end - 1);
    const news = [...naive.intake.takenAt.keys()].slice(before.taken);
    weeks.push({
      from: new Date(begunAt).toISOString(),
      held: held[week] ?? 0,
      polls: naive.intake.listings.length - before.polls,
      taken: news.length,
      takenInbound: news.filter((id) => world.message(id).direction === 'inbound').length,
      automated: naive.intake.carried.size - before.carried,
      seen: waybill.intake.seenAt.size - before.seen,
    });
    await audience.week(weeks, count);
    // A week is one piece of work: between two, whoever wants to interrupt is heard.
    await setImmediate();
  }
  return { naive: naive.intake, waybill: waybill.intake, weeks };
}

function heldByWeek(world: World, from: number, count: number): number[] {
  const weeks = Array.from({ length: count }, () => 0);
  for (const { fetchableAt } of world.messages.values()) {
    const week = Math.floor((fetchableAt - from) / WEEK_MS);
    if (week >= 0 && week < count) weeks[week] = (weeks[week] ?? 0) + 1;
  }
  return weeks;
}

async function callWitnesses(
  db: Database,
  world: World,
  { at, seed, windowMs }: { at: number; seed: number; windowMs: number },
): Promise<WitnessAct> {
  const readings = await readDirectly(db, { world, source: SOURCE, at, wanted: DRAWN, seed });
  const { pointers } = await askWitnesses(db, { source: SOURCE, now: new Date(at), timing: DEFAULT_TIMING }, []);
  const replies = pointers.find((one) => one.witness === 'person_replies');
  const { witness } = readings;
  return {
    readings,
    pointers: { checked: replies?.checked ?? 0, holes: replies?.holes ?? 0 },
    trace: witness && (await traceMissing(db, { source: SOURCE, witness, windowMs })),
  };
}

function naiveFigures({ takenAt, requests }: NaiveIntake, weeks: readonly Week[]): IncidentAccount['naive'] {
  const sum = (pick: (week: Week) => number) => weeks.reduce((total, week) => total + pick(week), 0);
  const [inbound, automated] = [sum((week) => week.takenInbound), sum((week) => week.automated)];
  return { messages: takenAt.size, inbound, automated, automationShare: automated / Math.max(1, inbound), requests };
}

function waybillFigures(
  world: World,
  { seenAt, visits, requests }: GuaranteedIntake,
  obtainable: readonly string[],
  at: number,
): IncidentAccount['waybill'] {
  const late: number[] = [];
  for (const [id, seen] of seenAt) {
    const message = world.message(id);
    late.push(seen - Math.max(message.fetchableAt, world.visibility.listedFrom(world.thread(message.threadId), at)));
  }
  late.sort((a, b) => a - b);
  return {
    messages: obtainable.filter((id) => seenAt.has(id)).length,
    notDueYet: obtainable.filter((id) => !seenAt.has(id)).length,
    p95LateMs: Math.max(0, late[Math.floor(late.length * 0.95)] ?? 0),
    visits,
    requests,
  };
}
