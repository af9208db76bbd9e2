import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { applyMigrations, pendingMigrations, readMigrations } from '../../../src/ledger/migrate.js';
import { PARTITIONED } from '../../../src/ledger/partitions.js';
import { START, testClock } from '../../support/clock.js';
import { schemaEngine } from '../../support/schema-engine.js';
import { emptyDatabase, testDatabase } from '../../support/servers.js';

async function connected(database: {
  url: string;
  drop(): Promise<void>;
}): Promise<{ url: string; client: pg.Client }> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(async () => {
    await client.end();
    await database.drop();
  });
  return { url: database.url, client };
}

/** A copy of the migrations that a test may change. */
function copyOfMigrations(): string {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-migrations-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync('prisma/migrations', folder, { recursive: true });
  return folder;
}

const names = readMigrations().map((migration) => migration.name);

describe('applying migrations', () => {
  it('brings an empty database to the schema, and a second time changes nothing', async () => {
    const { url, client } = await connected(await emptyDatabase());
    expect(await pendingMigrations({ url })).toEqual(names);
    expect(await applyMigrations({ url })).toEqual({ applied: names });
    const structure = async () =>
      (await client.query('SELECT oid, relname FROM pg_class ORDER BY oid')).rows.map(
        (row) => `${row.oid} ${row.relname}`,
      );
    const before = await structure();
    expect(await applyMigrations({ url })).toEqual({ applied: [] });
    expect(await structure()).toEqual(before);
    expect(await pendingMigrations({ url })).toEqual([]);
  });

  it('two at once wait for each other: each migration is applied once', async () => {
    const { url, client } = await connected(await emptyDatabase());
    const both = await Promise.all([applyMigrations({ url }), applyMigrations({ url })]);
    expect(both.flatMap((one) => one.applied)).toEqual(names);
    expect((await client.query('SELECT 1 FROM _prisma_migrations')).rowCount).toBe(names.length);
  });

  it('one that was changed after it had been applied is refused by name', async () => {
    const { url } = await connected(await testDatabase());
    const folder = copyOfMigrations();
    appendFileSync(join(folder, names[0] ?? '', 'migration.sql'), '\n-- changed\n');
    await expect(applyMigrations({ url, migrationsDir: folder })).rejects.toMatchObject({
      type: 'LedgerConflict',
      message: expect.stringContaining(names[0] ?? ''),
    });
    await expect(pendingMigrations({ url, migrationsDir: folder })).rejects.toMatchObject({ type: 'LedgerConflict' });
  });

  it('a database of a newer version is refused', async () => {
    const { url, client } = await connected(await testDatabase());
    await client.query(`INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, started_at)
                        VALUES ('x', 'x', now(), '99990101000000_later', now())`);
    await expect(applyMigrations({ url })).rejects.toThrow('99990101000000_later');
  });

  it('one that fails is rolled back whole and can be applied once it is mended', async () => {
    const { url, client } = await connected(await testDatabase());
    const migrationsDir = copyOfMigrations();
    const broken = join(migrationsDir, '99990101000000_broken');
    mkdirSync(broken);
    writeFileSync(join(broken, 'migration.sql'), 'CREATE TABLE half (id INT); SELECT no_such_function();');
    await expect(applyMigrations({ url, migrationsDir })).rejects.toThrow('99990101000000_broken');
    expect((await client.query(`SELECT to_regclass('half') AS half`)).rows).toEqual([{ half: null }]);
    writeFileSync(join(broken, 'migration.sql'), 'CREATE TABLE half (id INT);');
    expect(await applyMigrations({ url, migrationsDir })).toEqual({ applied: ['99990101000000_broken'] });
  });

  it('an unreachable Postgres ends in one sentence', async () => {
    await expect(applyMigrations({ url: 'postgres://nobody@127.0.0.1:1/none' })).rejects.toMatchObject({
      type: 'LedgerUnavailable',
      message: expect.stringContaining('127.0.0.1:1/none'),
    });
  });
});

describe('partitions', () => {
  it('are made from a month behind to three ahead, again when the month turns, and none twice', async () => {
    const { url, client } = await connected(await emptyDatabase());
    const partitions = async () =>
      (
        await client.query(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'partitions' ORDER BY name`)
      ).rows.map((row) => row.name);
    const expected = (months: string[]) =>
      PARTITIONED.flatMap((table) => months.map((month) => `${table}_${month}`)).sort();
    await applyMigrations({ url, clock: testClock(START) });
    expect(await partitions()).toEqual(expected(['2026_02', '2026_03', '2026_04', '2026_05', '2026_06']));
    await applyMigrations({ url, clock: testClock(new Date('2026-12-31T23:59:59Z')) });
    expect(await partitions()).toEqual(
      expected([
        ...['2026_02', '2026_03', '2026_04', '2026_05', '2026_06'],
        ...['2026_11', '2026_12', '2027_01', '2027_02', '2027_03'],
      ]),
    );
  });

  it('hold whole months of UTC without a gap between them', async () => {
    const { client } = await connected(await testDatabase());
    await client.query(`SET timezone = 'UTC'`);
    const { rows } = await client.query<{ bounds: string }>(`
      SELECT pg_get_expr(relpartbound, oid) AS bounds FROM pg_class
      WHERE relispartition AND relkind = 'r' AND relname LIKE 'provider_call%' ORDER BY relname`);
    const bounds = rows.map((row) => /FROM \('(.+)'\) TO \('(.+)'\)/.exec(row.bounds)?.slice(1) ?? []);
    expect(bounds.length).toBeGreaterThanOrEqual(5);
    for (const [index, [from, to]] of bounds.entries()) {
      expect(from).toMatch(/^\d{4}-\d\d-01 00:00:00\+00$/);
      if (index + 1 < bounds.length) expect(bounds[index + 1]?.[0]).toBe(to);
    }
  });
});

describe("Prisma's own engine", () => {
  it('finds the database that our migrations made to be what the schema says', async () => {
    const { url } = await connected(await testDatabase());
    expect(await (await schemaEngine(url)).missingStatements()).toEqual([]);
  });

  it('notices a column, an index or a table too many, so that the test above can fail', async () => {
    const { url, client } = await connected(await testDatabase());
    await client.query('ALTER TABLE message ADD COLUMN planted TEXT');
    expect((await (await schemaEngine(url)).missingStatements()).join('\n')).toContain('DROP COLUMN "planted"');
    await client.query(
      'ALTER TABLE message DROP COLUMN planted; DROP INDEX message_open_idx; CREATE TABLE planted_table (id INT)',
    );
    const found = (await (await schemaEngine(url)).missingStatements()).join('\n');
    expect(found).toContain('message_open_idx');
    expect(found).toContain('planted_table');
  });

  it('finds the folder of migrations and what is applied in step', async () => {
    const { url, client } = await connected(await testDatabase());
    const engine = await schemaEngine(url);
    expect(await engine.history()).toMatchObject({
      hasMigrationsTable: true,
      editedMigrationNames: [],
      failedMigrationNames: [],
      history: null,
    });
    await client.query(`UPDATE _prisma_migrations SET checksum = 'planted'`);
    expect(await engine.history()).toMatchObject({ editedMigrationNames: names });
  });
});
