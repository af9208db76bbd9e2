import { type Cell, solvePlan } from '../../src/domain/schedule/plan.js';
import { binOf } from '../../src/domain/schedule/silence-bins.js';
import type { Timing } from '../../src/domain/timing.js';
import { HORIZON, type World } from './world.js';

/** Rate of a source with which the product would say that the guarantee fits the threads of this world at an instant. */
export function neededRate({ threads }: World, at: number, timing: Timing): number {
  const cells = new Map<number, Cell>();
  for (const { arrivals } of threads) {
    const last = arrivals.filter((one) => one <= at).at(-1);
    if (last === undefined || at - last > HORIZON) continue;
    const bin = binOf(at - last);
    const cell = cells.get(bin) ?? { visitClass: 'answered', bin, threads: 0, callsPerVisit: 1 };
    cells.set(bin, { ...cell, threads: cell.threads + 1 });
  }
  const budgetPerSecond = Number.POSITIVE_INFINITY;
  const plan = solvePlan({ population: [...cells.values()], histogram: {}, budgetPerSecond, hintedShare: 0, timing });
  return plan.neededPerSecond / timing.visitBudgetShare;
}
