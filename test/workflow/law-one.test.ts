import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditWorkflowId, INTAKE_QUEUE } from '../../src/domain/identity.js';
import { DEFAULT_TIMING } from '../../src/domain/timing.js';
import { findTemporal } from '../../src/embedded/find-temporal.js';
import { type RunningTemporal, startTemporal } from '../../src/embedded/temporal-server.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { ensureSearchAttributes } from '../../src/workers/temporal-setup.js';
import { eventually } from '../support/eventually.js';
import {
  type ForeignAnswer,
  type ForeignRequest,
  type ForeignServer,
  type ForeignThread,
  type NoHttp,
  startForeignServer,
} from '../support/foreign-server.js';
import { freePort } from '../support/free-port.js';
import { exportHistories, textsIn, wordsFound } from '../support/histories.js';
import { QUICK, timingVariables } from '../support/rig.js';
import { type TestDatabase, testDatabase } from '../support/servers.js';
import { cleanEnvironment, type WorkerProcess, workerProcess } from '../support/worker-process.js';

/**
 * Law 1: no body, address, subject or provider error text passes through Temporal. Words that stand nowhere else are planted in
 * all of them, then looked for in every exported history and in the bytes of Temporal's database.
 */

const MINUTES = 60_000;
const DAY = 86_400_000;
const TOKEN = 'token-of-the-test';
/** Every planted word begins with it: errors quote ten characters of what they could not read. */
const mark = `k${BigInt(`0x${randomBytes(6).toString('hex')}`)
  .toString(36)
  .padStart(8, '0')
  .slice(-8)}`;

const planted = Object.fromEntries(
  [
    ...['body', 'subject', 'sender', 'sendername', 'threadid', 'messageid', 'header'],
    ...['servererror', 'htmlpage', 'cutjson', 'nohttp', 'unreadablerow', 'refusedreply', 'doubtfulreply', 'lostthread'],
  ].map((place) => [place, `${mark}${place}`]),
) as Record<string, string>;
const words = [mark, ...Object.values(planted)];
const word = (place: string): string => planted[place] ?? '';

let folder: string;
let temporal: RunningTemporal;
let database: TestDatabase;
let db: Database;
let connection: Connection;
let client: Client;
let foreign: ForeignServer;
let worker: WorkerProcess;

/** One customer's question, with a planted word wherever a customer's words can stand. */
const threadOf = (name: string, index: number): ForeignThread => ({
  id: `${name}-${word('threadid')}@example.com`,
  subject: `My order ${word('subject')}`,
  createdAt: new Date(Date.now() - (3 + index) * DAY).toISOString(),
  messages: [
    {
      id: `${name}-message-${word('messageid')}@example.com`,
      direction: 'inbound',
      from: { name: word('sendername'), email: `${word('sender')}@example.com` },
      subject: `My order ${word('subject')}`,
      text: `Where is my order WB-100000? ${`${word('body')} `.repeat(40)}`,
      receivedAt: new Date(Date.now() - (3 + index) * DAY).toISOString(),
      headers: { 'x-customer': word('header') },
    },
  ],
});

const NAMES = ['plain', 'troubled', 'proxied', 'cut', 'garbled', 'odd', 'refused', 'doubted', 'lost'];

/** The first two reads of a thread go wrong in its own way, and each error text quotes its planted word. */
function faults(): (request: ForeignRequest) => ForeignAnswer | NoHttp | null {
  const reads = new Map<string, number>();
  return ({ method, path }) => {
    const [name = ''] = (path[2] ?? '').split('-');
    const problem = (status: number, place: string): ForeignAnswer => ({
      status,
      contentType: 'application/json',
      body: JSON.stringify({ error: 'trouble', message: `about ${word(place)}` }),
    });
    if (method === 'POST') {
      if (name === 'refused') return problem(422, 'refusedreply');
      return name === 'doubted' ? problem(500, 'doubtfulreply') : null;
    }
    if (path[3] !== 'messages') return null;
    const before = reads.get(name) ?? 0;
    reads.set(name, before + 1);
    if (name === 'odd') {
      const rows = [
        { id: 7, text: word('unreadablerow') },
        { id: word('unreadablerow'), direction: 'sideways' },
      ];
      return {
        status: 200,
        contentType: 'application/json',
        body: JSON.stringify({ messages: rows, next_cursor: null }),
      };
    }
    if (name === 'lost') return problem(404, 'lostthread');
    if (before >= 2) return null;
    if (name === 'troubled') return problem(500, 'servererror');
    if (name === 'proxied') return { status: 200, contentType: 'text/html', body: `<h1>${word('htmlpage')}</h1>` };
    if (name === 'garbled') return { raw: `${word('nohttp')} is no HTTP\r\n\r\n` };
    // what JSON.parse throws here quotes the text itself
    if (name === 'cut') return { status: 200, contentType: 'application/json', body: `${word('cutjson')} is no JSON` };
    return null;
  };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-law-one-'));
  temporal = await startTemporal({
    executable: findTemporal(process.env.TEMPORAL_CLI_PATH || null),
    dataDir: join(folder, 'temporal'),
    runDir: join(folder, 'temporal'),
    port: await freePort(),
    uiPort: null,
    namespaces: ['default'],
    searchAttributes: {},
    log: () => undefined,
  });
  connection = await Connection.connect({ address: temporal.address });
  client = new Client({ connection });
  await ensureSearchAttributes(client);
  database = await testDatabase();
  db = openDatabase({ url: database.url, maxConnections: 2 });
  foreign = await startForeignServer({ token: TOKEN, threads: NAMES.map(threadOf), fault: faults() });
  const env = cleanEnvironment({
    WAYBILL_DATABASE_URL: database.url,
    WAYBILL_DATA_DIR: join(folder, 'data'),
    WAYBILL_LOG_LEVEL: 'warn',
    WAYBILL_DASHBOARD_URL: foreign.url,
    WAYBILL_DASHBOARD_TOKEN: TOKEN,
    WAYBILL_SOURCE_RATE: '100',
    WAYBILL_MODE: 'live',
    WAYBILL_ANSWER_FROM: '2001-01-01T00:00:00Z',
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: 'default',
    ...timingVariables({ ...QUICK, horizonMs: 60 * DAY }),
  });
  worker = workerProcess({ env, cwd: folder });
  await worker.start();
  let seen: { ended: number; parked: number; gone: number } | undefined;
  const unfinished = () => `not every message that can be read has its ending: ${JSON.stringify(seen)}`;
  await eventually(unfinished, async () => {
    [seen] = await db.$queryRaw<{ ended: number; parked: number; gone: number }[]>`
      SELECT (SELECT count(*)::int FROM message WHERE direction = 'inbound' AND state = 'ended') AS ended,
             (SELECT count(*)::int FROM park WHERE reason = 'unreadable_row') AS parked, (SELECT count(*)::int FROM thread WHERE gone_at IS NOT NULL) AS gone`;
    return seen?.ended === NAMES.length - 2 && seen.parked === 2 && seen.gone === 1;
  });
  await client.workflow.execute('audit', {
    workflowId: auditWorkflowId('dashboard'),
    taskQueue: INTAKE_QUEUE,
    args: [{ source: 'dashboard', timing: { ...DEFAULT_TIMING, ...QUICK } }],
  });
}, 2 * MINUTES);

afterAll(async () => {
  await worker?.stop();
  await foreign?.close();
  await db?.close();
  await database?.drop();
  await connection?.close();
  await temporal?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const temporalFiles = (): Buffer =>
  Buffer.concat(
    ['temporal.db', 'temporal.db-wal']
      .map((name) => join(folder, 'temporal', name))
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file)),
  );

/** The words that Temporal holds, by both searches. */
async function wordsInTemporal(wanted: readonly string[]) {
  const runs = await exportHistories(client);
  const exported = textsIn(runs).join('\n');
  return { runs, inHistories: wordsFound(exported, wanted), inFiles: wordsFound(temporalFiles(), wanted) };
}

/** Runs two workflows that do what is forbidden: one leaks through its argument, one through its failure. */
async function leak(argument: string, failure: string): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const native = await NativeConnection.connect({ address: temporal.address });
  const leaking = await Worker.create({
    connection: native,
    taskQueue: 'leaking',
    workflowsPath: fileURLToPath(new URL('leaking-workflows.ts', import.meta.url)),
  });
  await leaking.runUntil(async () => {
    const start = (type: string, text: string) =>
      client.workflow.execute(type, { workflowId: type, taskQueue: 'leaking', args: [text] });
    await start('leakAsArgument', argument);
    await start('leakAsFailure', failure).catch(() => undefined);
  });
  await native.close();
}

it(
  'nothing that a customer or the provider wrote is in any history or in the bytes of Temporal’s database',
  async () => {
    const held = await db.$queryRaw<{ kind: string; text: string }[]>`
      SELECT 'body' AS kind, row_to_json(b)::text AS text FROM message_body b
      UNION ALL SELECT 'call', row_to_json(c)::text FROM provider_call c
      UNION ALL SELECT 'park', row_to_json(p)::text FROM park p
      UNION ALL SELECT 'failure', row_to_json(f)::text FROM failure f
      UNION ALL SELECT 'message', row_to_json(m)::text FROM message m
      UNION ALL SELECT 'thread', row_to_json(t)::text FROM thread t`;
    const ledger = held.map(({ text }) => text).join('\n');
    const unplanted = words.filter((one) => !ledger.includes(one)).filter((one) => one !== word('nohttp'));
    expect(unplanted).toEqual([]);
    const thrown = held.filter(({ kind }) => kind === 'failure').map(({ text }) => text);
    expect(thrown.some((text) => text.includes(mark) && text.includes('SyntaxError'))).toBe(true);
    expect(thrown.some((text) => text.includes('no HTTP'))).toBe(true);

    const { runs, inHistories, inFiles } = await wordsInTemporal(words);
    expect([...new Set(runs.map((run) => run.type))]).toEqual(
      expect.arrayContaining(['audit', 'dispatch', 'messageLifecycle', 'pollWindow', 'visitRound', 'witness']),
    );
    expect(runs.some((run) => textsIn(run.history).some((text) => text.includes('SourceAnswerUnreadable')))).toBe(true);
    expect(inHistories).toEqual([]);
    expect(inFiles).toEqual([]);
    expect(wordsFound(worker.output(), words)).toEqual([]);
  },
  2 * MINUTES,
);

it(
  'both searches find what a workflow leaks through its argument and through its failure',
  async () => {
    const [argument, failure] = [`leak${mark}argument`, `leak${mark}failure`];
    await leak(argument, failure.split('').reverse().join(''));
    const { inHistories, inFiles } = await wordsInTemporal([argument, failure]);
    expect(inHistories.sort()).toEqual([argument, failure]);
    expect(inFiles.sort()).toEqual([argument, failure]);
  },
  2 * MINUTES,
);
