import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type BackfillReport, reportBackfill } from '../../src/assurance/backfill/report.js';
import type { BackfillPace } from '../../src/domain/backfill.js';
import type { Timing } from '../../src/domain/timing.js';
import { readBackfill } from '../../src/ledger/backfills.js';
import { assembleRig, QUICK, type Rig, type RigServers } from '../../test/support/assemble-rig.js';
import { beginBackfillOf, DAY_MS } from '../../test/support/backfills.js';
import { eventually } from '../../test/support/eventually.js';
import { freePort } from '../../test/support/free-port.js';
import { type ChainWeight, weighChain } from './chain.js';

const NEVER = 30 * DAY_MS;
const MINUTES = 60_000;

export interface YearOptions {
  threads: number;
  /** Calls per second of the source. */
  rate: number;
  seed: number;
  timing?: Partial<Timing>;
}

/** A worker of the product and a simulated year that its ledger has nothing of; by default nothing but a backfill calls. */
export async function withYear<T>(
  servers: RigServers,
  { threads, rate, seed, timing = {} }: YearOptions,
  work: (rig: Rig) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const rig = await assembleRig(servers, {
    simulator: { threads, days: 365, profile: 'observed', seed, port },
    timing: { ...QUICK, pollEveryMs: NEVER, visitEveryMs: NEVER, auditEveryMs: NEVER, ...timing },
    rate,
    // Without the gateway of the tests in between, which takes as long as the simulator itself.
    env: { WAYBILL_SIMULATOR_URL: `http://127.0.0.1:${port}` },
  });
  try {
    await rig.worker.start([]);
    await rig.query`UPDATE source SET mode = 'observe' WHERE name = 'simulator'`;
    return await work(rig);
  } finally {
    await rig.release();
  }
}

export interface WalkFigures {
  report: BackfillReport;
  chain: ChainWeight;
  seconds: number;
  callsPerSecond: number;
  eventsPerCall: number;
  memory: { second: number; last: number; mib: number[] };
}

/** One backfill from its first call to its end, of the whole year or of its last days, and what it took. */
export async function walkYear(
  rig: Rig,
  pace: BackfillPace,
  { days = 366 }: { days?: number } = {},
): Promise<WalkFigures> {
  const watch = watchMemory(rig);
  const from = new Date(Date.now() - days * DAY_MS);
  const { id, workflowId } = await beginBackfillOf(rig, { pace, from });
  await eventually('the backfill is done', async () => (await readBackfill(rig.db, id)).state === 'done', {
    withinMs: 20 * MINUTES,
  });
  const mib = watch.stop();
  const report = await reportBackfill(rig.db, id, new Date(), rig.timing);
  const chain = await weighChain(rig.client, workflowId);
  const { first, last } = await spanOf(rig, id);
  const seconds = (last - first) / 1_000;
  const quarter = (from: number) =>
    mean(mib.slice(Math.floor((mib.length * from) / 4), Math.floor((mib.length * (from + 1)) / 4)));
  return {
    report,
    chain,
    seconds,
    callsPerSecond: report.calls.all / Math.max(1, seconds),
    eventsPerCall: chain.events / Math.max(1, report.calls.all),
    memory: { second: quarter(1), last: quarter(3), mib },
  };
}

/** The first and the last call of a backfill, ms. */
async function spanOf(rig: Rig, id: string): Promise<{ first: number; last: number }> {
  const [row] = await rig.query<{ first: Date; last: Date }>`
    SELECT min(opened_at) AS first, max(opened_at) AS last FROM provider_call WHERE parameters ->> 'backfill' = ${id}`;
  return { first: row?.first.getTime() ?? 0, last: row?.last.getTime() ?? 0 };
}

/**
 * Share of the queue's rate that all calls of the source used between two instants of a walk; null where an answer was a 429, after
 * which the pacer sets another rate.
 */
export async function shareUsed(rig: Rig, id: string, rate: number): Promise<number | null> {
  const { first, last } = await spanOf(rig, id);
  const [row] = await rig.query<{ made: number; refused: number }>`
    SELECT count(*)::int AS made, (count(*) FILTER (WHERE failure = 'SourceRateLimited'))::int AS refused FROM provider_call
    WHERE source = 'simulator' AND opened_at >= ${new Date(first)} AND opened_at <= ${new Date(last)}`;
  if (!row || row.refused > 0) return null;
  return row.made / (((last - first) / 1_000) * rate);
}

/** Resident memory of the worker, each second, MiB. */
function watchMemory(rig: Rig): { stop(): number[] } {
  const mib: number[] = [];
  const timer = setInterval(() => {
    const status = readFileSync(`/proc/${rig.worker.pid()}/status`, 'utf8');
    mib.push(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1_024);
  }, 1_000);
  return {
    stop() {
      clearInterval(timer);
      return mib.map((one) => Math.round(one));
    },
  };
}

/** Customers who open a thread every so often, for some time or until told; gives how late each was seen, ms, in order. */
export async function liveTraffic(
  rig: Rig,
  { everyMs, until }: { everyMs: number; until: Promise<unknown> },
): Promise<number[]> {
  const written = new Map<string, number>();
  let over = false;
  void until.finally(() => {
    over = true;
  });
  for (let next = Date.now(); !over; next += everyMs) {
    await pause(Math.max(0, next - Date.now()));
    const at = Date.now();
    const { messageId } = await rig.control('inbound', { from: `customer.${written.size}@example.com` });
    written.set(messageId, at);
  }
  const ids = [...written.keys()];
  const seen = await eventually(
    'what customers wrote is stored',
    async () => {
      const rows = await rig.query<{ id: string; at: Date }>`
        SELECT provider_message_id AS id, first_seen_at AS at FROM message WHERE provider_message_id = ANY (${ids}::text[])`;
      return rows.length === ids.length && rows;
    },
    { withinMs: 5 * MINUTES },
  );
  return seen.map(({ id, at }) => at.getTime() - (written.get(id) ?? 0)).sort((a, b) => a - b);
}

export const p95 = (sorted: readonly number[]): number => sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
