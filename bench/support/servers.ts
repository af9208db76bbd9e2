import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { findTemporal } from '../../src/embedded/find-temporal.js';
import { startPostgres } from '../../src/embedded/postgres.js';
import { startTemporal } from '../../src/embedded/temporal-server.js';
import { applyMigrations } from '../../src/ledger/migrate.js';
import type { RigServers } from '../../test/support/assemble-rig.js';
import { freePort } from '../../test/support/free-port.js';

const silent = (): void => undefined;

/**
 * A Postgres of its own that writes to disk as an installation does, unless what is shown has nothing to do with speed; gone with all
 * its data when the work has ended.
 */
export async function withPostgres<T>(
  work: (serverUrl: string) => Promise<T>,
  { unsafeFast = false }: { unsafeFast?: boolean } = {},
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-bench-'));
  chmodSync(folder, 0o755); // the user that Postgres runs as must be able to enter it
  try {
    const server = await startPostgres({
      dataDir: join(folder, 'postgres'),
      port: await freePort(),
      unsafeFast,
      log: silent,
    });
    try {
      return await work(server.url);
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A database of its own on the server, migrated. */
export async function makeDatabase(serverUrl: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `bench_${randomUUID().replaceAll('-', '')}`;
  const execute = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: serverUrl });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  await execute(`CREATE DATABASE ${name}`);
  const address = new URL(serverUrl);
  address.pathname = `/${name}`;
  await applyMigrations({ url: address.href });
  return { url: address.href, drop: () => execute(`DROP DATABASE ${name} WITH (FORCE)`) };
}

/** Postgres and Temporal as the embedded installation runs them, each on disk, for the length of the work. */
export async function withServers<T>(work: (servers: RigServers) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-bench-temporal-'));
  const namespaces = Array.from({ length: 8 }, (_, index) => `bench${index}`);
  try {
    return await withPostgres(async (serverUrl) => {
      const temporal = await startTemporal({
        executable: findTemporal(process.env.TEMPORAL_CLI_PATH || null),
        dataDir: folder,
        port: await freePort(),
        uiPort: null,
        namespaces,
        searchAttributes: {},
        log: silent,
      });
      try {
        return await work({
          database: () => makeDatabase(serverUrl),
          async namespace() {
            const namespace = namespaces.shift();
            if (namespace === undefined) throw new Error('all namespaces of this run are taken');
            return { address: temporal.address, namespace };
          },
        });
      } finally {
        await temporal.stop();
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
