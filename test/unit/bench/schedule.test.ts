import { describe, expect, it } from 'vitest';
import { DueQueue } from '../../../bench/schedule/due-queue.js';
import { windowCoverage } from '../../../bench/schedule/figures.js';
import { MODELS, measureAlike, measureClasses, measureHalf } from '../../../bench/schedule/measure.js';
import { DAY, drawWorld, HORIZON } from '../../../bench/schedule/world.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';

const T = DEFAULT_TIMING;

/** The short form of the benchmark `schedule`: the same code, fewer threads. */
describe.each(MODELS)('a year of threads that are answered as in the model %s', (model) => {
  it('is read with a tenth of the calls of brute force, and nothing is lost or later than the guarantee', () => {
    const figures = measureAlike(model, 0.6, 600, 1, T);
    expect(figures.found).toBeGreaterThan(500);
    expect(figures).toMatchObject({ lost: 0, beyondGuarantee: 0 });
    expect(figures.fewerThanBrute).toBeGreaterThanOrEqual(10);
    expect(figures.p50).toBeLessThanOrEqual(25);
    expect(figures.bruteCoverage).toBeLessThan(1);
    expect(figures.dayCoverage).toBeLessThan(figures.bruteCoverage);
  });

  it('is read at half the needed budget without a loss, within the guarantee that was stated', () => {
    const figures = measureHalf(model, 400, 4, 1, T);
    expect(figures).toMatchObject({ lost: 0, beyondStated: 0 });
    expect(figures.mostShare).toBeGreaterThan(T.visitSilenceShare);
    expect(figures.beyondGuarantee).toBeGreaterThan(0);
  });

  it('is read at least 1.5 times better with classes than by age alone, once everything is learnt', () => {
    const { pure, withGuarantee, ofBounds, visits } = measureClasses(model, T);
    expect(pure).toBeGreaterThanOrEqual(1.5);
    expect(withGuarantee).toBeGreaterThan(1);
    expect(pure).toBeLessThanOrEqual(ofBounds);
    expect(visits.classes / visits.age).toBeCloseTo(1, 2);
  });
});

describe('the simulated world', () => {
  it('is the same for the same seed, and holds silences of up to a year', () => {
    const world = drawWorld('kooti', [{ share: 1, visitClass: 'answered', q: 0.6 }], 300, 365, 7);
    expect(drawWorld('kooti', [{ share: 1, visitClass: 'answered', q: 0.6 }], 300, 365, 7)).toEqual(world);
    const silences = world.threads.flatMap(({ arrivals }) =>
      arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? 0)),
    );
    expect(Math.max(...silences)).toBeLessThanOrEqual(HORIZON);
    expect(windowCoverage(world, 1e4 * DAY)).toBe(1);
  });
});

describe('the queue of due threads', () => {
  it('gives what is due, the most urgent first, and of a thread that was set anew the new instant alone', () => {
    const queue = new DueQueue(4, T);
    queue.set(0, 100 * DAY, 0);
    queue.set(1, 50 * DAY, 8);
    queue.set(2, 200 * DAY, 0);
    queue.set(3, 10 * DAY, 0);
    queue.set(3, 99 * DAY, 0);
    expect(queue.next()).toBe(50 * DAY);
    const taken = [0, 0, 0, 0].map(() => queue.take(101 * DAY));
    expect(taken).toEqual([3, 0, 1, null]);
  });
});
