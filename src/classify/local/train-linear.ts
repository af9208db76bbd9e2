import type { SparseRows } from './vocabulary.js';

/** One plane for each label: weights lie column by column, the labels of a column side by side; the last column is the offset. */
export interface Planes {
  labels: number;
  /** (columns + 1) x labels. */
  weights: Float32Array;
}

export interface TrainOptions {
  columns: number;
  labels: number;
  /** How much a text on the wrong side costs against the size of the weights. */
  cost: number;
  /** Passes over all texts. */
  passes: number;
  seed: number;
  /** Called after every pass. */
  onPass?(): void;
}

/** A step below it changes nothing that could be seen. */
const LEAST_STEP = 1e-3;

/**
 * Support vector machines with squared hinge loss, one label against the rest, by dual coordinate descent; all labels of a text
 * are done at once, since their weights lie side by side. Source: Hsieh et al., "A Dual Coordinate Descent Method for Large-scale
 * Linear SVM", ICML 2008, algorithm 1.
 * @param truth index of the label of each row
 */
export function trainLinear(rows: SparseRows, truth: Int32Array, options: TrainOptions): Planes {
  const { columns, labels, cost, passes, seed, onPass } = options;
  const { starts, columns: at, values } = rows;
  const count = truth.length;
  const weights = new Float32Array((columns + 1) * labels);
  const offset = columns * labels;
  const duals = new Float32Array(count * labels);
  const damping = 1 / (2 * cost);
  const order = Int32Array.from({ length: count }, (_, row) => row);
  const scores = new Float64Array(labels);
  const changed = new Int32Array(labels);
  const steps = new Float64Array(labels);
  const next = generator(seed);
  for (let pass = 0; pass < passes; pass++) {
    shuffle(order, next);
    for (let turn = 0; turn < count; turn++) {
      const row = order[turn] as number;
      const from = starts[row] as number;
      const to = starts[row + 1] as number;
      let square = 1 + damping; // 1: the offset
      for (let label = 0; label < labels; label++) scores[label] = weights[offset + label] as number;
      for (let cell = from; cell < to; cell++) {
        const value = values[cell] as number;
        square += value * value;
        const base = (at[cell] as number) * labels;
        for (let label = 0; label < labels; label++)
          scores[label] = (scores[label] as number) + value * (weights[base + label] as number);
      }
      let changes = 0;
      const own = truth[row] as number;
      for (let label = 0; label < labels; label++) {
        const side = label === own ? 1 : -1;
        const dual = duals[row * labels + label] as number;
        const slope = side * (scores[label] as number) - 1 + damping * dual;
        if (dual === 0 && slope >= 0) continue;
        const moved = Math.max(dual - slope / square, 0);
        const step = moved - dual;
        if (step < LEAST_STEP && step > -LEAST_STEP) continue;
        duals[row * labels + label] = moved;
        changed[changes] = label;
        steps[changes] = side * step;
        changes++;
      }
      if (changes === 0) continue;
      for (let cell = from; cell < to; cell++) {
        const value = values[cell] as number;
        const base = (at[cell] as number) * labels;
        for (let change = 0; change < changes; change++) {
          const place = base + (changed[change] as number);
          weights[place] = (weights[place] as number) + value * (steps[change] as number);
        }
      }
      for (let change = 0; change < changes; change++) {
        const place = offset + (changed[change] as number);
        weights[place] = (weights[place] as number) + (steps[change] as number);
      }
    }
    onPass?.();
  }
  return { labels, weights };
}

/** The distance of one text to each plane. */
export function scoresOf(planes: Planes, columns: ArrayLike<number>, values: ArrayLike<number>): Float64Array {
  const { labels, weights } = planes;
  const offset = weights.length - labels;
  const scores = new Float64Array(labels);
  for (let label = 0; label < labels; label++) scores[label] = weights[offset + label] as number;
  for (let cell = 0; cell < columns.length; cell++) {
    const value = values[cell] as number;
    const base = (columns[cell] as number) * labels;
    for (let label = 0; label < labels; label++)
      scores[label] = (scores[label] as number) + value * (weights[base + label] as number);
  }
  return scores;
}

/** Numbers in [0, 1) that repeat for a seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function shuffle(order: Int32Array, next: () => number): void {
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(next() * (last + 1));
    const kept = order[last] as number;
    order[last] = order[other] as number;
    order[other] = kept;
  }
}
