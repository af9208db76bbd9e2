import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureSearchAttributes } from '../../src/workers/temporal-setup.js';
import { emptyDatabase, type TestDatabase, testDatabase, testNamespace } from '../support/servers.js';
import { cleanEnvironment, runCommand } from '../support/worker-process.js';

/** A worker that cannot do its work says in one sentence what is missing, and ends. */

let folder: string;
const databases: TestDatabase[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-refusals-'));
});
afterAll(async () => {
  for (const database of databases) await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

interface Installation {
  migrated: boolean;
  attributes: boolean;
}

async function environment({ migrated, attributes }: Installation): Promise<Record<string, string>> {
  const [database, { address, namespace }] = await Promise.all([
    migrated ? testDatabase() : emptyDatabase(),
    testNamespace(),
  ]);
  databases.push(database);
  if (attributes) {
    const connection = await Connection.connect({ address });
    await ensureSearchAttributes(new Client({ connection, namespace }));
    await connection.close();
  }
  return {
    WAYBILL_DATABASE_URL: database.url,
    WAYBILL_DATA_DIR: join(folder, 'data'),
    WAYBILL_LOG_LEVEL: 'error',
    WAYBILL_DASHBOARD_URL: 'http://127.0.0.1:9',
    WAYBILL_DASHBOARD_TOKEN: 'token-of-the-test',
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  };
}

const start = async (values: Record<string, string>, ...args: string[]) => {
  const { code, stdout, stderr } = await runCommand(['worker', ...args], {
    env: cleanEnvironment(values),
    cwd: folder,
  });
  return { code, said: (stdout + stderr).trim().split('\n') };
};

it('a worker refuses a database without the migrations', async () => {
  const values = await environment({ migrated: false, attributes: true });
  expect(await start(values)).toEqual({
    code: 3,
    said: [expect.stringMatching(/^The database lacks \d+ migration\(s\): run `waybill migrate`\.$/)],
  });
});

it('a worker refuses a namespace without the search attributes, and names them', async () => {
  const values = await environment({ migrated: true, attributes: false });
  expect(await start(values)).toEqual({
    code: 3,
    said: [
      'Temporal lacks the search attributes WaybillSource, WaybillRoute, WaybillState, WaybillOutcome: run `waybill temporal setup`.',
    ],
  });
});

it('a worker refuses a role that does not exist, and a source that is not configured', async () => {
  const values = await environment({ migrated: true, attributes: true });
  const known =
    'the roles of this configuration are intake, lifecycle, providers, source:dashboard, backfill:dashboard.';
  expect(await start(values, '--roles', 'intake,outtake')).toEqual({
    code: 2,
    said: [`There is no worker role "outtake": ${known}`],
  });
  expect(await start(values, '--roles', 'source:simulator')).toEqual({
    code: 2,
    said: [`There is no worker role "source:simulator": ${known}`],
  });
});

it('a worker refuses servers that are not there', async () => {
  const values = await environment({ migrated: true, attributes: true });
  const noDatabase = { ...values, WAYBILL_DATABASE_URL: 'postgres://nobody@127.0.0.1:9/nothing' };
  expect(await start(noDatabase)).toEqual({
    code: 3,
    said: [expect.stringContaining('Postgres at 127.0.0.1:9/nothing')],
  });
  const noTemporal = { ...values, TEMPORAL_ADDRESS: '127.0.0.1:9' };
  expect(await start(noTemporal)).toEqual({ code: 3, said: [expect.stringContaining('Temporal at 127.0.0.1:9')] });
});

it('a setting that cannot be used is named, and nothing is started', async () => {
  const values = await environment({ migrated: true, attributes: true });
  const { code, said } = await start({ ...values, WAYBILL_SOURCE_RATE: 'fast', WAYBILL_MODE: 'loud' });
  expect(code).toBe(2);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(
    /^2 settings cannot be used: .*WAYBILL_MODE must be observe, shadow, approve or live.*WAYBILL_SOURCE_RATE/,
  );
});
