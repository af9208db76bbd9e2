import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { isComplete, type Remaining, remainingSince } from '../../src/assurance/completion.js';
import { type Account, drawAccount } from '../../src/cli/up/account.js';
import { timingVariable } from '../../src/config/all-variables.js';
import { systemClock } from '../../src/domain/clock.js';
import { floorToSecond } from '../../src/domain/interval.js';
import { DEFAULT_TIMING, type Timing, type TimingField } from '../../src/domain/timing.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { demandFullReading } from '../../src/ledger/sources.js';
import { type RunningSimulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.js';
import type { MessageTruth, Truth } from '../../src/simulator/truth.js';
import { ensureSearchAttributes } from '../../src/workers/temporal-setup.js';
import { eventually } from './eventually.js';
import { type Gateway, startGateway } from './gateway.js';
import type { TestDatabase, TestNamespace } from './servers.js';
import { cleanEnvironment, type WorkerProcess, workerProcess } from './worker-process.js';

const TOKEN = 'token-of-the-rig';
const CONTROL = 'control-of-the-rig';

/** Periods and waits short enough for a test, and in the same order of size as the defaults. */
export const QUICK: Partial<Timing> = {
  pollEveryMs: 2_000,
  visitEveryMs: 1_000,
  dispatchEveryMs: 1_000,
  runBudgetMs: 10_000,
  settleMs: 1_500,
  turnWaitMs: 200,
  visibleWithinMs: 1_500,
  callTimeoutMs: 4_000,
  callDeadlineMs: 2_500,
  sendTimeoutMs: 6_000,
  sendDeadlineMs: 2_500,
  callRetryInitialMs: 200,
  callRetryMaxMs: 1_000,
  paceEveryMs: 1_000,
  paceCalmMs: 3_000,
  breakerOpenMs: 2_000,
  bodyWait1Ms: 1_000,
  bodyWait2Ms: 1_000,
  bodyWait3Ms: 20_000,
  drainMs: 2_000,
  stickyMs: 1_000,
};

/** Every thread is visited every two seconds, whatever its silence: for small worlds in which something happens. */
export const LIVELY: Partial<Timing> = { ...QUICK, visitMinGapMs: 2_000, visitSilenceShare: 0, listingMinGapMs: 2_000 };

export interface RigOptions {
  simulator?: Partial<SimulatorOptions>;
  timing?: Partial<Timing>;
  /** Variables of the worker beside those of the rig. */
  env?: Record<string, string>;
  /** Calls per second to the simulator. */
  rate?: number;
  /** Whether the worker may write mail as a customer. */
  sender?: boolean;
}

export interface Rig {
  db: Database;
  client: Client;
  simulator: RunningSimulator;
  /** Stands between the worker and the simulator. */
  gateway: Gateway;
  worker: WorkerProcess;
  timing: Timing;
  env: NodeJS.ProcessEnv;
  /** A folder of this rig alone. */
  folder: string;
  control<T = { messageId: string; threadId: string }>(name: string, body: object): Promise<T>;
  truth(at?: Date): Promise<Truth>;
  messageTruths(): Promise<MessageTruth[]>;
  /** Waits for the worker to read everything anew, as `--once` does, and draws the account of that instant. */
  account(withinMs?: number): Promise<Account>;
  /** Rows of a statement over the ledger. */
  query<Row>(parts: TemplateStringsArray, ...values: unknown[]): Promise<Row[]>;
  release(): Promise<void>;
}

export const timingVariables = (timing: Partial<Timing>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(timing).map(([field, value]) => [timingVariable(field as TimingField), String(value)]),
  );

/** Where a rig gets its database and its namespace from: the servers of a test run, or those of a proof. */
export interface RigServers {
  database(): Promise<TestDatabase>;
  namespace(): Promise<TestNamespace>;
}

/** Database, Temporal namespace, simulator and the settings of a worker process; released in reverse order. */
export async function assembleRig(servers: RigServers, options: RigOptions = {}): Promise<Rig> {
  const releases: (() => Promise<unknown> | void)[] = [];
  const release = async () => {
    for (const one of releases.splice(0).reverse()) await one();
  };
  try {
    return await makeRig(servers, options, releases, release);
  } catch (error) {
    await release();
    throw error;
  }
}

async function makeRig(
  servers: RigServers,
  { simulator: given = {}, timing: quick = QUICK, env = {}, rate = 200, sender = false }: RigOptions,
  releases: (() => Promise<unknown> | void)[],
  release: () => Promise<void>,
): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-rig-'));
  releases.push(() => rmSync(folder, { recursive: true, force: true }));
  const [database, { address, namespace }] = await Promise.all([servers.database(), servers.namespace()]);
  releases.push(() => database.drop());
  const db = openDatabase({ url: database.url, maxConnections: 4 });
  releases.push(() => db.close());
  const connection = await Connection.connect({ address });
  releases.push(() => connection.close());
  const client = new Client({ connection, namespace });
  await ensureSearchAttributes(client);
  const options = { threads: 0, rateLimit: 0, ...given, token: TOKEN, controlToken: CONTROL };
  const simulator = await startSimulator(options);
  releases.push(() => simulator.close());
  const gateway = await startGateway(simulator.url);
  releases.push(() => gateway.close());

  const timing: Timing = { ...DEFAULT_TIMING, ...quick };
  const workerEnv = cleanEnvironment({
    WAYBILL_DATABASE_URL: database.url,
    WAYBILL_DATA_DIR: join(folder, 'data'),
    WAYBILL_LOG_LEVEL: 'warn',
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    WAYBILL_SIMULATOR_URL: gateway.url,
    WAYBILL_SIMULATOR_TOKEN: TOKEN,
    WAYBILL_SIMULATOR_RATE: String(rate),
    ...(sender ? { WAYBILL_INBOUND_SENDER: simulator.url, WAYBILL_INBOUND_SENDER_TOKEN: CONTROL } : {}),
    ...timingVariables(quick),
    ...env,
  });
  const worker = workerProcess({ env: workerEnv, cwd: folder });
  releases.push(() => worker.stop());

  const ask = async <T>(path: string, init: RequestInit = {}): Promise<T> => {
    const answer = await fetch(simulator.url + path, { ...init, headers: { authorization: `Bearer ${CONTROL}` } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  return {
    db,
    client,
    simulator,
    gateway,
    worker,
    timing,
    env: workerEnv,
    folder,
    control: (name, body) => ask(`/control/${name}`, { method: 'POST', body: JSON.stringify(body) }),
    truth: (at) => ask(at ? `/truth?at=${at.toISOString()}` : '/truth'),
    messageTruths: async () => (await ask<{ messages: MessageTruth[] }>('/truth/messages')).messages,
    async account(withinMs = 90_000) {
      const begun = performance.now();
      const at = new Date(floorToSecond(systemClock.now().getTime()));
      await demandFullReading(db, 'simulator', at);
      let remaining: Remaining | null = null;
      const isOver = async () => {
        remaining = await remainingSince(db, 'simulator', at, timing);
        return isComplete(remaining);
      };
      await eventually(() => `still open: ${JSON.stringify(remaining)}`, isOver, { withinMs });
      const seconds = (performance.now() - begun) / 1_000;
      const judge = { url: simulator.url, controlToken: CONTROL };
      return drawAccount({ db, source: 'simulator', at, now: systemClock.now(), seconds, simulator: judge });
    },
    query: (parts, ...values) => db.$queryRaw(parts, ...values),
    release,
  };
}
