import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packModel, unpackModel } from '../../../../src/classify/local/artefact.js';
import { chooseThreshold, confidenceOf, fitCalibration } from '../../../../src/classify/local/calibration.js';
import { figuresOf } from '../../../../src/classify/local/figures.js';
import { explain, judge } from '../../../../src/classify/local/model.js';
import { readExamples } from '../../../../src/classify/local/read-examples.js';
import { generator } from '../../../../src/classify/local/train-linear.js';
import { trainModel } from '../../../../src/classify/local/train-model.js';
import { madeUpExamples } from './made-up-examples.js';

const trained = trainModel(madeUpExamples(400), { precision: 0.99 });

describe('a classifier trained on examples', () => {
  test('knows what it learnt in words that it did not see', () => {
    const others = madeUpExamples(200, 7);
    const judged = others.map(({ text, label: truth }) => ({ truth, ...judge(trained.model, text) }));
    expect(figuresOf(judged, trained.model.threshold)).toMatchObject({
      accuracy: expect.closeTo(1, 1),
      share: expect.closeTo(1, 1),
    });
    expect(judge(trained.model, 'I FORGOT my pàsswörd!!').label).toBe('password');
  });

  test('is not sure about words that it never saw, and of no words at all', () => {
    for (const text of ['', 'xylophone quartz zebra', '\u{1F4A9}'.repeat(50)])
      expect(judge(trained.model, text).confidence).toBeLessThan(trained.model.threshold);
  });

  test('is the same for the same examples, and is not for others', () => {
    const again = trainModel(madeUpExamples(400), { precision: 0.99 });
    expect(packModel(again.model).equals(packModel(trained.model))).toBe(true);
    const other = trainModel(madeUpExamples(400, 2), { precision: 0.99 });
    expect(packModel(other.model).equals(packModel(trained.model))).toBe(false);
  });

  test('judges after it was stored as it did before', () => {
    const read = unpackModel(packModel(trained.model));
    for (const { text } of madeUpExamples(40, 3)) {
      const [before, after] = [judge(trained.model, text), judge(read, text)];
      expect(after.label).toBe(before.label);
      expect(after.confidence).toBeCloseTo(before.confidence, 1);
    }
  });

  test('says by which words it chose', () => {
    const { grams, label } = explain(trained.model, 'please reset my password today');
    expect(label).toBe('password');
    expect(grams.slice(0, 6).map(({ gram }) => gram)).toEqual(
      expect.arrayContaining([expect.stringContaining('passw')]),
    );
    expect(grams.map(({ weight }) => weight)).toEqual([...grams.map(({ weight }) => weight)].sort((a, b) => b - a));
  });

  test('with labels that nobody could tell apart it abstains from everything', () => {
    const next = generator(5);
    const noise = madeUpExamples(300).map(({ text }) => ({ text, label: next() < 0.5 ? 'a' : 'b' }));
    const { model, heldBack } = trainModel(noise, { precision: 0.99 });
    expect(heldBack.share).toBeLessThan(0.3);
    expect(model.threshold).toBeGreaterThan(0.7);
  });

  test('bytes that are no model, or half of one, are refused', () => {
    const bytes = packModel(trained.model);
    expect(() => unpackModel(Buffer.from('no model'))).toThrow();
    expect(() => unpackModel(bytes.subarray(0, bytes.length / 2))).toThrow();
  });

  test.each([
    ['one label', [...madeUpExamples(40)].map(({ text }) => ({ text, label: 'same' })), 'fewer than two labels'],
    [
      'a label with one example',
      [...madeUpExamples(40), { text: 'rare', label: 'rare' }],
      '"rare" has 1 of the at least 5',
    ],
  ])('%s cannot be learnt, and the sentence says why', (_what, examples, sentence) => {
    expect(() => trainModel(examples, { precision: 0.99 })).toThrow(sentence);
  });
});

describe('confidence and threshold', () => {
  const next = generator(11);
  const held = Array.from({ length: 4_000 }, () => {
    const gap = next() * 2;
    return { top: next(), gap, right: next() < 1 / (1 + Math.exp(1 - 3 * gap)) };
  });

  test('confidence is the share of texts that are right', () => {
    const calibration = fitCalibration(held);
    const judged = held.map((one) => ({ ...one, confidence: confidenceOf(calibration, one) }));
    for (const [from, to] of [
      [0.3, 0.6],
      [0.6, 0.9],
      [0.9, 1],
    ] as const) {
      const band = judged.filter(({ confidence }) => confidence >= from && confidence < to);
      const mean = band.reduce((sum, { confidence }) => sum + confidence, 0) / band.length;
      expect(band.filter(({ right }) => right).length / band.length).toBeCloseTo(mean, 1);
    }
  });

  test('stays finite where every held-back text was right', () => {
    const calibration = fitCalibration(held.map((one) => ({ ...one, right: true })));
    expect(calibration.every(Number.isFinite)).toBe(true);
    expect(confidenceOf(calibration, { top: 1, gap: 1 })).toBeGreaterThan(0.9);
  });

  test('the threshold is the lowest that reaches the wanted precision, and none is chosen where none does', () => {
    const judged = Array.from({ length: 1_000 }, (_, at) => ({ confidence: at / 1_000, right: at >= 300 }));
    const { threshold, share, precision } = chooseThreshold(judged, 0.99);
    expect(precision).toBeGreaterThanOrEqual(0.99);
    expect(share).toBeGreaterThan(0.7);
    expect(threshold).toBeLessThan(0.3);
    expect(
      chooseThreshold(
        judged.map((one) => ({ ...one, right: false })),
        0.9,
      ),
    ).toEqual({ threshold: 1, share: 0, precision: 1 });
  });
});

const corpus = process.env.WAYBILL_TEST_CORPUS;
// The corpus is no part of the project: where it is given, a tenth of it is learnt.
if (corpus !== undefined && /banking77/i.test(corpus)) {
  test('of 25 intents of a bank most questions are told apart, and those that are decided are right', () => {
    const read = (file: string) =>
      readExamples(readFileSync(file, 'utf8'), { text: 'text', label: 'category' }, file).filter(({ label }) =>
        /^[a-ct]/.test(label),
      );
    const { model } = trainModel(
      read(join(corpus, '..', 'train.csv')).filter((_, at) => at % 3 === 0),
      { precision: 0.98 },
    );
    const judged = read(corpus).map(({ text, label: truth }) => ({ truth, ...judge(model, text) }));
    const figures = figuresOf(judged, model.threshold);
    expect(figures.accuracy).toBeGreaterThan(0.85);
    expect(figures.precision).toBeGreaterThan(0.96);
    expect(figures.share).toBeGreaterThan(0.4);
  }, 60_000);
}
