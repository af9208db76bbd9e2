import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { averageSize, drawPlaces, drawThreads, drawWeight, threadPicker } from '../../../../src/domain/audit/draw.js';

const frameOf = (sizes: readonly number[]) => sizes.map((known, index) => ({ id: `t${index}`, known }));
const sizes = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 30, maxLength: 200 });

describe('drawThreads', () => {
  it('draws as often as it was asked to, and the same threads for the same seed', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 1, max: 29 }),
        fc.integer({ min: 0, max: 2 ** 32 }),
        (known, wanted, seed) => {
          const drawn = drawThreads(frameOf(known), wanted, seed);
          expect(drawn.reduce((sum, one) => sum + one.draws, 0)).toBe(wanted);
          expect(drawThreads(frameOf(known), wanted, seed)).toEqual(drawn);
        },
      ),
    );
  });

  it('takes a small frame whole, each thread once', () => {
    const drawn = drawThreads(frameOf([3, 0, 9]), 3, 1);
    expect(drawn.map(({ id, draws, weight }) => [id, draws, weight])).toEqual([
      ['t0', 1, 1],
      ['t1', 1, 1],
      ['t2', 1, 1],
    ]);
  });

  it('draws a thread in proportion to its size, and one that we hold little of as an average one', () => {
    const frame = frameOf([0, 1, 4, 12, 3]); // an average of 4
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 4_000; seed++)
      for (const one of drawThreads(frame, 4, seed)) counts.set(one.id, (counts.get(one.id) ?? 0) + one.draws);
    const expected = [4, 4, 4, 12, 4].map((weight) => (16_000 * weight) / 28);
    frame.forEach((thread, index) => {
      const share = (counts.get(thread.id) ?? 0) / (expected[index] ?? 1);
      expect(share, thread.id).toBeGreaterThan(0.93);
      expect(share, thread.id).toBeLessThan(1.07);
    });
  });

  it('gives the same threads whether the frame comes at once or in batches', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 50 }), (known, batch) => {
        const frame = frameOf(known);
        const average = averageSize(
          known.reduce((sum, size) => sum + size, 0),
          known.length,
        );
        const total = known.reduce((sum, size) => sum + drawWeight(size, average), 0);
        const pick = threadPicker(drawPlaces(7, 20, total), average);
        const drawn = [];
        for (let from = 0; from < frame.length; from += batch) drawn.push(...pick(frame.slice(from, from + batch)));
        expect(drawn).toEqual(drawThreads(frame, 20, 7));
      }),
    );
  });
});
