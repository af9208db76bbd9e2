import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { findTemporal } from '../../src/embedded/find-temporal.js';
import { startPostgres } from '../../src/embedded/postgres.js';
import { startTemporal, type TemporalOptions } from '../../src/embedded/temporal-server.js';
import { applyMigrations } from '../../src/ledger/migrate.js';
import type { RigServers } from '../../test/support/assemble-rig.js';
import { freePort } from '../../test/support/free-port.js';

const silent = (): void => undefined;

/**
 * A Postgres of its own that writes to disk as an installation does, unless what is shown has nothing to do with speed; gone with all
 * its data when the work has ended.
 */
export async function withPostgres<T>(
  work: (serverUrl: string, restart: () => Promise<void>) => Promise<T>,
  { unsafeFast = false }: { unsafeFast?: boolean } = {},
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-bench-'));
  chmodSync(folder, 0o755); // the user that Postgres runs as must be able to enter it
  try {
    const options = { dataDir: join(folder, 'postgres'), port: await freePort(), unsafeFast, log: silent };
    let server = await startPostgres(options);
    try {
      return await work(server.url, async () => {
        await server.stop();
        server = await startPostgres(options);
      });
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

/** Servers that can be stopped and started again on their data and at their addresses. */
export interface ProofServers extends RigServers {
  restartTemporal(): Promise<void>;
  restartPostgres(): Promise<void>;
}

/** Postgres and Temporal as the embedded installation runs them, each on disk, for the length of the work. */
export async function withServers<T>(work: (servers: ProofServers) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-bench-temporal-'));
  const namespaces = Array.from({ length: 8 }, (_, index) => `bench${index}`);
  const free = [...namespaces];
  try {
    return await withPostgres(async (serverUrl, restartPostgres) => {
      const options: TemporalOptions = {
        executable: findTemporal(process.env.TEMPORAL_CLI_PATH || null),
        dataDir: folder,
        port: await freePort(),
        uiPort: null,
        namespaces,
        searchAttributes: {},
        log: silent,
      };
      let temporal = await startTemporal(options);
      try {
        return await work({
          database: () => makeDatabase(serverUrl),
          async namespace() {
            const namespace = free.shift();
            if (namespace === undefined) throw new Error('all namespaces of this run are taken');
            return { address: temporal.address, namespace };
          },
          async restartTemporal() {
            await temporal.stop();
            temporal = await startTemporal(options);
          },
          restartPostgres,
        });
      } finally {
        await temporal.stop();
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
