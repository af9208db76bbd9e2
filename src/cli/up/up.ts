import { childEnvironment } from '../../config/child-environment.js';
import type { Config } from '../../config/config.js';
import type { Environment } from '../../config/layers.js';
import { systemClock } from '../../domain/clock.js';
import { floorToSecond } from '../../domain/interval.js';
import { foldersOf } from '../installation.js';
import { stopOrphans } from './child.js';
import { claimDataDir } from './only-one.js';
import { hasOwnWorld } from './parties.js';
import { removeData, startServers } from './servers.js';
import { startSimulator } from './simulator.js';
import { superviseWorker } from './worker-supervisor.js';

export interface UpOptions {
  config: Config;
  /** The configuration of this command line with these settings on top. */
  configWith(settings: Environment): Config;
  once: boolean;
  json: boolean;
  fresh: boolean;
  stop: AbortSignal;
}

/** What has to be stopped when the run ends, in this order: who uses something goes before it. */
const STOPPING_ORDER = ['api', 'worker', 'ledger', 'servers', 'simulator', 'claim'] as const;
export type Releases = Partial<Record<(typeof STOPPING_ORDER)[number], () => Promise<unknown> | void>>;

/**
 * The embedded installation in one process tree: servers, source, worker, API and live status. Gives the exit code. Everything
 * that takes time is begun side by side: the servers, the simulated dashboard, the code of the worker and our own.
 */
export async function up(options: UpOptions): Promise<number> {
  const { config, once } = options;
  const begun = performance.now();
  const releases: Releases = {};
  try {
    releases.claim = claimDataDir(config.dataDir);
    const folders = foldersOf(config);
    if (options.fresh) await removeData(config);
    await stopOrphans(folders.children, 5_000);
    const env = childEnvironment();
    const loading = import('./session.js');
    loading.catch(() => undefined); // awaited below
    const { logs, children } = folders;
    const worker = superviseWorker({ env, logs, children, drainMs: config.timing.drainMs });
    releases.worker = () => worker.stop();
    const started = await Promise.allSettled([
      startServers(config),
      config.source.dashboardUrl === null
        ? startSimulator(config, env, {
            trafficPerHour: once ? 0 : config.simulator.trafficPerHour,
            // With --once what there is is fixed at T: nobody else takes part, and nothing waits for anybody.
            withParties: !once && !hasOwnWorld(config),
          })
        : Promise.resolve(null),
    ] as const);
    const [servers, simulator] = started;
    if (servers.status === 'fulfilled') releases.servers = () => servers.value.stop();
    if (simulator.status === 'fulfilled') releases.simulator = () => simulator.value?.child.stop(5_000);
    if (servers.status === 'rejected') throw servers.reason;
    if (simulator.status === 'rejected') throw simulator.reason;
    if (once) await simulator.value?.setTraffic(0);
    const at = new Date(floorToSecond(systemClock.now().getTime()));
    const { runSession } = await loading;
    return await runSession({
      ...options,
      begun,
      at,
      servers: servers.value,
      simulator: simulator.value,
      worker,
      releases,
    });
  } finally {
    for (const part of STOPPING_ORDER) await releases[part]?.();
  }
}
