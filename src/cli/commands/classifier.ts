import { type Command, InvalidArgumentError } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { type ClassifierFigures, classifierFigures } from '../../ledger/classifier-figures.js';
import { activateModel, type ClassifierModel, listModels, modelTitle } from '../../ledger/classifier-models.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { commandActor } from '../operator.js';
import { columns, note, print, toJson } from '../output.js';
import { addLearning } from './classifier-learning.js';
import { CODES, line, percent } from './classifier-lines.js';

const DAYS = 7;
const DAY_MS = 86_400_000;

export function addClassifier(program: Command): void {
  const group = program
    .command('classifier')
    .description('what finds out what messages ask for: train it, look at it, put it in force');
  addLearning(group);
  group
    .command('list')
    .description('the versions that were trained, the newest first')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 listed, also where there is none; ${CODES}`)
    .action(async ({ json }: { json?: boolean }) => {
      const models = await withLedger(processConfig(), listModels);
      if (json) print(toJson({ models }));
      else if (models.length === 0)
        print('No classifier was trained yet: `waybill classifier train FILE.csv` trains one.');
      else for (const model of models) print(line(model));
    });

  group
    .command('activate')
    .description('put a version in force; workers take it within a minute')
    .argument('<name>', 'name of a classifier, or name@version; the newest version unless named')
    .option('--by <name>', 'who does it; the user of this machine unless given')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 in force; 1 there is no such version; ${CODES}`)
    .action(async (title: string, { by, json }: { by?: string; json?: boolean }) => {
      const config = processConfig();
      const [, name = title, version] = /^(.+?)(?:@(\d+))?$/.exec(title) ?? [];
      const wanted = { name, version: version === undefined ? null : Number(version) };
      const change = { ...wanted, by: commandActor(by), now: systemClock.now() };
      const model = await withLedger(config, (db) => db.transaction((tx) => activateModel(tx, change)));
      if (!model) process.exitCode = EXIT.finding;
      if (json) print(toJson({ model }));
      else
        print(
          model
            ? `In force: ${line(model)}`
            : `There is no classifier ${title}: \`waybill classifier list\` shows those there are.`,
        );
      if (model && !config.classifier.chain.includes('local'))
        note('WAYBILL_CLASSIFIER does not name local here: workers with this configuration do not ask it.');
    });

  group
    .command('status')
    .description('share of abstentions and mix of labels of late')
    .option('--days <n>', `messages understood in so many days; ${DAYS} unless given`, days)
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 shown; ${CODES}`)
    .action(async ({ days: count = DAYS, json }: { days?: number; json?: boolean }) => {
      const config = processConfig();
      const since = new Date(systemClock.now().getTime() - count * DAY_MS);
      const { figures, active } = await withLedger(config, async (db) => ({
        figures: await classifierFigures(db, since),
        active: (await listModels(db)).find((model) => model.active) ?? null,
      }));
      const { chain } = config.classifier;
      if (json) print(toJson({ chain, active, ...figures }));
      else print(status(chain, active, figures));
    });
}

function days(text: string): number {
  if (!/^\d{1,4}$/.test(text) || Number(text) < 1) throw new InvalidArgumentError('It takes a whole number of days.');
  return Number(text);
}

const status = (chain: readonly string[], active: ClassifierModel | null, figures: ClassifierFigures): string =>
  [
    columns([
      ['asked', chain.join(', then ')],
      ['in force', active ? modelTitle(active) : 'no trained classifier'],
      ['understood', `${figures.understood} since ${figures.since.toISOString()}`],
      ['abstained', `${figures.abstained}, ${percent(figures.shareAbstained)}`],
    ]),
    ...figures.classifiers.map(
      (one) =>
        `  ${one.classifier}: ${one.messages}, ${one.abstained} of them abstained, mean confidence ${one.meanConfidence.toFixed(2)}`,
    ),
    ...figures.labels.map((one) => `  ${one.label}: ${one.messages}, ${percent(one.share)}`),
  ].join('\n');
