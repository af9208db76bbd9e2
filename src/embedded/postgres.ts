import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { WaybillError } from '../domain/failures.js';
import { holdersIn } from './holders.js';
import { withLock } from './lock.js';
import { assertPortIsFree } from './ports.js';
import { asServerUser, type Cluster, openCluster, SUPERUSER } from './postgres-cluster.js';
import { identityOf, isAlive, parseIdentity } from './process-identity.js';
import { runCommand } from './run-command.js';

export interface PostgresOptions {
  /** Folder of the cluster, its password, its log and its lock; made when missing. */
  dataDir: string;
  /** TCP port on 127.0.0.1. */
  port: number;
  /** Folder of initdb, pg_ctl and postgres; by default the one of the npm package. */
  binDir?: string;
  /** For tests: no fsync, so that a power cut may lose everything. */
  unsafeFast?: boolean;
  log: (line: string) => void;
}

export interface RunningPostgres {
  /** Address of the database `waybill`, password included. */
  url: string;
  /** True where the server ran already: left by a process that was killed, or shared with one that runs. */
  adopted: boolean;
  /** Ends this use; the server stops when no other running process uses it. */
  stop(): Promise<void>;
}

const DATABASE = 'waybill';
const LOCK_WAIT_MS = 60_000;

const addressOf = ({ password }: Cluster, port: number, database: string): string =>
  `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;

/** Line 4 of postmaster.pid is the port, the last one says whether the server takes connections. */
const runningPort = async (cluster: Cluster): Promise<number | null> => {
  const pidFile = join(cluster.data, 'postmaster.pid');
  if (!existsSync(pidFile)) return null;
  const [pid, , , port] = readFileSync(pidFile, 'utf8').split('\n');
  const recorded = existsSync(identityFile(cluster))
    ? parseIdentity(readFileSync(identityFile(cluster), 'utf8'))
    : null;
  if (recorded !== null && recorded.pid === Number(pid) && !isAlive(recorded)) {
    rmSync(pidFile, { force: true }); // the number may belong to another process by now, before which Postgres would give way
    return null;
  }
  const status = await runCommand(
    join(cluster.binDir, 'pg_ctl'),
    ['status', '-D', cluster.data],
    asServerUser(cluster),
  );
  return status.code === 0 ? Number(port) : null;
};

const identityFile = ({ folder }: Cluster): string => join(folder, 'postmaster.json');

const withClient = async <T>(address: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: address, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {}); // a broken connection also rejects the query, which is where it is handled
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

/** Proves that the server on the port serves this cluster: it knows our password and names our folder. */
const servesCluster = async (cluster: Cluster, port: number): Promise<boolean> => {
  try {
    return await withClient(addressOf(cluster, port, 'postgres'), async (client) => {
      const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
      return rows[0]?.data_directory === cluster.data;
    });
  } catch {
    return false;
  }
};

const ensureDatabase = (cluster: Cluster, port: number): Promise<void> =>
  withClient(addressOf(cluster, port, 'postgres'), async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  });

const serverSettings = (port: number, unsafeFast: boolean): string =>
  [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    ...(unsafeFast ? ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'] : []),
  ]
    .map((setting) => `-c ${setting}`)
    .join(' ');

const launch = async (cluster: Cluster, port: number, unsafeFast: boolean): Promise<void> => {
  await assertPortIsFree(port, 'Postgres', 'WAYBILL_POSTGRES_PORT');
  const settings = serverSettings(port, unsafeFast);
  const result = await runCommand(
    join(cluster.binDir, 'pg_ctl'),
    ['start', '-w', '-t', '60', '-D', cluster.data, '-l', cluster.logFile, '-o', settings],
    asServerUser(cluster),
  );
  if (result.code !== 0) {
    throw new WaybillError(
      'PrerequisiteMissing',
      `Postgres did not start: read the end of ${cluster.logFile} for the cause`,
    );
  }
  const pid = Number(readFileSync(join(cluster.data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  writeFileSync(identityFile(cluster), JSON.stringify(identityOf(pid)));
};

const halt = async (cluster: Cluster): Promise<void> => {
  const stop = (mode: string) =>
    runCommand(
      join(cluster.binDir, 'pg_ctl'),
      ['stop', '-w', '-t', '20', '-m', mode, '-D', cluster.data],
      asServerUser(cluster),
    );
  const result = await stop('fast');
  if (result.code !== 0 && (await runningPort(cluster)) !== null) await stop('immediate');
};

/** Stops the server of this folder, whoever uses it, and leaves its data alone; nothing happens where none runs. */
export const haltPostgres = async (options: Pick<PostgresOptions, 'dataDir' | 'binDir' | 'log'>): Promise<void> => {
  const folder = resolve(options.dataDir);
  if (!existsSync(join(folder, 'data', 'PG_VERSION'))) return;
  const cluster = await openCluster(folder, { binDir: options.binDir, unsafeFast: false, log: options.log });
  if ((await runningPort(cluster)) !== null) await halt(cluster);
};

/**
 * Starts the embedded Postgres, or adopts the one that runs on this folder already (after a kill, or beside another
 * command), and makes the database.
 * @throws ConfigurationInvalid when another process holds the port
 * @throws PrerequisiteMissing when the server cannot be run here; the sentence says what to do
 */
export const startPostgres = async (options: PostgresOptions): Promise<RunningPostgres> => {
  const { port, unsafeFast = false, log } = options;
  const folder = resolve(options.dataDir);
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, 'lock');
  const holders = holdersIn(join(folder, 'holders'));
  return withLock(lock, LOCK_WAIT_MS, async () => {
    const cluster = await openCluster(folder, { binDir: options.binDir, unsafeFast, log });
    let at = await runningPort(cluster);
    if (at !== null && at !== port && !holders.others()) {
      log(`stopping the embedded Postgres that was left running on port ${at}`);
      await halt(cluster);
      at = null;
    }
    const adopted = at !== null && (await servesCluster(cluster, at));
    if (!adopted) await launch(cluster, port, unsafeFast);
    const used = adopted && at !== null ? at : port;
    await ensureDatabase(cluster, used);
    holders.join();
    return {
      url: addressOf(cluster, used, DATABASE),
      adopted,
      stop: () =>
        withLock(lock, LOCK_WAIT_MS, async () => {
          holders.leave();
          if (!holders.others()) await halt(cluster);
        }),
    };
  });
};
