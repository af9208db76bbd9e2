import { visitGapMs } from '../../src/domain/schedule/gaps.js';
import { addExposure, type Histogram } from '../../src/domain/schedule/hazards.js';
import { type Cell, solvePlan } from '../../src/domain/schedule/plan.js';
import { binOf } from '../../src/domain/schedule/silence-bins.js';
import type { VisitClass } from '../../src/domain/schedule/visit-class.js';
import type { Timing } from '../../src/domain/timing.js';
import { ageSteps } from './reply-model.js';
import { type KindCount, MINUTE, type ReplyModel } from './world.js';

export interface Expected {
  visits: number;
  /** Minutes, all messages together. */
  delay: number;
}

/**
 * Visits and delay that the product's plan is expected to have once everything is learnt: the histogram and the population are those of
 * the model itself, the gaps those of `visitGapMs`; visits are int S/gap, delay is int f gap/2. No chance in it.
 */
export function expectedOf(
  model: ReplyModel,
  kinds: readonly KindCount[],
  knows: { classes: boolean; guarantee: boolean },
  timing: Timing,
): Expected {
  const steps = ageSteps(model);
  const classOf = (kind: KindCount): VisitClass => (knows.classes ? kind.visitClass : 'answered');
  const histogram: Histogram = {};
  const cells = new Map<string, Cell>();
  for (const kind of kinds) {
    for (const { age, width, density, arrived } of steps) {
      const bin = binOf(age * MINUTE);
      const minutes = kind.silences * (1 - kind.q * arrived) * width;
      addExposure(histogram, classOf(kind), { bin, minutes, replies: kind.silences * kind.q * density * width });
      const cell = cells.get(`${classOf(kind)} ${bin}`) ?? {
        visitClass: classOf(kind),
        bin,
        threads: 0,
        callsPerVisit: 1,
      };
      cells.set(`${classOf(kind)} ${bin}`, { ...cell, threads: cell.threads + minutes });
    }
  }
  const plan = solvePlan({
    population: [...cells.values()],
    histogram,
    budgetPerSecond: Number.POSITIVE_INFINITY,
    hintedShare: 0,
    timing,
    ...(knows.guarantee ? {} : { wantedShare: Number.MAX_VALUE }),
  });
  const expected: Expected = { visits: 0, delay: 0 };
  for (const kind of kinds) {
    for (const { age, width, density, arrived } of steps) {
      const gap = visitGapMs(age * MINUTE, classOf(kind), plan, timing) / MINUTE;
      expected.visits += (kind.silences * (1 - kind.q * arrived) * width) / gap;
      expected.delay += (kind.silences * kind.q * density * width * gap) / 2;
    }
  }
  return expected;
}
