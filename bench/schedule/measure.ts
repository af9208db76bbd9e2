import type { Timing } from '../../src/domain/timing.js';
import { boundsOf } from './bound.js';
import { type Figures, figuresOf, windowCoverage } from './figures.js';
import { neededRate } from './needed.js';
import { type Expected, expectedOf } from './pure-model.js';
import type { Policy } from './simulate.js';
import { DAY, drawWorld, MIXTURE, REPLY_MODELS, type ReplyModel, type ThreadKind } from './world.js';

export const MODELS = Object.keys(REPLY_MODELS) as ReplyModel[];
/** Chances that a message is followed by another, in worlds whose threads are all alike. */
export const REPLY_RATES = [0.4, 0.6] as const;

const unlimited = (timing: Timing): Policy => ({
  timing,
  classes: true,
  learns: true,
  guarantee: true,
  ratePerSecond: Number.POSITIVE_INFINITY,
  planEveryMs: DAY / 4,
});

export interface AlikeFigures extends Figures {
  model: ReplyModel;
  q: number;
  /** Of a poller that reads the threads created in the last 15 days, or in the last day. */
  bruteCoverage: number;
  dayCoverage: number;
}

/** Every message of threads that are all alike, created over a year and followed until each has been silent for a year. */
export function measureAlike(
  model: ReplyModel,
  q: number,
  threads: number,
  seed: number,
  timing: Timing,
): AlikeFigures {
  const kind: ThreadKind = { share: 1, visitClass: 'answered', q };
  const world = drawWorld(model, [kind], threads, 365, seed);
  const { simulated: _, ...figures } = figuresOf(world, unlimited(timing));
  return {
    model,
    q,
    ...figures,
    bruteCoverage: windowCoverage(world, 15 * DAY),
    dayCoverage: windowCoverage(world, DAY),
  };
}

export interface ClassFigures {
  model: ReplyModel;
  /** How many times less visits x delay with classes than with the age alone, at the calls of the reference rule for both. */
  pure: number;
  withGuarantee: number;
  /** The same of the two bounds: what no schedule can exceed. */
  ofBounds: number;
  visits: Record<'classes' | 'age', number>;
}

/** The mixture of kinds in the pure model: what knowing the class is worth once everything is learnt. */
export function measureClasses(model: ReplyModel, timing: Timing): ClassFigures {
  const kinds = MIXTURE.map((kind) => ({ ...kind, silences: (1e6 * kind.share) / (1 - kind.q) }));
  const expected = (classes: boolean, guarantee: boolean) => expectedOf(model, kinds, { classes, guarantee }, timing);
  const product = ({ visits, delay }: Expected) => visits * delay;
  const bounds = boundsOf(model, kinds);
  const [classes, age] = [expected(true, false), expected(false, false)];
  return {
    model,
    pure: product(age) / product(classes),
    withGuarantee: product(expected(false, true)) / product(expected(true, true)),
    ofBounds: bounds.ageOnly / bounds.classAware,
    visits: { classes: classes.visits, age: age.visits },
  };
}

export interface HalfFigures extends Figures {
  model: ReplyModel;
  threadsPerDay: number;
  neededPerSecond: number;
  ratePerSecond: number;
}

/** The mixture at half the rate that the guarantee needs when the last thread is new. */
export function measureHalf(
  model: ReplyModel,
  threads: number,
  days: number,
  seed: number,
  timing: Timing,
): HalfFigures {
  const world = drawWorld(model, MIXTURE, threads, days, seed);
  const neededPerSecond = neededRate(world, days * DAY, timing);
  const ratePerSecond = neededPerSecond / 2;
  const { simulated: _, ...figures } = figuresOf(world, {
    ...unlimited(timing),
    ratePerSecond,
    planEveryMs: Math.min(DAY / 4, (days * DAY) / 100),
  });
  return { model, threadsPerDay: threads / days, neededPerSecond, ratePerSecond, ...figures };
}

const POLICIES = { classes: {}, ageAlone: { classes: false }, referenceRule: { learns: false } } as const;

/** The mixture at full budget, drawn: the product as it is, without classes, and without learning anything. */
export function measureMixture(model: ReplyModel, threads: number, seed: number, timing: Timing) {
  const world = drawWorld(model, MIXTURE, threads, 365, seed);
  const runs = Object.entries(POLICIES).map(([name, policy]) => {
    const { fewerThanBrute, lost, p50, p90, p99, visitsTimesDelay } = figuresOf(world, {
      ...unlimited(timing),
      ...policy,
    });
    return { policy: name, fewerThanBrute, lost, p50, p90, p99, visitsTimesDelay };
  });
  return { model, runs };
}
