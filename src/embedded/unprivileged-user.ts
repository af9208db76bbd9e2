import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, parse } from 'node:path';
import { WaybillError } from '../domain/failures.js';
import { runCommand } from './run-command.js';

/** The user that the embedded Postgres runs as. */
export interface SystemUser {
  name: string;
  uid: number;
  gid: number;
}

const NAME = 'postgres';

const readUser = (): SystemUser | null => {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${NAME}:`));
  const [name, , uid, gid] = line?.split(':') ?? [];
  return name === undefined ? null : { name, uid: Number(uid), gid: Number(gid) };
};

/**
 * Postgres refuses to run as root: started by root it runs as the system user `postgres`, which is made when missing.
 * Returns null where we are not root, so that the server runs as ourselves.
 * @throws PrerequisiteMissing when the user is missing and cannot be made
 */
export const unprivilegedUser = async (log: (line: string) => void): Promise<SystemUser | null> => {
  if (process.getuid?.() !== 0) return null;
  const known = readUser();
  if (known !== null) return known;
  log(`Postgres does not run as root: making the system user ${NAME} for it`);
  const made = await runCommand('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/bin/false',
    NAME,
  ]);
  const user = readUser();
  if (user !== null) return user; // another start beside this one may have made it
  throw new WaybillError(
    'PrerequisiteMissing',
    `Postgres does not run as root and the system user ${NAME} could not be made (${made.output.trim()}): make it, or start Waybill as another user`,
  );
};

const mayEnter = (folder: string, user: SystemUser): boolean => {
  const { mode, uid, gid } = statSync(folder);
  if (uid === user.uid) return (mode & 0o100) !== 0;
  if (gid === user.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
};

/** The topmost folder on the way to `path` (itself included) that the user may not enter; null where the way is open. */
export const closedFolderOnTheWay = (path: string, user: SystemUser): string | null => {
  const way: string[] = [];
  for (let folder = realpathSync(path); ; folder = dirname(folder)) {
    way.unshift(folder);
    if (folder === parse(folder).root) break;
  }
  return way.find((folder) => !mayEnter(folder, user)) ?? null;
};
