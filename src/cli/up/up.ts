import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { startApi } from '../../api/server.js';
import { isComplete, remainingSince } from '../../assurance/completion.js';
import { readStatus } from '../../assurance/status.js';
import { childEnvironment } from '../../config/child-environment.js';
import type { Config } from '../../config/config.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { floorToSecond } from '../../domain/interval.js';
import { checkDatabase, type Database, openDatabase } from '../../ledger/database.js';
import { applyMigrations } from '../../ledger/migrate.js';
import { bindSource, demandFullReading, readSource } from '../../ledger/sources.js';
import { createLogger } from '../../telemetry/logger.js';
import { type ConfiguredSource, configuredSources } from '../../workers/configured-sources.js';
import { EXIT } from '../exit-codes.js';
import { foldersOf } from '../installation.js';
import { columns, note, print, toJson } from '../output.js';
import { withTemporal } from '../temporal-client.js';
import { type Account, drawAccount, isInOrder } from './account.js';
import { type Child, startChild, stopOrphans } from './child.js';
import { refuseHopelessSource } from './first-calls.js';
import { claimDataDir } from './only-one.js';
import { createPanel } from './panel.js';
import { removeData, startServers } from './servers.js';
import { type RunningSimulator, startSimulator } from './simulator.js';

export interface UpOptions {
  config: Config;
  once: boolean;
  json: boolean;
  fresh: boolean;
  stop: AbortSignal;
}

const CLI = fileURLToPath(new URL('../main.js', import.meta.url));
/** How often a run with `--once` asks the ledger whether it has ended. */
const LOOK_MS = 250;
/** A worker that ends so often in a row is not started again. */
const MOST_RESTARTS = 5;

/** The embedded installation in one process tree: servers, source, worker, API and live status. Gives the exit code. */
export async function up(options: UpOptions): Promise<number> {
  const { config } = options;
  const begun = performance.now();
  const releases: (() => Promise<unknown> | void)[] = [];
  try {
    releases.push(claimDataDir(config.dataDir));
    if (options.fresh) await removeData(config);
    await stopOrphans(foldersOf(config).children, 5_000);
    return await run(options, begun, releases);
  } finally {
    for (const release of releases.reverse()) await release();
  }
}

async function run(options: UpOptions, begun: number, releases: (() => Promise<unknown> | void)[]): Promise<number> {
  const { config, once, json, stop } = options;
  const env = childEnvironment();
  const simulated = config.source.dashboardUrl === null;
  const [servers, simulator] = await startSideBySide(config, env, simulated, once ? 0 : config.simulator.trafficPerHour, releases);
  if (once) await simulator?.setTraffic(0);

  const forWorker: NodeJS.ProcessEnv = {
    ...env,
    WAYBILL_DATABASE_URL: servers.databaseUrl,
    ...(simulator ? { WAYBILL_SIMULATOR_URL: simulator.url, WAYBILL_SIMULATOR_TOKEN: simulator.token } : {}),
  };
  await Promise.all([applyMigrations({ url: servers.databaseUrl }), prepareTemporal(config)]);
  const db = openDatabase({ url: servers.databaseUrl });
  releases.push(() => db.close());
  await checkDatabase(db, servers.databaseUrl);

  const at = new Date(floorToSecond(systemClock.now().getTime()));
  const source = await bind(db, config, simulator);
  if (once) await demandFullReading(db, source.name, at);

  const folders = foldersOf(config);
  const supervised = superviseWorker(forWorker, folders.logs, folders.children, config.timing.drainMs);
  releases.push(() => supervised.stop());
  const log = createLogger({ subsystem: 'api', level: 'warn', format: config.log.format, destination: 'stderr' });
  const api = await startApi({ config, db, log });
  releases.push(() => api.close());

  const addresses: [string, string][] = [
    ['Temporal UI', servers.temporalUiUrl ? `${servers.temporalUiUrl}/namespaces/${config.temporal.namespace ?? 'default'}/workflows` : 'where your Temporal has it'],
    ['API', `${api.url}/readyz`],
    ...(simulator ? ([['simulator', simulator.url]] as [string, string][]) : []),
    ['logs', folders.logs],
  ];
  (json || process.stdout.isTTY !== true ? note : print)(columns(addresses));
  await Promise.race([supervised.ready, supervised.failed]);

  const panel = createPanel(addresses, { json });
  const { mode } = await readSource(db, source.name);
  const url = config.source.dashboardUrl ?? simulator?.url ?? source.name;
  for (let shownAt = Number.NEGATIVE_INFINITY; !stop.aborted; ) {
    if (performance.now() - shownAt >= config.timing.statusEveryMs) {
      shownAt = performance.now();
      const now = systemClock.now();
      panel.show({ at: now.toISOString(), source: source.name, mode, held: null, missing: null, ...(await readStatus(db, now)) });
    }
    if (once && isComplete(await remainingSince(db, source.name, at, config.timing))) {
      return await finish({ db, source: source.name, at, simulator, json, begun });
    }
    await refuseHopelessSource(db, source.name, url, at);
    await Promise.race([pause(once ? LOOK_MS : config.timing.statusEveryMs, undefined, { signal: stop }).catch(() => undefined), supervised.failed]);
  }
  return once ? EXIT.interrupted : EXIT.ok;
}

async function startSideBySide(
  config: Config,
  env: NodeJS.ProcessEnv,
  simulated: boolean,
  trafficPerHour: number,
  releases: (() => Promise<unknown> | void)[],
) {
  const started = await Promise.allSettled([
    startServers(config),
    simulated ? startSimulator(config, env, trafficPerHour) : Promise.resolve(null),
  ] as const);
  const [servers, simulator] = started;
  if (servers.status === 'fulfilled') releases.push(() => servers.value.stop());
  if (simulator.status === 'fulfilled' && simulator.value) releases.push(() => simulator.value?.child.stop(5_000));
  if (servers.status === 'rejected') throw servers.reason;
  if (simulator.status === 'rejected') throw simulator.reason;
  return [servers.value, simulator.value] as const;
}

async function prepareTemporal(config: Config): Promise<void> {
  const { ensureSearchAttributes } = await import('../../workers/temporal-setup.js');
  await withTemporal(config, ensureSearchAttributes);
}

async function bind(db: Database, config: Config, simulator: RunningSimulator | null): Promise<ConfiguredSource> {
  const reachable = simulator
    ? { ...config, simulator: { ...config.simulator, url: simulator.url, token: simulator.token } }
    : config;
  const [source] = configuredSources(reachable);
  if (!source) throw new WaybillError('ConfigurationInvalid', 'No source is configured: set WAYBILL_DASHBOARD_URL and WAYBILL_DASHBOARD_TOKEN.');
  await bindSource(db, source.binding(systemClock.now()));
  return source;
}

/** Keeps one worker running: after a crash it is started again, a little later each time. */
function superviseWorker(env: NodeJS.ProcessEnv, logs: string, children: string, drainMs: number) {
  let stopping = false;
  let child: Child;
  let fail: (error: Error) => void = () => {};
  let markReady: (value: unknown) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined); // raced wherever somebody waits
  const ready = new Promise<unknown>((resolve) => {
    markReady = resolve;
  });
  const start = (restarts: number): void => {
    child = startChild({
      module: CLI,
      args: ['worker', '--trigger'],
      env,
      logFile: join(logs, 'worker.log'),
      identityFile: join(children, 'worker.json'),
    });
    let wasReady = false;
    child.ready.then(
      () => {
        wasReady = true;
        markReady(undefined);
      },
      (error: unknown) => {
        if (stopping || wasReady) return;
        if (restarts >= MOST_RESTARTS || restarts === 0) {
          fail(new WaybillError('PrerequisiteMissing', `The worker did not start: ${error instanceof Error ? error.message : String(error)}`));
        }
      },
    );
    void child.ended.then(async (code) => {
      if (stopping || (!wasReady && restarts === 0)) return;
      note(`The worker ended (${code === null ? 'by a signal' : `exit code ${code}`}); it is started again.`);
      await pause(wasReady ? 200 : 1_000 * restarts);
      if (!stopping) start(wasReady ? 1 : restarts + 1);
    });
  };
  start(0);
  return {
    ready,
    failed,
    async stop() {
      stopping = true;
      await child.stop(drainMs + 5_000);
    },
  };
}

interface Ending {
  db: Database;
  source: string;
  at: Date;
  simulator: RunningSimulator | null;
  json: boolean;
  begun: number;
}

async function finish({ db, source, at, simulator, json, begun }: Ending): Promise<number> {
  const seconds = Math.round((performance.now() - begun) / 100) / 10;
  const account = await drawAccount({ db, source, at, now: systemClock.now(), seconds, simulator });
  if (json) print(toJson(account));
  else print(describe(account));
  return isInOrder(account) ? EXIT.ok : EXIT.finding;
}

const describe = (account: Account): string =>
  columns(Object.entries(account).map(([name, value]) => [name, typeof value === 'object' ? toJson(value) : String(value)]));
