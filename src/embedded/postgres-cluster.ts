import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WaybillError } from '../domain/failures.js';
import { postgresBinaries } from './postgres-binaries.js';
import { runCommand } from './run-command.js';
import { closedFolderOnTheWay, type SystemUser, unprivilegedUser } from './unprivileged-user.js';

/** A cluster on disk and what is needed to run it. */
export interface Cluster {
  /** Folder that holds everything below. */
  folder: string;
  /** PGDATA. */
  data: string;
  binDir: string;
  user: SystemUser | null;
  password: string;
  logFile: string;
}

export const SUPERUSER = 'waybill';

const give = (path: string, user: SystemUser | null): void => {
  if (user !== null) chownSync(path, user.uid, user.gid);
};

const lastLine = (output: string): string => output.trim().split('\n').at(-1) ?? '';

/** The password lives beside the cluster, readable by the server's user alone. */
const passwordIn = (folder: string, user: SystemUser | null): string => {
  const path = join(folder, 'password');
  if (!existsSync(path)) {
    const unfinished = `${path}.${process.pid}`;
    writeFileSync(unfinished, randomBytes(24).toString('base64url'), { mode: 0o600 });
    give(unfinished, user);
    renameSync(unfinished, path);
  }
  return readFileSync(path, 'utf8').trim();
};

/** Options of the command runner that make it run as the server's user, in a folder that this user can enter. */
export const asServerUser = ({ folder, user }: Pick<Cluster, 'folder' | 'user'>) => ({
  uid: user?.uid,
  gid: user?.gid,
  cwd: folder,
});

const initialise = async (cluster: Cluster, unsafeFast: boolean): Promise<void> => {
  const unfinished = `${cluster.data}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  give(unfinished, cluster.user);
  const result = await runCommand(
    join(cluster.binDir, 'initdb'),
    [
      `--pgdata=${unfinished}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${join(cluster.folder, 'password')}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      ...(unsafeFast ? ['--no-sync'] : []),
    ],
    asServerUser(cluster),
  );
  if (result.code !== 0) {
    throw new WaybillError(
      'PrerequisiteMissing',
      `initdb could not make a Postgres cluster in ${cluster.folder}: ${lastLine(result.output)}`,
    );
  }
  renameSync(unfinished, cluster.data); // a start that is cut off before this line begins anew
};

/**
 * Finds or makes the cluster in `folder`.
 * @throws PrerequisiteMissing when the binaries are missing, or the user that runs Postgres cannot enter the folder
 */
export const openCluster = async (
  folder: string,
  options: { binDir?: string | undefined; unsafeFast: boolean; log: (line: string) => void },
): Promise<Cluster> => {
  const user = await unprivilegedUser(options.log);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  give(folder, user);
  const closed = user === null ? null : closedFolderOnTheWay(folder, user);
  if (closed !== null) {
    throw new WaybillError(
      'PrerequisiteMissing',
      `you are root, Postgres runs as the user ${user?.name}, and that user cannot enter ${closed}: set WAYBILL_DATA_DIR to a folder that it can reach, such as /var/lib/waybill`,
    );
  }
  const cluster: Cluster = {
    folder,
    data: join(folder, 'data'),
    binDir: options.binDir ?? postgresBinaries(folder, user),
    user,
    password: passwordIn(folder, user),
    logFile: join(folder, 'postgres.log'),
  };
  if (!existsSync(join(cluster.data, 'PG_VERSION'))) await initialise(cluster, options.unsafeFast);
  return cluster;
};
