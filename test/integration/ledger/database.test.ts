import { expect, it, onTestFinished } from 'vitest';
import { type Database, openDatabase, sqlStateOf } from '../../../src/ledger/database.js';
import { testDatabase } from '../../support/servers.js';

async function open(maxConnections = 2): Promise<Database> {
  const { url, drop } = await testDatabase();
  const db = openDatabase({ url, maxConnections });
  onTestFinished(async () => {
    await db.close();
    await drop();
  });
  return db;
}

const markers = (db: Database) => db.$queryRaw<{ text: string }[]>`SELECT text FROM marker ORDER BY text`;
const mark = (db: Pick<Database, '$executeRaw'>, text: string) =>
  db.$executeRaw`INSERT INTO marker (at, kind, text) VALUES (${new Date(0)}, 'note', ${text})`;

it('a transaction is all or nothing', async () => {
  const db = await open();
  await expect(
    db.transaction(async (tx) => {
      await mark(tx, 'half');
      throw new Error('broken off');
    }),
  ).rejects.toThrow('broken off');
  await db.transaction((tx) => mark(tx, 'whole'));
  expect(await markers(db)).toEqual([{ text: 'whole' }]);
});

it('values never become part of a statement, and come back as what they are', async () => {
  const db = await open();
  const text = "'; DROP TABLE marker; --";
  await mark(db, text);
  const [row] = await db.$queryRaw<unknown[]>`
    SELECT text, at, 1::bigint AS big, 2::int AS small, ${['a', null, 'b"c']}::text[] AS list, ${JSON.stringify({ a: 1 })}::jsonb AS json
    FROM marker`;
  expect(row).toEqual({ text, at: new Date(0), big: 1n, small: 2, list: ['a', null, 'b"c'], json: { a: 1 } });
});

it('a statement that is refused says so with its state, and the connection goes on', async () => {
  const db = await open(1);
  const refused = await db.$executeRaw`INSERT INTO marker (at, kind, text) VALUES (${new Date(0)}, 'none', 'x')`.catch(
    (error: unknown) => error,
  );
  expect(sqlStateOf(refused)).toBe('23514');
  expect(await markers(db)).toEqual([]);
});

it('a connection that the server ends in the middle of a transaction is a ledger out of reach, and the next one works', async () => {
  const db = await open();
  const broken = db.transaction(async (tx) => {
    const [self] = await tx.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
    await db.$queryRaw`SELECT pg_terminate_backend(${self?.pid}::int)`;
    await mark(tx, 'lost');
  });
  await expect(broken).rejects.toMatchObject({ name: 'WaybillError', type: 'LedgerUnavailable', retryable: true });
  expect(await markers(db)).toEqual([]);
});
