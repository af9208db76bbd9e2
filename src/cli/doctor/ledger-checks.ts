import { systemClock } from '../../domain/clock.js';
import type { Database } from '../../ledger/database.js';
import { pendingMigrations } from '../../ledger/migrate.js';
import { PARTITIONED } from '../../ledger/partitions.js';
import { type Check, fine, problem, unknown, warning } from './findings.js';

const LEAST_POSTGRES = 180_000;
const LARGEST_SKEW_MS = 2_000;
const DAY_MS = 86_400_000;
const GIB = 2 ** 30;

/** What the ledger's Postgres says of itself. */
export const ledgerChecks = (db: Database, url: string): Check[] => [
  { name: 'postgres', look: () => lookAtPostgres(db) },
  { name: 'clock of postgres', look: () => lookAtClock(db) },
  { name: 'migrations', look: () => lookAtMigrations(url) },
  { name: 'partitions', look: () => lookAtPartitions(db) },
  { name: 'growth', look: () => lookAtGrowth(db) },
];

async function lookAtPostgres(db: Database) {
  const [row] = await db.$queryRaw<{ number: number; version: string; fsync: string; commit: string }[]>`
    SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
           current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`;
  if (!row) return unknown('Postgres said nothing of itself.');
  if (row.number < LEAST_POSTGRES)
    return problem(
      `Postgres ${row.version} is too old: uuidv7() needs 18.`,
      'Move the ledger to Postgres 18 or newer.',
    );
  if (row.fsync !== 'on' || row.commit === 'off')
    return problem(
      `Postgres may lose what it has committed (fsync ${row.fsync}, synchronous_commit ${row.commit}).`,
      'Set both to on: a message that was acknowledged has to be there after a power cut.',
    );
  return fine(`Postgres ${row.version}, and what it has committed stays.`);
}

/** Postgres says when it took our connection, by its own clock. */
async function lookAtClock(db: Database) {
  const [row] = await db.$queryRaw<{ at: Date }[]>`
    SELECT backend_start AS at FROM pg_stat_activity WHERE pid = pg_backend_pid()`;
  if (!row) return unknown('Postgres does not say when it took the connection.');
  // The connection is some moments old by now, so only a clock ahead of ours, or far behind, tells anything.
  const behindMs = systemClock.now().getTime() - row.at.getTime();
  if (behindMs < -LARGEST_SKEW_MS || behindMs > LARGEST_SKEW_MS + 10_000)
    return warning(
      `The clock of Postgres and that of this machine differ by about ${Math.round(Math.abs(behindMs) / 1_000)} s.`,
      'Let both keep their time by NTP: lateness is measured with this clock.',
    );
  return fine('The clock of Postgres agrees with that of this machine.');
}

async function lookAtMigrations(url: string) {
  const missing = await pendingMigrations({ url });
  return missing.length === 0
    ? fine('The schema is that of this version.')
    : problem(`The database lacks ${missing.length} migration(s), ${missing[0]} first.`, 'Run `waybill migrate`.');
}

async function lookAtPartitions(db: Database) {
  const now = systemClock.now();
  const next = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)).toISOString().slice(0, 7);
  const wanted = PARTITIONED.map((table) => `${table}_${next.replace('-', '_')}`);
  const rows = await db.$queryRaw<{ name: string }[]>`
    SELECT relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'partitions' AND relname = ANY (${wanted})`;
  return rows.length === wanted.length
    ? fine(`The partitions of ${next} are there.`)
    : problem(
        `${wanted.length - rows.length} partition(s) of ${next} are missing: rows of that month would be refused.`,
        'Run `waybill migrate`, and see whether the Schedule `maintain` runs.',
      );
}

async function lookAtGrowth(db: Database) {
  const since = new Date(systemClock.now().getTime() - 7 * DAY_MS);
  const [row] = await db.$queryRaw<{ bytes: number; all: number; week: number }[]>`
    SELECT pg_database_size(current_database())::float8 AS bytes,
           (SELECT GREATEST(reltuples, 1)::float8 FROM pg_class WHERE oid = 'message'::regclass) AS all,
           (SELECT count(*)::float8 FROM message WHERE first_seen_at > ${since}) AS week`;
  if (!row) return unknown('Postgres said nothing of its size.');
  const perDay = (row.bytes / Math.max(row.all, row.week, 1)) * (row.week / 7);
  return fine(
    `The ledger is ${(row.bytes / GIB).toFixed(2)} GiB, and grows by about ${(perDay / GIB).toFixed(2)} GiB a day.`,
  );
}
