import type { VisitClass } from '../../src/domain/schedule/visit-class.js';
import { seededRandom } from '../../src/simulator/seeded-random.js';

export const MINUTE = 60_000;
export const DAY = 1_440 * MINUTE;
export const HORIZON = 365 * DAY;

/** How long customers take to write again, log-normal. Source: SCHEDULING 3.1 and 3.3. */
export const REPLY_MODELS = {
  kooti: { medianMs: 47 * MINUTE, sigma: 2.67 },
  support: { medianMs: 240 * MINUTE, sigma: 2.2553 },
} as const;
export type ReplyModel = keyof typeof REPLY_MODELS;

/** One kind of thread: its share, the class under which the schedule knows it, and the chance that a message is followed by another. */
export interface ThreadKind {
  share: number;
  visitClass: VisitClass;
  q: number;
}

/** The mixture of SCHEDULING 3.3: who waits, who was answered, who never writes again. */
export const MIXTURE: readonly ThreadKind[] = [
  { share: 0.2, visitClass: 'awaiting_customer', q: 0.8 },
  { share: 0.6, visitClass: 'answered', q: 0.1 },
  { share: 0.2, visitClass: 'no_reply', q: 0.01 },
];

export interface SimulatedThread {
  kind: ThreadKind;
  /** Arrivals in milliseconds, the first being the creation. */
  arrivals: number[];
}

/** A kind with the silences of its threads, those that nothing ends included. */
export interface KindCount extends ThreadKind {
  silences: number;
}

export interface World {
  model: ReplyModel;
  kinds: readonly ThreadKind[];
  threads: SimulatedThread[];
  /** Silences that lasted beyond the horizon, whose end nobody promises to see. */
  beyondHorizon: number;
}

/** Threads created evenly at random over the days; each silence ends by the model, or for good. */
export function drawWorld(
  model: ReplyModel,
  kinds: readonly ThreadKind[],
  threads: number,
  days: number,
  seed: number,
): World {
  const random = seededRandom('schedule', model, seed);
  const { medianMs, sigma } = REPLY_MODELS[model];
  let beyondHorizon = 0;
  const drawn = Array.from({ length: threads }, (): SimulatedThread => {
    const at = random.next();
    let upTo = 0;
    const kind = kinds.find((one) => (upTo += one.share) > at) ?? kinds[0];
    if (kind === undefined) throw new RangeError('a world needs a kind of thread');
    const arrivals = [random.next() * days * DAY];
    while (random.chance(kind.q)) {
      const silence = random.logNormal(medianMs, sigma);
      if (silence > HORIZON) {
        beyondHorizon += 1;
        break;
      }
      arrivals.push((arrivals.at(-1) ?? 0) + silence);
    }
    return { kind, arrivals };
  });
  drawn.sort((one, other) => (one.arrivals[0] ?? 0) - (other.arrivals[0] ?? 0));
  return { model, kinds, threads: drawn, beyondHorizon };
}

export const silencesOf = ({ kinds, threads }: World): KindCount[] =>
  kinds.map((kind) => ({
    ...kind,
    silences: threads.reduce((sum, thread) => sum + (thread.kind === kind ? thread.arrivals.length : 0), 0),
  }));
