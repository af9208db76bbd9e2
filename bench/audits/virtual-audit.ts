import { drawThreads, isCensus } from '../../src/domain/audit/draw.js';
import {
  type Capture,
  type FrameFigure,
  frameFigure,
  type LossFigure,
  lossFigure,
} from '../../src/domain/audit/figures.js';
import { type FindCause, type FindFacts, judgeFind } from '../../src/domain/audit/finds.js';
import { type SeededRandom, seededRandom } from '../../src/simulator/seeded-random.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 2, 2);

/** A message that the provider holds, with what became of it on our side, and what the ledger could know of it. */
interface VirtualMessage {
  held: boolean;
  /** What a reading of its thread would find; null where we hold it. */
  facts: FindFacts | null;
  /** The truth: late and parked messages are not lost. */
  lost: boolean;
}

interface VirtualThread {
  id: string;
  listed: boolean;
  messages: VirtualMessage[];
}

export interface VirtualWorld {
  threads: VirtualThread[];
  wanted: number;
  pattern: Pattern;
  /** Share of the drawn threads that cannot be read. */
  unreadable: number;
}

/** How what is lost lies among what is not. */
export const PATTERNS = ['none', 'scattered', 'replies', 'giant', 'stretches', 'mixed'] as const;
export type Pattern = (typeof PATTERNS)[number];

const logUniform = (random: SeededRandom, from: number, to: number): number => from * (to / from) ** random.next();

function drawSize(random: SeededRandom, shape: number, mean: number): number {
  if (shape === 0) return mean;
  if (shape === 1) return 1 + Math.floor(random.exponential(mean - 0.5));
  return Math.min(500, Math.max(1, Math.round(random.logNormal(mean / 2, 1.2))));
}

const FACTS: FindFacts = {
  at: NOW,
  dueAt: NOW - DAY,
  graceMs: 60_000,
  listed: true,
  readWholeAt: NOW - 3 * DAY,
  wasParked: false,
  wasReturned: false,
  receivedAt: null,
};

/** The ways in which a message gets lost, as the ledger sees them. */
const LOSSES: readonly Partial<FindFacts>[] = [
  {},
  { readWholeAt: null },
  { readWholeAt: null, listed: false },
  { wasReturned: true, dueAt: NOW + DAY },
  { receivedAt: NOW - 4 * DAY, dueAt: NOW + DAY },
  { dueAt: null },
];

const held = (): VirtualMessage => ({ held: true, facts: null, lost: false });
const lost = (random: SeededRandom): VirtualMessage => ({
  held: false,
  facts: { ...FACTS, ...random.pick(LOSSES) },
  lost: true,
});

/** A provider and what we took in of it: sizes, losses, how they cluster and how much is audited all depend on the seed. */
export function virtualWorld(seed: number): VirtualWorld {
  const random = seededRandom('audit', seed);
  const pattern = PATTERNS[seed % PATTERNS.length] ?? 'none';
  const count = random.between(30, 3_000);
  const shape = random.between(0, 2);
  const mean = random.between(1, 12);
  const share = logUniform(random, 0.0005, 0.3);
  const depth = logUniform(random, 0.001, 0.3);
  const hidden = random.pick([0.005, 0.01, 0.1]);
  const threads = Array.from({ length: count }, (_, index): VirtualThread => {
    const size = drawSize(random, shape, mean);
    const struck = random.chance(share);
    const isLost = (position: number): boolean => {
      if (pattern === 'scattered') return random.chance(depth);
      if (pattern === 'replies') return struck && position > 0;
      if (pattern === 'stretches') return struck && random.chance(0.5);
      return pattern === 'mixed' && (random.chance(depth / 10) || (struck && position > size / 3));
    };
    const messages = Array.from({ length: size }, (_unused, position) => (isLost(position) ? lost(random) : held()));
    // What is not lost and not there: on its way by the schedule, or parked.
    if (random.chance(0.05)) messages.push({ held: false, lost: false, facts: { ...FACTS, dueAt: NOW + HOUR } });
    if (random.chance(0.01)) messages.push({ held: false, lost: false, facts: { ...FACTS, wasParked: true } });
    return { id: String(index), listed: index > 0 && !random.chance(hidden), messages };
  });
  if (pattern === 'giant') {
    const giant = threads.reduce((most, one) => (one.messages.length > most.messages.length ? one : most));
    giant.messages = giant.messages.map((message, index) => (index % 2 === 1 ? lost(random) : message));
  }
  return { threads, wanted: random.pick([50, 100, 300]), pattern, unreadable: random.pick([0, 0, 0.01]) };
}

export interface VirtualAudit {
  figure: LossFigure;
  frame: FrameFigure;
  /** True share of the messages of known threads that are lost. */
  truth: number;
  holds: boolean;
  /** Threads that no listing ever named. */
  neverListed: number;
  causes: Partial<Record<FindCause, number>>;
  /** Finds whose verdict was not the truth. */
  misjudged: number;
}

/** One audit of a world, by the product's own draw, verdicts and figures; captures are what independent witnesses named. */
export function auditWorld(world: VirtualWorld, seed: number, captures: readonly Capture[] = []): VirtualAudit {
  const random = seededRandom('reading', seed);
  const known = world.threads.filter((thread) => thread.listed);
  const byId = new Map(known.map((thread) => [thread.id, thread]));
  const frame = known.map(({ id, messages }) => ({ id, known: messages.filter((message) => message.held).length }));
  const causes: VirtualAudit['causes'] = {};
  let misjudged = 0;
  const tallies = drawThreads(frame, world.wanted, seed).map((drawn) => {
    if (random.chance(world.unreadable)) return { ...drawn, due: null, missed: 0 };
    const tally = { due: 0, missed: 0 };
    for (const message of byId.get(drawn.id)?.messages ?? []) {
      const verdict = message.facts ? judgeFind(message.facts) : null;
      if (verdict === null || verdict.verdict === 'missed') tally.due += 1;
      if (verdict === null) continue;
      if (verdict.verdict === 'missed') tally.missed += 1;
      if ((verdict.verdict === 'missed') !== message.lost) misjudged += 1;
      causes[verdict.cause] = (causes[verdict.cause] ?? 0) + 1;
    }
    return { ...drawn, ...tally };
  });
  const figure = lossFigure(tallies, isCensus(frame.length, world.wanted) ? 'census' : 'sample');
  const all = known.flatMap((thread) => thread.messages).filter((message) => message.held || message.lost);
  const truth = all.length === 0 ? 0 : all.filter((message) => message.lost).length / all.length;
  return {
    figure,
    frame: frameFigure(captures, []),
    truth,
    // A census computes the truth itself, in another order of sums.
    holds: figure.lower <= truth + 1e-12 && truth <= figure.upper + 1e-12,
    neverListed: world.threads.length - known.length,
    causes,
    misjudged,
  };
}
