import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packModel, unpackModel } from '../../src/classify/local/artefact.js';
import { figuresOf } from '../../src/classify/local/figures.js';
import { createJudgingThread } from '../../src/classify/local/judging-thread.js';
import { judge } from '../../src/classify/local/model.js';
import { readExamples } from '../../src/classify/local/read-examples.js';
import { type Example, trainModel } from '../../src/classify/local/train-model.js';
import { type Bench, goal } from '../report.js';

const WANTED_PRECISION = 0.99;
/** Compiled by set-up, as a worker runs it. */
const ENTRY = new URL('../../dist/classify/local/thread.js', import.meta.url);
const AT_ONCE = 32;

export const bench: Bench = {
  describe: 'a classifier trained on BANKING77 (WAYBILL_TEST_CORPUS names its test.csv): how right, how sure, how fast',
  async run({ seed, say }) {
    const { train, test } = readCorpus();
    const cpu = process.cpuUsage();
    const began = performance.now();
    let said = began;
    const trained = trainModel(train, {
      precision: WANTED_PRECISION,
      seed,
      onProgress(done, total) {
        if (performance.now() - said < 5_000) return;
        said = performance.now();
        say(`trained ${Math.floor((100 * done) / total)} %`);
      },
    });
    const wallSeconds = (performance.now() - began) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    const coreSeconds = (user + system) / 1e6;
    // From here on the classifier as it is stored, and threshold and confidence as they were chosen: the test set is only judged.
    const artefact = packModel(trained.model);
    const model = unpackModel(artefact);
    const judged = test.map(({ text, label: truth }) => ({ truth, ...judge(model, text) }));
    const figures = figuresOf(judged, model.threshold);
    const textsPerSecond = await speed(artefact, test);
    return {
      goals: [
        goal('right among the test questions', 100 * figures.accuracy, '%', '>= 91'),
        goal('decided without a person', 100 * figures.share, '%', '>= 65'),
        goal('right among those', 100 * (figures.precision ?? 0), '%', '>= 98.5'),
        goal('texts per second, beside the event loop', textsPerSecond, 'texts/s', '>= 2000'),
        goal('training, on one core', coreSeconds, 's', '< 60'),
      ],
      details: {
        questions: { train: train.length, test: test.length, labels: model.labels.length },
        test: { ...figures, threshold: model.threshold },
        heldBack: trained.heldBack,
        wantedPrecision: WANTED_PRECISION,
        columns: trained.columns,
        artefactKiB: Math.round(artefact.length / 1024),
        trainingWallSeconds: wallSeconds,
        peer: 'scikit-learn LinearSVC on TF-IDF of word 1-2-grams and character 2-5-grams: 0.913, 73 % at 99 %',
      },
    };
  },
};

/** Questions per second through the thread that a worker uses, once it is warm. */
async function speed(artefact: Uint8Array, test: readonly Example[]): Promise<number> {
  const thread = createJudgingThread({ entry: ENTRY });
  try {
    await thread.load(artefact);
    for (const { text } of test.slice(0, 500)) await thread.judge(text);
    const began = performance.now();
    for (let at = 0; at < test.length; at += AT_ONCE)
      await Promise.all(test.slice(at, at + AT_ONCE).map(({ text }) => thread.judge(text)));
    return test.length / ((performance.now() - began) / 1_000);
  } finally {
    await thread.close();
  }
}

function readCorpus(): { train: Example[]; test: Example[] } {
  const given = process.env.WAYBILL_TEST_CORPUS;
  const folder = given === undefined || given === '' ? null : dirname(given);
  const files = ['train.csv', 'test.csv'].map((name) => join(folder ?? '', name));
  if (folder === null || !files.every((file) => existsSync(file))) {
    const where = folder === null ? 'WAYBILL_TEST_CORPUS is not set' : `${folder} lacks train.csv or test.csv`;
    process.stderr.write(
      `classifier: ${where}: it names test.csv of BANKING77, beside its train.csv (docs/benchmarks.md says where they come from).\n`,
    );
    process.exit(2);
  }
  const [train = [], test = []] = files.map((file) =>
    readExamples(readFileSync(file, 'utf8'), { text: 'text', label: 'category' }, file),
  );
  return { train, test };
}
