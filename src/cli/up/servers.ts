import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.js';
import { findTemporal } from '../../embedded/find-temporal.js';
import { haltPostgres, startPostgres } from '../../embedded/postgres.js';
import { haltTemporal, startTemporal } from '../../embedded/temporal-server.js';
import { foldersOf } from '../installation.js';
import { note } from '../output.js';
import { stopOrphans } from './child.js';

export interface Servers {
  databaseUrl: string;
  temporalAddress: string | null;
  temporalUiUrl: string | null;
  stop(): Promise<void>;
}

/** Removes all data of the embedded installation, after its servers have been stopped. */
export async function removeData(config: Config): Promise<void> {
  const folders = foldersOf(config);
  await stopOrphans(folders.children, 5_000);
  await haltTemporal(folders.temporal);
  await haltPostgres({ dataDir: folders.postgres, log: note });
  for (const folder of [folders.postgres, folders.temporal, folders.simulator, folders.logs, folders.adminToken]) {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts what is embedded, side by side; what is configured elsewhere is used as it is. */
export async function startServers(config: Config): Promise<Servers> {
  const folders = foldersOf(config);
  const started = await Promise.allSettled([
    config.database.url === null
      ? startPostgres({ dataDir: folders.postgres, port: config.database.port, log: note })
      : Promise.resolve({ url: config.database.url, stop: async () => {} }),
    config.temporal.embedded ? startEmbeddedTemporal(config, folders.temporal) : Promise.resolve(null),
  ]);
  const [postgres, temporal] = started;
  if (postgres.status === 'rejected' || temporal.status === 'rejected') {
    for (const one of started) if (one.status === 'fulfilled') await one.value?.stop();
    throw postgres.status === 'rejected' ? postgres.reason : (temporal as PromiseRejectedResult).reason;
  }
  return {
    databaseUrl: postgres.value.url,
    temporalAddress: temporal.value?.address ?? null,
    temporalUiUrl: temporal.value?.uiUrl ?? null,
    async stop() {
      await temporal.value?.stop();
      await postgres.value.stop();
    },
  };
}

const startEmbeddedTemporal = (config: Config, folder: string) =>
  startTemporal({
    executable: findTemporal(config.temporal.cliPath),
    dataDir: folder,
    runDir: join(folder),
    port: config.temporal.port,
    uiPort: config.temporal.uiPort,
    namespaces: [config.temporal.namespace ?? 'default'],
    searchAttributes: Object.fromEntries(
      Object.values(SEARCH_ATTRIBUTES).map(({ name }) => [name, 'Keyword' as const]),
    ),
    log: note,
  });
