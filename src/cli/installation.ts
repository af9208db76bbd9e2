import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { WaybillError } from '../domain/failures.js';
import { startPostgres } from '../embedded/postgres.js';
import { checkDatabase, type Database, openDatabase } from '../ledger/database.js';
import { refuseOtherSchema } from '../ledger/migrate.js';
import { note } from './output.js';

/** Folders of the embedded installation. */
export const foldersOf = (config: Config) => ({
  postgres: join(config.dataDir, 'postgres'),
  temporal: join(config.dataDir, 'temporal'),
  simulator: join(config.dataDir, 'simulator'),
  logs: join(config.dataDir, 'logs'),
  children: join(config.dataDir, 'children'),
  /** A file: the first admin token. */
  adminToken: join(config.dataDir, 'admin-token'),
});

export interface DatabaseAccess {
  url: string;
  release(): Promise<void>;
}

/**
 * The database of the configured installation; where that is the embedded one, its server is started for as long as it is
 * needed, or shared with the `waybill up` that runs.
 * @throws WaybillError PrerequisiteMissing where the embedded installation was never started
 */
export async function accessDatabase(config: Config, { create }: { create: boolean }): Promise<DatabaseAccess> {
  if (config.database.url !== null) return { url: config.database.url, release: async () => {} };
  const { postgres: dataDir } = foldersOf(config);
  if (!create && !existsSync(dataDir)) {
    throw new WaybillError(
      'PrerequisiteMissing',
      `There is no ledger in ${config.dataDir} yet: run \`npm start\` first, or set WAYBILL_DATABASE_URL.`,
    );
  }
  const server = await startPostgres({ dataDir, port: config.database.port, log: note });
  return { url: server.url, release: () => server.stop() };
}

/**
 * Opens the ledger of the installation for one command.
 * @throws WaybillError PrerequisiteMissing or LedgerConflict where its schema is that of another version
 */
export async function withLedger<T>(config: Config, work: (db: Database) => Promise<T>): Promise<T> {
  const access = await accessDatabase(config, { create: false });
  const db = openDatabase({ url: access.url });
  try {
    await checkDatabase(db, access.url);
    await refuseOtherSchema(access.url);
    return await work(db);
  } finally {
    await db.close();
    await access.release();
  }
}
