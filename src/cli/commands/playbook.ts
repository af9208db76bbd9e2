import { type Command, InvalidArgumentError } from 'commander';
import { simulatePlaybooks } from '../../assurance/simulate-playbooks.js';
import { LABELS } from '../../classify/labels.js';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import type { ClassifierChain } from '../../domain/understanding.js';
import { listPlaybookVersions, readPlaybookVersion } from '../../ledger/playbook-versions.js';
import { type CaseResult, readCases, runCases } from '../../playbooks/cases.js';
import { loadFolder, partiesFor, readFolder, STARTER_FOLDER } from '../../playbooks/folder.js';
import type { Playbook, PlaybookContent, PlaybookSet, ReadSet } from '../../playbooks/playbook-set.js';
import { problemLine } from '../../playbooks/problem.js';
import { chooserOf } from '../../playbooks/set-chooser.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { columns, note, paint, print, toJson } from '../output.js';
import { chooseSources } from '../sources.js';
import { withChain } from './playbook-classifiers.js';
import { describeSimulation } from './playbook-report.js';

const CODES = '2, 3, 4 as for every command.';
const FOLDER = 'folder of the playbooks; WAYBILL_PLAYBOOKS, or the starter set, unless given';
/** Nobody should wonder for longer whether anything happens. */
const SILENT_MS = 2_000;

export function addPlaybook(program: Command): void {
  const group = program.command('playbook').description('what is done with messages: check it, try it, look at it');
  group
    .command('check')
    .description('read the playbooks and say what is wrong with them, with file, line and column')
    .argument('[folder]', FOLDER)
    .option(
      '--label <label>',
      'a label that a classifier of yours gives, beside those of the rules; may be repeated',
      several,
    )
    .option('--platform <name>', 'a platform beside those that are configured here; may be repeated', several)
    .option('--calls', 'there is a phone provider, though none is configured here')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 nothing is wrong; 1 something is, be it a warning; ${CODES}`)
    .action((folder: string | undefined, { label = [], platform = [], calls = false, json }: CheckOptions) => {
      const path = folderOf(folder);
      const config = processConfig();
      const parties = {
        platforms: [...config.platforms.map(({ name }) => name), ...platform],
        phone: calls || config.phone !== null,
      };
      const known = [...Object.keys(LABELS), ...(config.classifier.model?.labels ?? []), ...label];
      const read = loadFolder(path, known, partiesFor(path, parties));
      const { hash, set, problems } = read;
      if (problems.length > 0) process.exitCode = EXIT.finding;
      if (json) print(toJson({ set: hash.slice(0, 12), usable: set !== null, problems }));
      else if (problems.length > 0) for (const problem of problems) print(problemLine(problem));
      else print(`${set?.playbooks.length ?? 0} playbooks, nothing is wrong (set ${hash.slice(0, 12)}).`);
    });

  group
    .command('test')
    .description('run the cases that stand beside the playbooks (*.cases.yaml)')
    .argument('[folder]', FOLDER)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `\nExit codes: 0 every case is as expected; 1 one is not, or there is none, or the playbooks or cases cannot be read; ${CODES}`,
    )
    .action(async (folder: string | undefined, { json }: { json?: boolean }) => {
      const path = folderOf(folder);
      const read = loadFolder(path, null);
      const { cases, problems: unread } = readCases(readFolder(path).cases);
      const problems = [...read.problems, ...unread];
      const config = processConfig();
      const { set } = read;
      const run = (chain: ClassifierChain) => (set ? runCases(cases, { chooser: chooserOf(set), chain }) : []);
      const asksLocal =
        config.classifier.chain.includes('local') && cases.some(({ message }) => message.label === undefined);
      const results =
        problems.length > 0
          ? []
          : asksLocal
            ? await withLedger(config, (db) => withChain(config, db, run))
            : await withChain(config, null, run);
      const classifiers = config.classifier.chain;
      const failed = results.filter(({ differences }) => differences.length > 0);
      if (problems.length > 0 || failed.length > 0 || results.length === 0) process.exitCode = EXIT.finding;
      if (json) print(toJson({ cases: results.length, failed: failed.length, classifiers, results, problems }));
      else if (problems.length > 0) for (const problem of problems) print(problemLine(problem));
      else {
        for (const result of failed) print(failure(result));
        print(`${results.length} cases, ${failed.length} not as expected (classifiers: ${classifiers.join(', ')}).`);
      }
    });

  group
    .command('simulate')
    .description('what the playbooks of now would have chosen for stored messages; nothing is written or sent')
    .requiredOption(
      '--since <instant>',
      'messages first seen since: an instant with its zone, or 90m, 24h, 7d ago',
      since,
    )
    .option('--source <name>', 'of this source only')
    .option('--folder <folder>', FOLDER)
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 done, whatever was found; ${CODES}`)
    .action(async ({ since: from, folder, json, ...named }: SimulateOptions) => {
      const config = processConfig();
      const source = named.source ?? null;
      const set = usable(loadFolder(folderOf(folder), null));
      const begun = performance.now();
      let toldAt = begun;
      const simulation = await withLedger(config, async (db) => {
        await chooseSources(db, named.source, 'every');
        return withChain(config, db, (chain) =>
          simulatePlaybooks(db, {
            since: from,
            source,
            chain,
            chooser: chooserOf(set),
            ownAddresses: new Set(config.source.ownAddresses),
            forms: config.forms,
            progress(done) {
              if (performance.now() - toldAt < SILENT_MS) return;
              toldAt = performance.now();
              note(`tried: ${done}, ${Math.round((done * 1_000) / (toldAt - begun))} per second`);
            },
          }),
        );
      });
      const classifiers = config.classifier.chain;
      const facts = { since: from.toISOString(), source, set: set.hash.slice(0, 12), classifiers, ...simulation };
      print(json ? toJson(facts) : describeSimulation(simulation, classifiers));
    });

  group
    .command('list')
    .description('the playbooks in the order in which they are asked')
    .argument('[folder]', FOLDER)
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 listed; ${CODES} 2 also where the playbooks cannot be used.`)
    .action((folder: string | undefined, { json }: { json?: boolean }) => {
      const { hash, playbooks } = usable(loadFolder(folderOf(folder), null));
      if (json) print(toJson({ set: hash.slice(0, 12), playbooks: playbooks.map(inShort) }));
      else for (const playbook of playbooks) print(line(playbook));
    });

  group
    .command('show')
    .description('one playbook with its templates; with a version, as it was when a worker loaded it')
    .argument('<name>', 'name of the playbook')
    .option('--folder <folder>', FOLDER)
    .option('--at-version <version>', 'this version, from the ledger: a decision names it')
    .option('--versions', 'instead: the versions that the ledger knows, the newest first')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 found; 1 there is no such playbook or version; ${CODES}`)
    .action(show);
}

const several = (label: string, before: readonly string[] = []): string[] => [...before, label];

interface CheckOptions {
  label?: string[];
  platform?: string[];
  calls?: boolean;
  json?: boolean;
}

interface SimulateOptions {
  since: Date;
  source?: string;
  folder?: string;
  json?: boolean;
}

interface ShowOptions {
  folder?: string;
  atVersion?: string;
  versions?: boolean;
  json?: boolean;
}

async function show(name: string, { folder, atVersion, versions, json }: ShowOptions): Promise<void> {
  if (versions) {
    const known = await withLedger(processConfig(), (db) => listPlaybookVersions(db, name));
    if (known.length === 0) process.exitCode = EXIT.finding;
    const rows = known.map(({ version, loadedAt }) => ({ version, loadedAt }));
    if (json) print(toJson({ name, versions: rows }));
    else if (rows.length === 0) print(`No worker ever loaded a playbook ${name}.`);
    else print(columns(rows.map(({ version, loadedAt }) => [version, loadedAt.toISOString()] as const)));
    return;
  }
  const found =
    atVersion === undefined
      ? (usable(loadFolder(folderOf(folder), null)).playbooks.find((one) => one.name === name) ?? null)
      : await withLedger(processConfig(), (db) => readPlaybookVersion(db, name, atVersion));
  if (found === null) process.exitCode = EXIT.finding;
  const playbook = found && { name, version: found.version, ...found.content };
  if (json) print(toJson({ playbook }));
  else if (found === null)
    print(`There is no playbook ${name}${atVersion === undefined ? '' : ` of version ${atVersion}`}.`);
  else print(inFull(name, found.version, found.content));
}

const folderOf = (given: string | undefined): string => given ?? processConfig().playbooks.folder ?? STARTER_FOLDER;

function usable({ set, problems }: ReadSet): PlaybookSet {
  if (set) return set;
  const errors = problems.filter(({ level }) => level === 'error');
  const [first] = errors;
  const more = errors.length > 1 ? `, and ${errors.length - 1} more that \`waybill playbook check\` names` : '';
  const detail = `The playbooks cannot be used: ${first ? problemLine(first) : 'they hold an error'}${more}.`;
  throw new WaybillError('ConfigurationInvalid', detail, { retryable: false });
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function since(text: string): Date {
  const [, amount, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (amount !== undefined) return new Date(systemClock.now().getTime() - Number(amount) * (UNITS[unit] ?? 0));
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('must be an instant with its zone, as 2026-01-31T08:00:00Z, or a time ago, as 7d.');
  return new Date(text);
}

const actionOf = ({ then }: Playbook): string => Object.keys(then)[0] ?? '';

const inShort = (playbook: Playbook) => {
  const { name, version, priority, file, about = null, approval, tags } = playbook;
  return { name, version, priority, action: actionOf(playbook), approval, tags, file, about };
};

const line = (playbook: Playbook): string => {
  const { name, version, priority, approval, about } = playbook;
  const asks = approval === 'always' ? ', with approval' : '';
  return `${String(priority).padStart(4)}  ${paint('bold', name)}  ${version}  ${actionOf(playbook)}${asks}${about ? `: ${about}` : ''}`;
};

const inFull = (name: string, version: string, { file, yaml, templates, shared }: PlaybookContent): string =>
  [
    paint('bold', `${name} ${version}`),
    ...[[file, yaml], ...Object.entries(templates), ...(shared === null ? [] : [['shared.yaml', shared]])].map(
      ([title, text]) => `--- ${title}\n${(text ?? '').trimEnd()}`,
    ),
  ].join('\n');

const failure = ({ file, line: at, column, name, playbook, action, differences }: CaseResult): string =>
  `${file}:${at}:${column}: ${name}: ${differences.join('; ')} (chosen: ${playbook ?? 'no playbook'}, ${action})`;
