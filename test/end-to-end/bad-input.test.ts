import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, onTestFailed, onTestFinished } from 'vitest';
import { type ForeignServer, startForeignServer } from '../support/foreign-server.js';
import { freePort } from '../support/free-port.js';
import { type Installation, makeInstallation, type Port, saidBy } from './installation.js';

/** Whatever is wrong with what was asked for: one clear sentence, an exit code that says so, and nothing left running. */

const MINUTES = 60_000;

let here: Installation;
let foreign: ForeignServer;

beforeAll(async () => {
  here = await makeInstallation();
  foreign = await startForeignServer({ token: 'the-right-token', threads: [] });
});
beforeEach(() =>
  onTestFailed(() => {
    process.stderr.write(`${here.story()}\n`);
  }),
);
afterEach(async () => {
  expect(await here.leftovers(here.processes())).toEqual([]);
});
afterAll(async () => {
  await here?.release();
  await foreign?.close();
}, MINUTES);

/** The sentence of a refusal: the last line, with the addresses and the notes of a start that went further before it. */
async function refusal(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; sentence: string }> {
  const ended = await here.run(args, env);
  const lines = saidBy(ended);
  expect(lines.filter((line) => /^\s+at |Error:/.test(line))).toEqual([]); // no stack
  return { code: ended.code, sentence: lines.at(-1) ?? '' };
}

const dashboard = (url: string, token = 'the-right-token') => [
  'up',
  '--once',
  ...['--dashboard-url', url, '--dashboard-token', token],
];

it('an unknown command and an unknown option are named', async () => {
  const command = await here.run(['upp']);
  expect(command.code, command.stderr).toBe(2);
  expect(saidBy(command)[0]).toMatch(/unknown command 'upp'/);
  const option = await here.run(['up', '--onec']);
  expect(option.code, option.stderr).toBe(2);
  expect(saidBy(option)[0]).toMatch(/unknown option '--onec'/);
  expect(existsSync(here.dataDir)).toBe(false);
});

it(
  'a corpus that is no CSV with a column of texts is refused before anything is taken in',
  async () => {
    const file = join(here.folder, 'corpus.txt');
    writeFileSync(file, 'this,is\n"no CSV');
    const { code, sentence } = await refusal(['up', '--once', '--corpus', file]);
    expect(code).toBe(2);
    expect(sentence).toContain('corpus');
    const missing = await refusal(['up', '--once', '--corpus', join(here.folder, 'nowhere.csv')]);
    expect(missing.code).toBe(2);
    expect(missing.sentence).toContain('nowhere.csv');
  },
  MINUTES,
);

it.each<[Port, string]>([
  ['POSTGRES', 'WAYBILL_POSTGRES_PORT'],
  ['TEMPORAL', 'WAYBILL_TEMPORAL_PORT'],
  ['TEMPORAL_UI', 'WAYBILL_TEMPORAL_UI_PORT'],
  ['API', 'WAYBILL_API_PORT'],
  ['SIMULATOR', 'WAYBILL_SIMULATOR_PORT'],
])(
  'the port of %s in use by another process is named with the setting that changes it',
  async (_name, variable) => {
    const port = await freePort();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => holder.close(() => resolve())));
    const { code, sentence } = await refusal(['up', '--once'], { [variable]: String(port) });
    expect(code).toBe(2);
    expect(sentence).toContain(String(port));
    expect(sentence).toContain(variable);
  },
  MINUTES,
);

it(
  'an unreachable dashboard is named',
  async () => {
    const { code, sentence } = await refusal(dashboard('http://127.0.0.1:9'));
    expect(code).toBe(3);
    expect(sentence).toBe(
      'The dashboard at http://127.0.0.1:9 does not answer: check WAYBILL_DASHBOARD_URL and that it is up.',
    );
  },
  MINUTES,
);

it(
  'a wrong token is said to be rejected, and is not shown',
  async () => {
    const other = await makeInstallation();
    onTestFinished(other.release);
    const ended = await other.run(dashboard(foreign.url, 'a-wrong-token'));
    expect(ended.code, ended.stderr).toBe(2);
    expect(saidBy(ended).at(-1)).toBe(
      `The dashboard at ${foreign.url} rejects the token: check WAYBILL_DASHBOARD_TOKEN.`,
    );
    expect(ended.stdout + ended.stderr).not.toContain('a-wrong-token');
  },
  MINUTES,
);

it(
  'an unreachable Postgres is named',
  async () => {
    const { code, sentence } = await refusal(['up', '--once'], {
      WAYBILL_DATABASE_URL: 'postgres://waybill:hidden@127.0.0.1:9/waybill',
    });
    expect(code).toBe(3);
    expect(sentence).toContain('127.0.0.1:9/waybill');
    expect(sentence).not.toContain('hidden');
  },
  MINUTES,
);

it(
  'an unreachable Temporal is named',
  async () => {
    const { code, sentence } = await refusal(['up', '--once'], { TEMPORAL_ADDRESS: '127.0.0.1:9' });
    expect(code).toBe(3);
    expect(sentence).toContain('Temporal at 127.0.0.1:9 cannot be reached');
  },
  MINUTES,
);
