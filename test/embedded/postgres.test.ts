import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { haltPostgres, startPostgres } from '../../src/embedded/postgres.js';
import { closedFolderOnTheWay } from '../../src/embedded/unprivileged-user.js';
import { freePort } from '../support/free-port.js';

const log = () => undefined;
let folder: string;
let dataDir: string;

const query = async (url: string, statement: string) => {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // a test below kills the server under it; queries reject by themselves
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-postgres-'));
  chmodSync(folder, 0o755);
  dataDir = join(folder, 'postgres');
});

afterEach(async () => {
  await haltPostgres({ dataDir, log });
  rmSync(folder, { recursive: true, force: true });
});

describe('the embedded Postgres', () => {
  it('is shared by two users of one folder and stops with the last of them', async () => {
    const port = await freePort();
    const first = await startPostgres({ dataDir, port, unsafeFast: true, log });
    const second = await startPostgres({ dataDir, port, unsafeFast: true, log });
    expect([first.adopted, second.adopted]).toEqual([false, true]);
    expect(second.url).toBe(first.url);
    await first.stop();
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await second.stop();
    await expect(query(second.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  });

  it('keeps its data over a stop, also on another port', async () => {
    const first = await startPostgres({ dataDir, port: await freePort(), unsafeFast: true, log });
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    const second = await startPostgres({ dataDir, port: await freePort(), unsafeFast: true, log });
    expect(second.adopted).toBe(false);
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('is adopted when the process that started it was killed', async () => {
    const port = await freePort();
    const built = fileURLToPath(new URL('../../dist/embedded/postgres.js', import.meta.url));
    const program = `
      const { startPostgres } = await import(${JSON.stringify(pathToFileURL(built).href)});
      const { url } = await startPostgres({ dataDir: ${JSON.stringify(dataDir)}, port: ${port}, unsafeFast: true, log() {} });
      console.log(url);
      setInterval(() => {}, 1000);`;
    const starter = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [url] = await once(createInterface(starter.stdout), 'line');
    starter.kill('SIGKILL');
    await once(starter, 'exit');
    const next = await startPostgres({ dataDir, port, unsafeFast: true, log });
    expect(next).toMatchObject({ adopted: true, url });
    await next.stop(); // the killed user does not count: this was the last one
    await expect(query(next.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  });

  it('starts again after the server itself was killed', async () => {
    const port = await freePort();
    const first = await startPostgres({ dataDir, port, log });
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const [pid] = readFileSync(join(dataDir, 'data', 'postmaster.pid'), 'utf8').split('\n');
    process.kill(Number(pid), 'SIGKILL');
    await expect
      .poll(() => query(first.url, 'SELECT 1').catch((error: Error) => error.message), { timeout: 10_000 })
      .toMatch('ECONNREFUSED');
    const second = await startPostgres({ dataDir, port, log });
    expect(second.adopted).toBe(false);
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('answers only to its password, which only its own user may read', async () => {
    const { url } = await startPostgres({ dataDir, port: await freePort(), unsafeFast: true, log });
    const guess = new URL(url);
    guess.password = 'guess';
    await expect(query(guess.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
    expect(statSync(join(dataDir, 'password')).mode & 0o777).toBe(0o600);
    expect(await query(url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  });

  it('refuses a port that another process holds, in one sentence', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(startPostgres({ dataDir, port, unsafeFast: true, log })).rejects.toThrow(
      `port ${port}, meant for Postgres, is in use by another process: stop that process, or set WAYBILL_POSTGRES_PORT to a free port`,
    );
    other.close();
  });

  it('never takes the server of another folder for its own', async () => {
    const port = await freePort();
    const mine = await startPostgres({ dataDir, port, unsafeFast: true, log });
    const other = join(folder, 'other');
    await expect(startPostgres({ dataDir: other, port, unsafeFast: true, log })).rejects.toThrow(
      'is in use by another process',
    );
    expect(await query(mine.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

it('the topmost folder that a user cannot enter is found', () => {
  const stranger = { name: 'stranger', uid: 64_000, gid: 64_000 };
  const closed = join(folder, 'closed');
  mkdirSync(join(closed, 'inner'), { recursive: true, mode: 0o700 });
  chmodSync(closed, 0o700);
  expect(closedFolderOnTheWay(join(closed, 'inner'), stranger)).toBe(closed);
  expect(closedFolderOnTheWay(folder, stranger)).toBeNull();
});
