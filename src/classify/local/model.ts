import { type Calibration, type Clarity, confidenceOf } from './calibration.js';
import type { Family } from './features.js';
import { FAMILIES } from './features.js';
import { type Planes, scoresOf } from './train-linear.js';
import { type Vocabulary, vectorise } from './vocabulary.js';

/** What was learnt from examples: everything that is needed to judge a text. */
export interface LocalModel {
  labels: readonly string[];
  vocabulary: Vocabulary;
  planes: Planes;
  calibration: Calibration;
  /** From this confidence on a label is given, below it the model abstains. */
  threshold: number;
}

export interface Verdict {
  label: string;
  /** From 0 to 1: the share of texts judged like this one whose label is right. */
  confidence: number;
  /** By how much the label is ahead of the runner-up. */
  margin: number;
  runnerUp: string;
}

/** What the text asks for by the model, whether or not it is sure enough. */
export function judge(model: LocalModel, text: string): Verdict {
  const { columns, values } = vectorise(model.vocabulary, text);
  return verdictOf(model.labels, model.calibration, scoresOf(model.planes, columns, values));
}

export function verdictOf(labels: readonly string[], calibration: Calibration, scores: Float64Array): Verdict {
  const { best, second, top, gap } = clearest(scores);
  return {
    label: labels[best] ?? '',
    confidence: confidenceOf(calibration, { top, gap }),
    margin: gap,
    runnerUp: labels[second] ?? '',
  };
}

export function clearest(scores: Float64Array): Clarity & { best: number; second: number } {
  let best = 0;
  let second = -1;
  for (let label = 1; label < scores.length; label++) {
    const score = scores[label] as number;
    if (score > (scores[best] as number)) {
      second = best;
      best = label;
    } else if (second < 0 || score > (scores[second] as number)) second = label;
  }
  const top = scores[best] ?? 0;
  return { best, second, top, gap: top - (scores[second] ?? top) };
}

export interface Explanation extends Verdict {
  /** What speaks for the label, the strongest first: n-grams of the text, with what each adds to its distance. */
  grams: { family: Family; gram: string; weight: number }[];
  /** The label's own offset. */
  offset: number;
}

/** The verdict with the n-grams that made it: they quote the text, so they are for the terminal and not for the ledger. */
export function explain(model: LocalModel, text: string, limit = 12): Explanation {
  const verdict = judge(model, text);
  const label = model.labels.indexOf(verdict.label);
  const { columns, values } = vectorise(model.vocabulary, text);
  const { labels, weights } = model.planes;
  const names = new Map<number, { family: Family; gram: string }>();
  const wanted = new Set(columns);
  for (const [at, family] of FAMILIES.entries())
    for (const [gram, column] of model.vocabulary.grams[at as 0 | 1])
      if (wanted.has(column)) names.set(column, { family, gram });
  const grams = columns
    .map((column, at) => ({
      family: names.get(column)?.family ?? 'word',
      gram: names.get(column)?.gram ?? '',
      weight: (values[at] ?? 0) * (weights[column * labels + label] ?? 0),
    }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, limit);
  return { ...verdict, grams, offset: weights[weights.length - labels + label] ?? 0 };
}
