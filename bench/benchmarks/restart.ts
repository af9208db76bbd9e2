import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { DEFAULT_TIMING } from '../../src/domain/timing.js';
import { openDatabase } from '../../src/ledger/database.js';
import { ensureSearchAttributes } from '../../src/workers/temporal-setup.js';
import { timingVariables } from '../../test/support/assemble-rig.js';
import { eventually } from '../../test/support/eventually.js';
import { cleanEnvironment, type RunningProcess, startNode } from '../../test/support/worker-process.js';
import { type Bench, goal } from '../report.js';
import { addHistory } from '../support/history.js';
import { type BenchProvider, startProvider } from '../support/provider.js';
import { withServers } from '../support/servers.js';
import { bind, inLanes, messageAt, PER_PAGE, recordThreads, recordVisit, SOURCE } from '../support/world.js';

/** Threads that the provider holds and that are due at each start: ten thousand known messages. */
const DUE_THREADS = 400;
const SIZES = { small: DUE_THREADS, large: 40_000 } as const;
type Size = keyof typeof SIZES;
const STARTS = 7;
const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PEERS = fileURLToPath(new URL('../peers', import.meta.url));
const TICKS_PER_SECOND = 100;

interface Start {
  /** Seconds from the start of the process to its first request. */
  firstCallSecs: number;
  /** CPU seconds until all that was due has been read, start included. */
  cpuSecs: number;
  /** Largest resident memory by then, MiB. */
  memoryMib: number;
}

/** A worker's start with ten thousand and with a million stored messages, and two designs that keep a map of all of them. */
export const bench: Bench = {
  describe: "a worker's start to its first call, with 10 thousand and 1 million stored messages",
  run: ({ say }) =>
    withServers(async (servers) => {
      const now = new Date();
      const provider = await startProvider(DUE_THREADS, now);
      const folder = mkdtempSync(join(tmpdir(), 'waybill-restart-'));
      try {
        const sites = {} as Record<Size, Site>;
        for (const size of ['small', 'large'] as const) {
          say(`filling ${SIZES[size] * PER_PAGE} messages`);
          const [{ url }, temporal] = await Promise.all([servers.database(), servers.namespace()]);
          await fill(url, SIZES[size], provider.url, now);
          await prepareNamespace(temporal);
          sites[size] = { url, env: workerEnvironment(url, temporal, provider.url, folder), folder };
        }
        const starts: Record<Size, Start[]> = { small: [], large: [] };
        // one start of each that is not counted: files and pages that nobody has read yet would favour whoever comes second
        for (let round = 0; round <= STARTS; round++) {
          for (const size of ['small', 'large'] as const) {
            const start = await measureStart(sites[size], provider);
            say(`start ${round} with ${size}: first call after ${start.firstCallSecs.toFixed(2)} s`);
            if (round > 0) starts[size].push(start);
          }
        }
        const peers = await measurePeers(sites, say);
        const small = medians(starts.small);
        const large = medians(starts.large);
        return {
          goals: [
            goal('first call with 1 million stored', large.firstCallSecs, 's', '<= 5'),
            goal('first call with 10 thousand stored', small.firstCallSecs, 's', '<= 5'),
            goal('time, 1 million to 10 thousand', large.firstCallSecs / small.firstCallSecs, 'x', '<= 1.2'),
            goal('memory, 1 million to 10 thousand', large.memoryMib / small.memoryMib, 'x', '<= 1.1'),
          ],
          details: { starts: STARTS, per10ThousandKnown: { small, large }, peers },
        };
      } finally {
        await provider.close();
        rmSync(folder, { recursive: true, force: true });
      }
    }),
};

interface Site {
  url: string;
  env: NodeJS.ProcessEnv;
  folder: string;
}

/** The due threads through the product's own path, the rest as copies of them that are not due. */
async function fill(url: string, threads: number, origin: string, now: Date): Promise<void> {
  const db = openDatabase({ url, maxConnections: 12 });
  try {
    await bind(db, now, origin);
    const ids = await recordThreads(db, { from: 0, to: DUE_THREADS }, now, DEFAULT_TIMING);
    await inLanes(DUE_THREADS, 12, (index) => {
      const messages = Array.from({ length: PER_PAGE }, (_, position) => messageAt(index, position, now));
      return recordVisit(db, ids[index] ?? '', messages, now, DEFAULT_TIMING);
    });
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    if (threads > DUE_THREADS) await addHistory(client, { from: DUE_THREADS, to: threads });
    await client.query('VACUUM ANALYZE');
    await client.end();
  } finally {
    await db.close();
  }
}

async function prepareNamespace({ address, namespace }: { address: string; namespace: string }): Promise<void> {
  const connection = await Connection.connect({ address });
  await ensureSearchAttributes(new Client({ connection, namespace }));
  await connection.close();
}

const workerEnvironment = (
  databaseUrl: string,
  { address, namespace }: { address: string; namespace: string },
  providerUrl: string,
  folder: string,
): NodeJS.ProcessEnv =>
  cleanEnvironment({
    WAYBILL_DATABASE_URL: databaseUrl,
    WAYBILL_DATA_DIR: join(folder, 'data'),
    WAYBILL_LOG_LEVEL: 'warn',
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    WAYBILL_DASHBOARD_URL: providerUrl,
    WAYBILL_DASHBOARD_TOKEN: 'token-of-the-benchmark',
    WAYBILL_SOURCE_RATE: '200',
    ...timingVariables({ drainMs: 1_000 }),
  });

async function measureStart({ url, env, folder }: Site, provider: BenchProvider): Promise<Start> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let worker: RunningProcess | null = null;
  try {
    await client.query(
      `UPDATE thread_due SET due_at = $1 WHERE thread_id IN (SELECT id FROM thread WHERE source = $2 ORDER BY id LIMIT $3)`,
      [new Date(), SOURCE, DUE_THREADS],
    );
    const since = new Date();
    provider.forget();
    const begun = performance.now();
    worker = startNode([CLI, 'worker', '--trigger'], { env, cwd: folder });
    const { pid } = worker;
    const firstAt = await eventually('the first call', () => provider.firstAt(), { withinMs: 60_000 });
    await eventually(
      'what is due has been read',
      async () => {
        const { rows } = await client.query<{ n: number }>(
          `SELECT count(DISTINCT thread_id)::int AS n FROM provider_call
           WHERE operation = 'listMessages' AND opened_at >= $1 AND rows IS NOT NULL`,
          [since],
        );
        return (rows[0]?.n ?? 0) >= DUE_THREADS;
      },
      { withinMs: 120_000 },
    );
    return { firstCallSecs: (firstAt - begun) / 1_000, cpuSecs: cpuOf(pid), memoryMib: peakMemoryOf(pid) };
  } finally {
    worker?.kill('SIGTERM');
    await worker?.ended;
    await client.end();
  }
}

/** User and system time of a process: fields 14 and 15 of proc(5). */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

const peakMemoryOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024;

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const medians = (starts: Start[]): Start => ({
  firstCallSecs: median(starts.map((one) => one.firstCallSecs)),
  cpuSecs: median(starts.map((one) => one.cpuSecs)),
  memoryMib: median(starts.map((one) => one.memoryMib)),
});

/** Seconds and memory until each of the two maps is ready, by size; the SQLite file was filled by a start that is not counted. */
async function measurePeers(sites: Record<Size, Site>, say: (line: string) => void) {
  const found: Record<string, Record<Size, { readySecs: number; memoryMib: number }>> = {};
  for (const peer of ['memory-map', 'sqlite-map']) {
    const bySize = {} as Record<Size, { readySecs: number; memoryMib: number }>;
    for (const size of ['small', 'large'] as const) {
      const args = [sites[size].url, join(sites[size].folder, `${size}.sqlite`)];
      if (peer === 'sqlite-map') await runPeer(peer, args);
      bySize[size] = await runPeer(peer, args);
      say(`${peer} with ${size}: ready after ${bySize[size].readySecs.toFixed(2)} s`);
    }
    found[peer] = bySize;
  }
  return found;
}

async function runPeer(name: string, args: string[]): Promise<{ readySecs: number; memoryMib: number }> {
  const begun = performance.now();
  const child = fork(join(PEERS, `${name}.mjs`), args, { execArgv: [] });
  const closed = once(child, 'exit');
  const early = closed.then(([code]) => {
    throw new Error(`the peer ${name} ended with ${code} before it was ready`);
  });
  await Promise.race([once(child, 'message'), early]);
  const readySecs = (performance.now() - begun) / 1_000;
  const memoryMib = child.pid === undefined ? 0 : peakMemoryOf(child.pid);
  early.catch(() => undefined); // it was ready, so its end is in order
  child.disconnect();
  await closed;
  return { readySecs, memoryMib };
}
