import { setTimeout as pause } from 'node:timers/promises';
import { startApi } from '../../api/server.js';
import { isComplete, remainingSince } from '../../assurance/completion.js';
import { readStatus } from '../../assurance/status.js';
import type { Config } from '../../config/config.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { checkDatabase, type Database, openDatabase } from '../../ledger/database.js';
import { applyMigrations } from '../../ledger/migrate.js';
import { bindSource, demandFullReading, type Source } from '../../ledger/sources.js';
import { createLogger } from '../../telemetry/logger.js';
import { configuredSources } from '../../workers/configured-sources.js';
import { EXIT } from '../exit-codes.js';
import { foldersOf } from '../installation.js';
import { columns, note, print, toJson } from '../output.js';
import { withTemporal } from '../temporal-client.js';
import { type Account, drawAccount, isInOrder } from './account.js';
import { adminTokenPlace, ensureAdminToken } from './admin-token.js';
import { refuseHopelessSource, refuseStoppedSource } from './first-calls.js';
import { createPanel } from './panel.js';
import type { Servers } from './servers.js';
import type { RunningSimulator } from './simulator.js';
import type { Releases, UpOptions } from './up.js';
import type { Supervisor } from './worker-supervisor.js';

export interface Session extends UpOptions {
  /** performance.now() at the start of the command. */
  begun: number;
  /** T: with `once`, everything that the source holds at this instant is taken in. */
  at: Date;
  servers: Servers;
  simulator: RunningSimulator | null;
  worker: Supervisor;
  releases: Releases;
}

/** How often a run with `--once` asks the ledger whether it has ended. */
const LOOK_MS = 250;
/** Submissions of the simulated form for each message on the simulated dashboard. */
const FORM_SHARE = 0.25;

/** The part of `up` after its servers run: schema, source, worker, API, status, and with `--once` the account. */
export async function runSession(session: Session): Promise<number> {
  const { config, once, json, stop, servers, simulator, worker, releases, at } = session;
  await Promise.all([
    applyMigrations({ url: servers.databaseUrl }),
    // The embedded server was started with them.
    config.temporal.embedded ? null : prepareTemporal(config),
  ]);
  const db = openDatabase({ url: servers.databaseUrl });
  releases.ledger = () => db.close();
  await checkDatabase(db, servers.databaseUrl);
  const reachable = simulator ? { WAYBILL_SIMULATOR_URL: simulator.url, WAYBILL_SIMULATOR_TOKEN: simulator.token } : {};
  const source = await bind(db, config, simulator);
  if (once) await demandFullReading(db, source.name, at);
  worker.begin({
    WAYBILL_DATABASE_URL: servers.databaseUrl,
    ...reachable,
    ...writable(session),
    ...sourceFlags(config),
    ...simulator?.parties?.settings,
  });

  const log = createLogger({ subsystem: 'api', level: 'warn', format: config.log.format, destination: 'stderr' });
  const served = simulator?.parties ? session.configWith(simulator.parties.settings) : config;
  const api = await startApi({ config: served, db, clock: systemClock, log });
  releases.api = () => api.close();
  const adminToken = config.database.url === null ? foldersOf(config).adminToken : null;
  if (adminToken) await ensureAdminToken(db, adminToken, systemClock.now());
  const addresses = addressesOf(session, api.url, adminToken);
  if (json || process.stdout.isTTY !== true) note(columns(addresses)); // the panel shows them itself
  await Promise.race([worker.ready, worker.failed, whenAborted(stop)]);
  if (simulator?.parties && !stop.aborted)
    await simulator.setPartyTraffic(config.simulator.trafficPerHour * FORM_SHARE);

  const panel = createPanel(addresses, { json, timing: config.timing });
  const url = config.source.dashboardUrl ?? simulator?.url ?? source.name;
  for (let shownAt = Number.NEGATIVE_INFINITY; !stop.aborted; ) {
    if (performance.now() - shownAt >= config.timing.statusEveryMs) {
      shownAt = performance.now();
      const now = systemClock.now();
      const { mode, name } = source;
      panel.show({
        at: now.toISOString(),
        source: name,
        mode,
        held: null,
        missing: null,
        ...(await readStatus(db, now)),
      });
    }
    if (once && isComplete(await remainingSince(db, source.name, at, config.timing)))
      return finish(session, db, source.name);
    await refuseHopelessSource(db, source.name, url, at);
    if (once) await refuseStoppedSource(db, source.name);
    const rest = pause(once ? LOOK_MS : config.timing.statusEveryMs, undefined, { signal: stop }).catch(
      () => undefined,
    );
    await Promise.race([rest, worker.failed]);
  }
  return once ? EXIT.interrupted : EXIT.ok;
}

const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

async function prepareTemporal(config: Config): Promise<void> {
  const { ensureSearchAttributes } = await import('../../workers/temporal-setup.js');
  await withTemporal(config, ensureSearchAttributes);
}

/** Who writes as a customer to the simulator of this run. With `--once` nobody does: what the source holds is fixed at T. */
function writable({ simulator, once }: Session): Record<string, string> {
  if (!simulator || once) return {};
  return { WAYBILL_INBOUND_SENDER: simulator.url, WAYBILL_INBOUND_SENDER_TOKEN: simulator.controlToken };
}

/** Flags of this command line, for the worker, which reads its environment only. */
function sourceFlags({ source }: Config): Record<string, string | undefined> {
  return {
    WAYBILL_DASHBOARD_URL: source.dashboardUrl ?? undefined,
    WAYBILL_DASHBOARD_TOKEN: source.dashboardToken ?? undefined,
    WAYBILL_MODE: source.mode ?? undefined,
    WAYBILL_ANSWER_FROM: source.answerFrom ?? undefined,
  };
}

async function bind(db: Database, config: Config, simulator: RunningSimulator | null): Promise<Source> {
  const reachable = simulator
    ? { ...config, simulator: { ...config.simulator, url: simulator.url, token: simulator.token } }
    : config;
  const [source] = configuredSources(reachable);
  if (!source) {
    throw new WaybillError(
      'ConfigurationInvalid',
      'No source is configured: set WAYBILL_DASHBOARD_URL and WAYBILL_DASHBOARD_TOKEN.',
    );
  }
  return bindSource(db, source.binding(systemClock.now()));
}

function addressesOf(
  { config, servers, simulator }: Session,
  apiUrl: string,
  adminToken: string | null,
): [string, string][] {
  const namespace = config.temporal.namespace ?? 'default';
  return [
    [
      'Temporal UI',
      servers.temporalUiUrl
        ? `${servers.temporalUiUrl}/namespaces/${namespace}/workflows`
        : 'where your Temporal has it',
    ],
    ['API', `${apiUrl}/readyz`],
    ...(adminToken ? ([['admin token', adminTokenPlace(adminToken)]] as [string, string][]) : []),
    ...(simulator ? ([['simulator', simulator.url]] as [string, string][]) : []),
    ['logs', foldersOf(config).logs],
  ];
}

async function finish({ at, simulator, json, begun }: Session, db: Database, source: string): Promise<number> {
  const seconds = Math.round((performance.now() - begun) / 100) / 10;
  const account = await drawAccount({ db, source, at, now: systemClock.now(), seconds, simulator });
  print(json ? toJson(account) : describe(account));
  return isInOrder(account) ? EXIT.ok : EXIT.finding;
}

const describe = (account: Account): string =>
  columns(
    Object.entries(account).map(([name, value]) => [name, typeof value === 'object' ? toJson(value) : String(value)]),
  );
