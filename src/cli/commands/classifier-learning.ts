import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { findMessages } from '../../assurance/trace.js';
import { packModel, unpackModel } from '../../classify/local/artefact.js';
import { type Figures, figuresOf } from '../../classify/local/figures.js';
import { textOf } from '../../classify/local/local-link.js';
import { type Explanation, explain, judge } from '../../classify/local/model.js';
import { readExamples } from '../../classify/local/read-examples.js';
import { type Example, trainModel } from '../../classify/local/train-model.js';
import { processConfig } from '../../config/process-config.js';
import { storedWords } from '../../delivery/deciding-words.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { activateModel, listModels, modelTitle, readArtefact, storeModel } from '../../ledger/classifier-models.js';
import type { Database } from '../../ledger/database.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { commandActor } from '../operator.js';
import { columns, note, print, toJson } from '../output.js';
import { CODES, line, percent } from './classifier-lines.js';

const PRECISION = 0.99;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/;
/** From then on nobody waits without a word. */
const QUIET_MS = 2_000;

interface Columns {
  text: string;
  label: string;
}

/** Below `classifier`: what learns from examples and looks at what was learnt. */
export function addLearning(group: Command): void {
  group
    .command('train')
    .description('train a classifier on labelled examples, on this machine, and keep it as a version')
    .argument('<file>', 'CSV with the names of its columns on the first line')
    .option('--text <column>', 'the column that holds the text', 'text')
    .option('--label <column>', 'the column that holds the label', 'label')
    .option(
      '--precision <share>',
      'share of labels to be right among those it gives; the threshold is set for it',
      precision,
      PRECISION,
    )
    .option('--name <name>', 'name of the classifier', name, 'default')
    .option('--activate', 'put it in force at once')
    .option('--by <name>', 'who does it; the user of this machine unless given')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 trained; 1 trained, and at no threshold are so many labels right; ${CODES}`)
    .action(async (file: string, options: TrainOptions) => {
      const examples = examplesOf(file, options);
      await withLedger(processConfig(), async (db) => {
        const began = performance.now();
        const {
          model,
          heldBack,
          columns: count,
        } = trainModel(examples, { precision: options.precision, onProgress: saying('training') });
        const seconds = round((performance.now() - began) / 1_000, 1);
        const figures = { examples: examples.length, columns: count, seconds, precision: options.precision, heldBack };
        const [by, now] = [commandActor(options.by), systemClock.now()];
        const { labels, threshold } = model;
        const stored = await db.transaction(async (tx) => {
          const kept = await storeModel(tx, {
            name: options.name,
            labels,
            figures,
            threshold,
            artefact: packModel(model),
            by,
            now,
          });
          if (!options.activate) return kept;
          return (await activateModel(tx, { name: kept.name, version: kept.version, by, now })) ?? kept;
        });
        if (heldBack.precision === null) process.exitCode = EXIT.finding;
        if (options.json) return print(toJson({ model: stored }));
        print(line(stored));
        print(table(heldBack, threshold));
        if (heldBack.precision === null)
          note(
            `It abstains from everything: at no threshold are ${percent(options.precision)} of its labels right. More examples help, or fewer labels.`,
          );
        else if (!options.activate) print(`\`waybill classifier activate ${modelTitle(stored)}\` puts it in force.`);
      });
    });

  group
    .command('evaluate')
    .description('judge labelled examples that it was not trained on')
    .argument('<file>', 'CSV with the names of its columns on the first line')
    .option('--text <column>', 'the column that holds the text', 'text')
    .option('--label <column>', 'the column that holds the label', 'label')
    .option('--model <name>', 'name or name@version; the one in force unless given')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 judged; 1 there is no such classifier; ${CODES}`)
    .action(async (file: string, options: Columns & { model?: string; json?: boolean }) => {
      const examples = examplesOf(file, options);
      const found = await withLedger(processConfig(), (db) => modelNamed(db, options.model));
      if (!found) return missing(options.model);
      const began = performance.now();
      const say = saying('judging');
      const judged = examples.map(({ text, label: truth }, at) => {
        if (at % 500 === 0) say(at, examples.length);
        return { truth, ...judge(found.model, text) };
      });
      const textsPerSecond = Math.round(examples.length / ((performance.now() - began) / 1_000));
      const { threshold } = found.model;
      const figures = figuresOf(judged, threshold);
      if (options.json) print(toJson({ model: found.title, threshold, ...figures, textsPerSecond }));
      else print(`${found.title}, ${textsPerSecond} texts per second\n${table(figures, threshold)}`);
    });

  group
    .command('explain')
    .description('which words lead to which label: quotes the text that it explains')
    .argument('[text]', 'a text')
    .option('--message <id>', "instead: a stored message, by our id or the provider's")
    .option('--model <name>', 'name or name@version; the one in force unless given')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 explained; 1 there is no such classifier or message; ${CODES}`)
    .action(async (text: string | undefined, options: { message?: string; model?: string; json?: boolean }) => {
      if ((text === undefined) === (options.message === undefined)) throw usage('Give one text, or --message.');
      const { message } = options;
      const { found, read } = await withLedger(processConfig(), async (db) => ({
        found: await modelNamed(db, options.model),
        read: message === undefined ? (text ?? '') : await textOfMessage(db, message),
      }));
      if (!found) return missing(options.model);
      if (read === null) {
        process.exitCode = EXIT.finding;
        return note(`Nothing in this ledger has the id ${message}.`);
      }
      const explained = explain(found.model, read);
      const { threshold } = found.model;
      if (options.json)
        print(toJson({ model: found.title, threshold, abstains: explained.confidence < threshold, ...explained }));
      else print(inFull(found.title, threshold, explained));
    });
}

interface TrainOptions extends Columns {
  precision: number;
  name: string;
  activate?: boolean;
  by?: string;
  json?: boolean;
}

const usage = (detail: string): WaybillError => new WaybillError('UsageWrong', detail, { retryable: false });

function examplesOf(file: string, { text, label }: Columns): Example[] {
  let csv: string;
  try {
    csv = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new WaybillError('UsageWrong', `${file} cannot be read.`, { cause, retryable: false });
  }
  return readExamples(csv, { text, label }, file);
}

async function modelNamed(db: Database, title: string | undefined) {
  const models = await listModels(db);
  const chosen = models.find((one) =>
    title === undefined ? one.active : one.name === title || modelTitle(one) === title,
  );
  if (!chosen) return null;
  return { title: modelTitle(chosen), model: unpackModel((await readArtefact(db, chosen.id)).artefact) };
}

function missing(title: string | undefined): void {
  process.exitCode = EXIT.finding;
  note(
    title === undefined
      ? 'No trained classifier is in force: name one with --model.'
      : `There is no classifier ${title}.`,
  );
}

async function textOfMessage(db: Database, id: string): Promise<string | null> {
  const [message] = await findMessages(db, id);
  if (!message) return null;
  return textOf(await storedWords(db, message.id));
}

/** A line on standard error every two seconds. */
function saying(what: string): (done: number, total: number) => void {
  let said = performance.now();
  return (done, total) => {
    if (performance.now() - said < QUIET_MS) return;
    said = performance.now();
    note(`${what}: ${Math.floor((100 * done) / total)} %`);
  };
}

function precision(text: string): number {
  const share = Number(text);
  if (!(share >= 0.5 && share < 1)) throw new InvalidArgumentError('It takes a share from 0.5 to below 1, as 0.99.');
  return share;
}

function name(text: string): string {
  if (!NAME.test(text))
    throw new InvalidArgumentError('It takes letters, digits, dots, dashes and underscores, at most 60.');
  return text;
}

const table = (figures: Figures, threshold: number): string =>
  columns([
    ['texts', String(figures.texts)],
    ['right', percent(figures.accuracy)],
    ['macro F1', figures.macroF1.toFixed(3)],
    ['calibration error', figures.calibrationError.toFixed(3)],
    ['threshold', threshold.toFixed(3)],
    ['decided', percent(figures.share)],
    ['right among them', percent(figures.precision)],
  ]);

const inFull = (
  title: string,
  threshold: number,
  { label, confidence, margin, runnerUp, grams }: Explanation,
): string =>
  [
    columns([
      ['classifier', title],
      ['label', label],
      [
        'confidence',
        `${confidence.toFixed(3)}, ${confidence < threshold ? 'so it abstains' : 'so it decides'} (threshold ${threshold.toFixed(3)})`,
      ],
      ['ahead of', `${runnerUp}, by ${margin.toFixed(3)}`],
    ]),
    ...grams.map(
      ({ family, gram, weight }) => `  ${weight.toFixed(3)}  ${family === 'word' ? gram : JSON.stringify(gram)}`,
    ),
  ].join('\n');

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
