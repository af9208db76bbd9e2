import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../embedded/ports.js';
import { startPostgres } from '../embedded/postgres.js';
import { type Database, openDatabase } from '../ledger/database.js';
import { applyMigrations } from '../ledger/migrate.js';

/**
 * An empty ledger on a Postgres of its own, in a folder that is removed when the work is over, however it ends.
 * @throws WaybillError PrerequisiteMissing where Postgres cannot be run here
 */
export async function withLedgerOfItsOwn<T>(
  log: (line: string) => void,
  work: (db: Database) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-demo-'));
  // Started by root, Postgres runs as another user, who has to come through.
  chmodSync(folder, 0o755);
  try {
    const server = await startPostgres({
      dataDir: join(folder, 'postgres'),
      port: await freePort(),
      unsafeFast: true,
      log,
    });
    try {
      await applyMigrations({ url: server.url });
      const db = openDatabase({ url: server.url, maxConnections: 12 });
      try {
        return await work(db);
      } finally {
        await db.close();
      }
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
