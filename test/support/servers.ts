import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { findTemporal } from '../../src/embedded/find-temporal.js';
import { withLock } from '../../src/embedded/lock.js';
import { startPostgres } from '../../src/embedded/postgres.js';
import { startTemporal } from '../../src/embedded/temporal-server.js';
import { freePort } from './free-port.js';

/**
 * One Postgres and one Temporal server serve all test files of a run. Each is started by the first test that needs it,
 * in whichever worker that is, and stopped when the run has ended.
 */

const LOCK_WAIT_MS = 60_000;
const NAMESPACES = Array.from({ length: 60 }, (_, index) => `t${index}`);
const log = () => undefined;

/** The text that `make` returns, made once per run, in whichever worker asks first. */
const oncePerRun = (name: string, make: () => Promise<string>): Promise<string> => {
  const folder = inject('runFolder');
  const path = join(folder, name);
  return withLock(`${path}.lock`, LOCK_WAIT_MS, async () => {
    if (!existsSync(path)) writeFileSync(path, await make());
    return readFileSync(path, 'utf8');
  });
};

/** Address of the run's Postgres, without fsync. */
export const testPostgres = (): Promise<string> =>
  oncePerRun('postgres-url', async () => {
    const dataDir = join(inject('runFolder'), 'postgres');
    return (await startPostgres({ dataDir, port: await freePort(), unsafeFast: true, log })).url;
  });

/** host:port of the run's Temporal server, which keeps everything in memory. */
export const testTemporal = (): Promise<string> =>
  oncePerRun('temporal-address', async () => {
    const server = await startTemporal({
      executable: findTemporal(process.env.TEMPORAL_CLI_PATH || null),
      dataDir: null,
      runDir: join(inject('runFolder'), 'temporal'),
      port: await freePort(),
      uiPort: null,
      namespaces: NAMESPACES,
      searchAttributes: {},
      log,
    });
    return server.address;
  });

const execute = async (url: string, statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};

const withDatabase = (url: string, database: string): string => {
  const address = new URL(url);
  address.pathname = `/${database}`;
  return address.href;
};

const TEMPLATE = 'template_migrated';

const ensureTemplate = (server: string): Promise<string> =>
  oncePerRun('template-database', async () => {
    const { applyMigrations } = await import('../../src/ledger/migrate.js');
    await execute(server, `DROP DATABASE IF EXISTS ${TEMPLATE}`); // left by a migration that failed
    await execute(server, `CREATE DATABASE ${TEMPLATE}`);
    await applyMigrations({ url: withDatabase(server, TEMPLATE) });
    return TEMPLATE;
  });

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

const makeDatabase = async (server: string, template: string): Promise<TestDatabase> => {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await execute(server, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  return { url: withDatabase(server, name), drop: () => execute(server, `DROP DATABASE ${name} WITH (FORCE)`) };
};

/** A database of its own with all migrations applied: a clone, made in a few hundredths of a second. */
export const testDatabase = async (): Promise<TestDatabase> => {
  const server = await testPostgres();
  return makeDatabase(server, await ensureTemplate(server));
};

/** A database of its own with nothing in it. */
export const emptyDatabase = async (): Promise<TestDatabase> => makeDatabase(await testPostgres(), 'template0');

export interface TestNamespace {
  /** host:port of the server. */
  address: string;
  namespace: string;
}

/** A Temporal namespace that no other test of this run was given. */
export const testNamespace = async (): Promise<TestNamespace> => {
  const address = await testTemporal();
  const taken = join(inject('runFolder'), 'namespaces');
  mkdirSync(taken, { recursive: true });
  const namespace = NAMESPACES.find((name) => {
    try {
      mkdirSync(join(taken, name)); // fails where another worker was faster
      return true;
    } catch {
      return false;
    }
  });
  if (namespace === undefined)
    throw new Error(`all ${NAMESPACES.length} namespaces of this run are taken: raise the number`);
  return { address, namespace };
};
