import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { ensureSearchAttributes } from '../../src/workers/temporal-setup.js';
import { type RigServers, timingVariables } from '../../test/support/assemble-rig.js';
import { oldThreads, startForeignServer } from '../../test/support/foreign-server.js';
import type { HiddenLimit } from '../../test/support/paced-world.js';
import { cleanEnvironment, workerProcess } from '../../test/support/worker-process.js';

const TOKEN = 'token-of-the-bench';

/** One request as the provider saw it: when it came, and the Retry-After that it was refused with; 0 where it was answered. */
export interface SeenRequest {
  at: number;
  retryAfterMs: number;
}

export interface LimitedSource {
  db: Database;
  requests: SeenRequest[];
}

export interface LimitedOptions {
  limit: HiddenLimit;
  /** Calls per second that the operator allows: more than the provider does. */
  rate: number;
  /** Workers: the first takes every role, the others make calls alone. */
  workers: number;
  threads: number;
}

/** Every thread is due again two seconds after its visit: there is always more to call than may be. */
const ENDLESS = {
  visitEveryMs: 1_000,
  visitMinGapMs: 2_000,
  visitSilenceShare: 0,
  runBudgetMs: 60_000,
  dispatchEveryMs: 30_000,
};

/** Worker processes of the product with endless work at a provider whose limit nobody told them. Stopped when the work has ended. */
export async function withLimitedSource<T>(
  servers: RigServers,
  { limit, rate, workers: count, threads }: LimitedOptions,
  work: (source: LimitedSource) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-pacing-'));
  const releases: (() => Promise<unknown> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const [database, { address, namespace }] = await Promise.all([servers.database(), servers.namespace()]);
    const db = openDatabase({ url: database.url, maxConnections: 2 });
    releases.push(() => db.close());
    const connection = await Connection.connect({ address });
    releases.push(() => connection.close());
    await ensureSearchAttributes(new Client({ connection, namespace }));
    const requests: SeenRequest[] = [];
    const provider = await startForeignServer({
      token: TOKEN,
      threads: oldThreads(threads, Date.now()),
      fault() {
        const at = Date.now();
        const retryAfterMs = limit(at);
        requests.push({ at, retryAfterMs });
        if (retryAfterMs === 0) return null;
        const headers = { 'retry-after': String(retryAfterMs / 1_000) };
        return { status: 429, contentType: 'application/json', body: '{"error":"too_many_requests"}', headers };
      },
    });
    releases.push(() => provider.close());
    const env = cleanEnvironment({
      WAYBILL_DATABASE_URL: database.url,
      WAYBILL_DATA_DIR: join(folder, 'data'),
      WAYBILL_LOG_LEVEL: 'error',
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      WAYBILL_DASHBOARD_URL: provider.url,
      WAYBILL_DASHBOARD_TOKEN: TOKEN,
      WAYBILL_SOURCE_RATE: String(rate),
      ...timingVariables(ENDLESS),
    });
    for (let index = 0; index < count; index++) {
      const worker = workerProcess({ env, cwd: folder });
      releases.push(() => worker.stop());
      await worker.start(index === 0 ? ['--trigger'] : ['--roles', 'source:dashboard']);
    }
    return await work({ db, requests });
  } finally {
    for (const release of releases.reverse()) await release();
  }
}
