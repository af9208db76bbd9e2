/** How clearly a label was chosen: its distance to its plane, and by how much that is more than the runner-up's. */
export interface Clarity {
  top: number;
  gap: number;
}

/** Logistic function of a clarity: offset, weight of the distance, weight of the gap. */
export type Calibration = readonly [offset: number, top: number, gap: number];

/** Nothing is certain that was learnt from examples. */
const MOST_CONFIDENCE = 0.9999;
/**
 * Held-back texts never show what a text is like that has nothing to do with any label: far from every plane, and no nearer to one than to
 * another. Some of them are supposed, so that even where nothing was judged wrongly such a text has no confidence.
 */
const STRANGERS = Array.from({ length: 10 }, () => ({ top: -1, gap: 0, right: false }));
/** Keeps the weights finite where no held-back text was judged wrongly. */
const RIDGE = 0.01;
const MOST_STEPS = 60;
/** Fewer texts than these say nothing about a share of errors. */
const LEAST_AUTOMATED = 50;

/** The share of texts with this clarity whose label is right, from 0 to 1. */
export const confidenceOf = ([offset, top, gap]: Calibration, clarity: Clarity): number =>
  Math.min(MOST_CONFIDENCE, logistic(offset + top * clarity.top + gap * clarity.gap));

/** Fits confidence to what was right and wrong among texts that the planes were not trained on: logistic regression, by Newton's method. */
export function fitCalibration(judged: readonly (Clarity & { right: boolean })[]): Calibration {
  let weights: [number, number, number] = [0, 0, 1];
  for (let step = 0; step < MOST_STEPS; step++) {
    const slope = [0, -RIDGE * weights[1], -RIDGE * weights[2]];
    const curve = [
      [1e-9, 0, 0],
      [0, RIDGE, 0],
      [0, 0, RIDGE],
    ];
    for (const { top, gap, right } of [...judged, ...STRANGERS]) {
      const inputs = [1, top, gap];
      const expected = logistic(weights[0] + weights[1] * top + weights[2] * gap);
      for (let row = 0; row < 3; row++) {
        const input = inputs[row] as number;
        slope[row] = (slope[row] as number) + ((right ? 1 : 0) - expected) * input;
        const line = curve[row] as number[];
        for (let column = 0; column < 3; column++)
          line[column] = (line[column] as number) + expected * (1 - expected) * input * (inputs[column] as number);
      }
    }
    const move = solve(curve, slope);
    // A far step of Newton's method can overshoot where nearly everything is right.
    const scale = Math.min(1, 4 / Math.max(...move.map(Math.abs)));
    weights = [weights[0] + scale * move[0], weights[1] + scale * move[1], weights[2] + scale * move[2]];
    if (Math.max(...move.map(Math.abs)) < 1e-7) break;
  }
  return weights;
}

export interface Threshold {
  /** Texts from this confidence on are decided, the others abstained from; 1: none is. */
  threshold: number;
  /** Share of the texts that it decides. */
  share: number;
  /** Share of those whose label is right; 1 where there are none. */
  precision: number;
}

/** The lowest threshold from which on the wanted share of labels is right, in texts that the planes were not trained on. */
export function chooseThreshold(
  judged: readonly { confidence: number; right: boolean }[],
  precision: number,
): Threshold {
  const sorted = [...judged].sort((a, b) => b.confidence - a.confidence);
  let best: Threshold = { threshold: 1, share: 0, precision: 1 };
  let right = 0;
  for (const [at, one] of sorted.entries()) {
    if (one.right) right++;
    const count = at + 1;
    const next = sorted[count];
    if (count < LEAST_AUTOMATED || (next && next.confidence === one.confidence)) continue; // equals go together
    if (right / count >= precision)
      best = { threshold: one.confidence, share: count / sorted.length, precision: right / count };
  }
  return best;
}

const logistic = (value: number): number => 1 / (1 + Math.exp(-value));

/** Three equations with three unknowns, by elimination with pivots. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): [number, number, number] {
  const rows = matrix.map((line, at) => [...line, right[at] as number]);
  for (let column = 0; column < 3; column++) {
    const below = rows.slice(column).map((line) => Math.abs(line[column] as number));
    const pivot = column + below.indexOf(Math.max(...below));
    [rows[column], rows[pivot]] = [rows[pivot] as number[], rows[column] as number[]];
    const line = rows[column] as number[];
    for (const other of rows) {
      if (other === line) continue;
      const factor = (other[column] as number) / (line[column] as number);
      for (let cell = column; cell < 4; cell++) other[cell] = (other[cell] as number) - factor * (line[cell] as number);
    }
  }
  const [x = 0, y = 0, z = 0] = rows.map((line, at) => (line[3] as number) / (line[at] as number));
  return [x, y, z];
}
