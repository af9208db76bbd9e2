import { WaybillError } from '../../domain/failures.js';
import { chooseThreshold, confidenceOf, fitCalibration } from './calibration.js';
import { type Figures, figuresOf } from './figures.js';
import { clearest, type LocalModel } from './model.js';
import { generator, type Planes, scoresOf, shuffle, trainLinear } from './train-linear.js';
import { buildVocabulary, type Vocabulary, vectorise, vectoriseAll } from './vocabulary.js';

export interface Example {
  text: string;
  label: string;
}

export interface TrainSettings {
  /** Share of the labels that is to be right among those that are given, from 0 to 1. */
  precision: number;
  seed?: number;
  /** Told after every step of the work. */
  onProgress?(done: number, total: number): void;
}

export interface Trained {
  model: LocalModel;
  /** On texts that were held back from the training, each once. */
  heldBack: Figures;
  columns: number;
}

const FOLDS = 5;
const PASSES = 10;
const COST = 1;
/** Each label needs examples to learn from and to be held back. */
export const LEAST_EXAMPLES = 5;
/** Examples times labels: what the trainer keeps a number for. */
const MOST_CELLS = 100_000_000;

/**
 * Learns from labelled examples. Confidence and threshold come from texts that were held back: the examples are trained five times
 * without a fifth of them, which is then judged. The planes that are kept are trained on all of them.
 * @throws WaybillError UsageWrong where the examples are too few, too many, or of one label
 */
export function trainModel(examples: readonly Example[], settings: TrainSettings): Trained {
  const { precision, seed = 1, onProgress } = settings;
  const labels = [...new Set(examples.map(({ label }) => label))].sort();
  refuseUnusable(examples, labels);
  const place = new Map(labels.map((label, at) => [label, at]));
  const truthOf = (rows: readonly Example[]) => Int32Array.from(rows, ({ label }) => place.get(label) ?? 0);
  const total = (FOLDS + 1) * PASSES;
  let done = 0;
  const fit = (rows: readonly Example[]): { vocabulary: Vocabulary; planes: Planes } => {
    const texts = rows.map(({ text }) => text);
    const vocabulary = buildVocabulary(texts);
    const columns = vocabulary.rarity.length;
    const onPass = () => onProgress?.(++done, total);
    const options = { columns, labels: labels.length, cost: COST, passes: PASSES, seed, onPass };
    return { vocabulary, planes: trainLinear(vectoriseAll(vocabulary, texts), truthOf(rows), options) };
  };
  const fold = foldsOf(examples, seed);
  const heldBack = Array.from({ length: FOLDS }, (_, held) => {
    const { vocabulary, planes } = fit(examples.filter((_one, at) => fold[at] !== held));
    return examples
      .filter((_one, at) => fold[at] === held)
      .map(({ text, label: truth }) => {
        const { columns, values } = vectorise(vocabulary, text);
        const { best, top, gap } = clearest(scoresOf(planes, columns, values));
        const label = labels[best] ?? '';
        return { truth, label, right: label === truth, top, gap };
      });
  }).flat();
  const calibration = fitCalibration(heldBack);
  const judged = heldBack.map((one) => ({ ...one, confidence: confidenceOf(calibration, one) }));
  const { threshold } = chooseThreshold(judged, precision);
  const model: LocalModel = { labels, ...fit(examples), calibration, threshold };
  return { model, heldBack: figuresOf(judged, threshold), columns: model.vocabulary.rarity.length };
}

function refuseUnusable(examples: readonly Example[], labels: readonly string[]): void {
  const refuse = (detail: string) => new WaybillError('UsageWrong', detail, { retryable: false });
  if (labels.length < 2) throw refuse('The examples have fewer than two labels: there is nothing to tell apart.');
  if (examples.length * labels.length > MOST_CELLS)
    throw refuse(`${examples.length} examples of ${labels.length} labels are more than can be trained at once.`);
  const counts = new Map<string, number>();
  for (const { label } of examples) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [rare] = [...counts].filter(([, count]) => count < LEAST_EXAMPLES);
  if (rare)
    throw refuse(`The label "${rare[0]}" has ${rare[1]} of the at least ${LEAST_EXAMPLES} examples that it needs.`);
}

/** Which fifth each example belongs to, so that every label is spread over all of them; the same text always falls into one. */
function foldsOf(examples: readonly Example[], seed: number): Int32Array {
  const order = Int32Array.from(examples, (_, at) => at);
  shuffle(order, generator(seed));
  const next = new Map<string, number>();
  const known = new Map<string, number>();
  const fold = new Int32Array(examples.length);
  for (const at of order) {
    const { text, label } = examples[at] as Example;
    const seen = known.get(text);
    const count = next.get(label) ?? 0;
    fold[at] = seen ?? count % FOLDS;
    if (seen === undefined) {
      known.set(text, count % FOLDS);
      next.set(label, count + 1);
    }
  }
  return fold;
}
