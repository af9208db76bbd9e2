import { Connection } from '@temporalio/client';
import pg from 'pg';
import { expect, it } from 'vitest';
import { emptyDatabase, testDatabase, testNamespace } from '../support/servers.js';

const tablesOf = async (url: string): Promise<string[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    );
    return rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
};

it('each test database is a migrated clone of its own', async () => {
  const [one, other, empty] = await Promise.all([testDatabase(), testDatabase(), emptyDatabase()]);
  expect(one.url).not.toBe(other.url);
  expect(await tablesOf(one.url)).toContain('message');
  expect(await tablesOf(empty.url)).toEqual([]);
  await one.drop();
  await expect(tablesOf(one.url)).rejects.toThrow('does not exist');
  expect(await tablesOf(other.url)).toContain('message');
  await Promise.all([other.drop(), empty.drop()]);
});

it('each test namespace is handed out once and can be used at once', async () => {
  const given = await Promise.all([testNamespace(), testNamespace(), testNamespace()]);
  expect(new Set(given.map(({ namespace }) => namespace)).size).toBe(3);
  const { address, namespace } = await testNamespace();
  const connection = await Connection.connect({ address });
  const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace });
  expect(namespaceInfo?.name).toBe(namespace);
  await connection.close();
});
