import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { visible } from '../../../src/cli/output.js';
import { type Database, openDatabase } from '../../../src/ledger/database.js';
import { bindSource } from '../../../src/ledger/sources.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';
import { testLedger } from '../../support/ledger.js';
import { emptyDatabase, type TestDatabase, testDatabase } from '../../support/servers.js';
import { cleanEnvironment, startNode } from '../../support/worker-process.js';

const CLI = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

let database: TestDatabase;
let db: Database;

const run = (args: string[], url = database.url) =>
  startNode([CLI, ...args], {
    env: cleanEnvironment({ WAYBILL_DATABASE_URL: url, TEMPORAL_ADDRESS: '127.0.0.1:9' }),
    cwd: tmpdir(),
    channel: false,
  }).ended;

beforeAll(async () => {
  database = await testDatabase();
  db = openDatabase({ url: database.url });
});
afterAll(async () => {
  await db?.close();
  await database?.drop();
});

describe('a command that names a source', () => {
  const verbs = [
    ['coverage'],
    ['pacer'],
    ['park', 'list'],
    ['park', 'retry', '--all'],
    ['audit', 'list'],
    ['audit', 'show'],
    ['audit', 'channels'],
    ['plan', 'compare'],
    ['probe', '--no-run'],
    ['export', 'messages'],
    ['reprocess', '--since', '2026-01-31T08:00:00Z'],
    ['source', 'resume'],
  ];

  it.each(verbs)('%s %s refuses a name that the ledger does not know, instead of finding nothing', async (...verb) => {
    await bindSource(db, {
      name: 'dashboard',
      kind: 'dashboard',
      origin: 'https://dashboard.example.com',
      mailboxGroup: 'default',
      ratePerSecond: 5,
      firstMode: 'observe',
      mode: null,
      answerFrom: null,
      now: new Date('2026-01-31T08:00:00Z'),
    });
    const { code, stdout, stderr } = await run([...verb.filter((word) => word !== undefined), '--source', 'dashbord']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('no source "dashbord"');
  });
});

it('a ledger whose schema is older is refused with what to do, and not with words of Postgres', async () => {
  const empty = await emptyDatabase();
  try {
    const { code, stderr } = await run(['alarms'], empty.url);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^The database lacks \d+ migration\(s\): run `waybill migrate`\.\n$/);
  } finally {
    await empty.drop();
  }
});

it.each([
  [['coverage', '--as-of', 'yesterday']],
  [['reprocess', '--source', 'dashboard', '--since', '2026-02-31T08:00:00Z']],
  [['source', 'resume', '--source', 'dashboard', '--park-for', '0']],
  [['audit', 'run', '--threads', '1e3']],
  [['plan', '--threads-per-day', '100', '--limit', 'fast']],
  [['plan', '--threads-per-day', '-1', '--limit', '10']],
  [['park', 'retry', 'msg_1', '--source', 'dashboard']],
  [['probe', '--active', '--no-run']],
])('%j is wrong usage', async (args) => {
  const { code, stdout, stderr } = await run(args);
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' });
});

it('plan reads a limit as the configuration does, and names the one that the guarantee needs in its unit', async () => {
  const plan = async (limit: string) => {
    const { stdout } = await run(['plan', '--threads-per-day', '1000', '--limit', limit, '--json']);
    return JSON.parse(stdout) as { limit: string; ratePerSecond: number; guarantee: { fits: boolean } };
  };
  expect(await plan('10')).toMatchObject({ limit: '10/s', ratePerSecond: 5, guarantee: { fits: true } });
  expect(await plan('600/min')).toMatchObject({ limit: '600/min', ratePerSecond: 9, guarantee: { fits: true } });
  expect(await plan('1.5/s')).toMatchObject({ ratePerSecond: 0.75, guarantee: { fits: false } });
  const words = await run(['plan', '--threads-per-day', '1000', '--limit', '60/min']);
  expect(words.stdout).toMatch(/^allowed +0\.9\/s at most, under a limit of 60\/min$/m);
  expect(words.stdout).toMatch(/^would fit with +a limit of 6\d\.?\d*\/min, for 17 % of the silence$/m);
  expect(words.code).toBe(1);
});

it('what a provider sent cannot give orders to the terminal of whoever looks at it', () => {
  expect(visible('<p>\u001b]0;title\u0007\r\n\tgood \u009b2J day</p>')).toBe(
    '<p>\\u001b]0;title\\u0007\\u000d\n\tgood \\u009b2J day</p>',
  );
});

it('trace tells the way of a message by our id, by the id of its workflow and by the provider’s', async () => {
  const ledger = await testLedger();
  await ledger.bind();
  await ledger.list([incomingThread('t1')]);
  await ledger.read('t1', [incomingMessage('m1')]);
  const { id } = await ledger.message('m1');
  for (const name of [id, `message/dashboard/${id}`, 'm1']) {
    const { code, stdout, stderr } = await run(['trace', name, '--json'], ledger.url);
    expect(code, stderr).toBe(0);
    const { verdict, traces } = JSON.parse(stdout) as {
      verdict: string;
      traces: { message: object; calls: object[] }[];
    };
    expect(verdict).toBe('carried');
    expect(traces[0]?.message).toMatchObject({ id, firstSeenBy: 'poll', reason: 'observed_only' });
    expect(traces[0]?.calls).toHaveLength(1);
  }
  const unknown = await run(['trace', 'nothing-of-that-name'], ledger.url);
  expect(unknown.code, unknown.stderr).toBe(1);
});

it('an audit is started of a source that the ledger knows, wherever its address is configured', async () => {
  const ledger = await testLedger();
  const none = await run(['audit', 'run'], ledger.url);
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('No source has been bound yet') });
  await ledger.bind();
  const one = await run(['audit', 'run'], ledger.url);
  expect(one).toMatchObject({ code: 3, stderr: expect.stringMatching(/^Temporal at .* cannot be reached: /) });
  await ledger.bind({ name: 'other', origin: 'http://other.example.com' });
  const several = await run(['audit', 'run'], ledger.url);
  expect(several).toMatchObject({ code: 2, stderr: expect.stringContaining('dashboard, other') });
});

it('the reference has every equation of the balance, and no other', async () => {
  const { stdout } = await run(['balance', '--json']);
  const { equations } = JSON.parse(stdout) as { equations: { name: string; claim: string }[] };
  const page = readFileSync('docs/reference/cli.md', 'utf8').split('## The equations of `balance`')[1] ?? '';
  const rows = [...page.matchAll(/^\| (?!Equation|---)(.+) \| (.+) \|$/gm)].map(([, name, claim]) => ({ name, claim }));
  expect(rows).toEqual(equations.map(({ name, claim }) => ({ name, claim })));
});

it.each(['export messages', 'balance'])('%s ends in silence when nobody reads on', async (verb) => {
  const ledger = await testLedger();
  await ledger.bind();
  await ledger.list([incomingThread('t1')]);
  await ledger.read('t1', [incomingMessage('m1'), incomingMessage('m2')]);
  const command = `{ "${process.execPath}" "${CLI}" ${verb}; echo "code $?" >&2; } | true`;
  const env = cleanEnvironment({ WAYBILL_DATABASE_URL: ledger.url });
  const child = spawn('/bin/sh', ['-c', command], { cwd: tmpdir(), env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child, 'close');
  expect(said).toBe('code 0\n');
});
