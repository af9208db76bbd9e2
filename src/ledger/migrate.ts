import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type Clock, systemClock } from '../domain/clock.js';
import { WaybillError } from '../domain/failures.js';
import { ensurePartitions } from './partitions.js';
import { unreachableDatabase } from './unreachable.js';

const MIGRATIONS = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
/** Any number of our own: two migrations at once wait for each other instead of tearing the schema. */
const LOCK_KEY = 7_264_900_157;

const PRISMA_TABLE = `
  CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id" VARCHAR(36) PRIMARY KEY NOT NULL, "checksum" VARCHAR(64) NOT NULL, "finished_at" TIMESTAMPTZ,
    "migration_name" VARCHAR(255) NOT NULL, "logs" TEXT, "rolled_back_at" TIMESTAMPTZ,
    "started_at" TIMESTAMPTZ NOT NULL, "applied_steps_count" INTEGER NOT NULL DEFAULT 0)`;

export interface Migration {
  name: string;
  sql: string;
  /** sha256 of the file, as Prisma records it. */
  checksum: string;
}

export function readMigrations(folder = MIGRATIONS): Migration[] {
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    });
}

interface AppliedRow {
  migration_name: string;
  checksum: string;
}

async function appliedMigrations(client: pg.Client): Promise<AppliedRow[]> {
  const { rows } = await client.query<AppliedRow>(
    'SELECT migration_name, checksum FROM "_prisma_migrations" WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
  );
  return rows;
}

/** @throws WaybillError LedgerConflict where an applied migration is not the one in the folder any more. */
function pending(migrations: readonly Migration[], applied: readonly AppliedRow[]): Migration[] {
  const checksums = new Map(applied.map((row) => [row.migration_name, row.checksum]));
  for (const migration of migrations) {
    const recorded = checksums.get(migration.name);
    if (recorded !== undefined && recorded !== migration.checksum) {
      throw new WaybillError(
        'LedgerConflict',
        `Migration ${migration.name} was changed after it had been applied: restore the file, or begin with an empty database.`,
        { retryable: false },
      );
    }
  }
  const known = new Set(migrations.map((one) => one.name));
  const foreign = applied.find((row) => !known.has(row.migration_name));
  if (foreign) {
    throw new WaybillError(
      'LedgerConflict',
      `The database holds migration ${foreign.migration_name}, which this version of Waybill does not know: install the newer version.`,
      { retryable: false },
    );
  }
  return migrations.filter((migration) => !checksums.has(migration.name));
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    return client;
  } catch (cause) {
    throw unreachableDatabase(url, cause);
  }
}

export interface MigrateOptions {
  url: string;
  migrationsDir?: string;
  clock?: Clock;
}

/**
 * Applies what is pending, each migration in a transaction of its own under an advisory lock, recorded as Prisma records it,
 * and makes the partitions of the coming months. Nothing pending costs one query.
 */
export async function applyMigrations(options: MigrateOptions): Promise<{ applied: string[] }> {
  const { url, migrationsDir = MIGRATIONS, clock = systemClock } = options;
  const client = await connect(url);
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK_KEY]);
    await client.query(PRISMA_TABLE);
    const todo = pending(readMigrations(migrationsDir), await appliedMigrations(client));
    for (const migration of todo) await applyOne(client, migration, clock);
    await ensurePartitions((sql) => client.query(sql), clock.now());
    return { applied: todo.map((migration) => migration.name) };
  } finally {
    await client.end();
  }
}

async function applyOne(client: pg.Client, migration: Migration, clock: Clock): Promise<void> {
  const startedAt = clock.now();
  try {
    await client.query('BEGIN');
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO "_prisma_migrations" (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
       VALUES ($1, $2, $3, $4, $5, 1)`,
      [randomUUID(), migration.checksum, clock.now(), migration.name, startedAt],
    );
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK');
    throw new WaybillError('LedgerConflict', `Migration ${migration.name} failed and was rolled back whole.`, {
      cause,
    });
  }
}

/**
 * What works on a ledger of another version fails in the middle of something, in words of Postgres.
 * @throws WaybillError PrerequisiteMissing where migrations are pending, LedgerConflict where the database is ahead of this version
 */
export async function refuseOtherSchema(url: string): Promise<void> {
  const missing = await pendingMigrations({ url });
  if (missing.length === 0) return;
  throw new WaybillError(
    'PrerequisiteMissing',
    `The database lacks ${missing.length} migration(s): run \`waybill migrate\`.`,
    { retryable: false },
  );
}

/** Names of migrations that the database lacks. */
export async function pendingMigrations({ url, migrationsDir = MIGRATIONS }: MigrateOptions): Promise<string[]> {
  const client = await connect(url);
  try {
    const { rows } = await client.query(`SELECT to_regclass('"_prisma_migrations"') AS known`);
    const applied = rows[0]?.known ? await appliedMigrations(client) : [];
    return pending(readMigrations(migrationsDir), applied).map((migration) => migration.name);
  } finally {
    await client.end();
  }
}
