import { availableParallelism, loadavg } from 'node:os';
import { afterAll, beforeAll, beforeEach, expect, it, onTestFailed } from 'vitest';
import { eventually } from '../support/eventually.js';
import type { RunningProcess } from '../support/worker-process.js';
import { type Installation, makeInstallation } from './installation.js';

/** Stopping and starting a running `waybill up`: a restart costs nothing (law 6). */

const MINUTES = 60_000;
const WORLD = {
  WAYBILL_SIMULATOR_THREADS: '40',
  WAYBILL_TIMING_STATUS_EVERY_MS: '500',
  // Visitors come at once at a start, and the last run waits until what they wrote has settled.
  WAYBILL_TIMING_SETTLE_MS: '500',
};
const CALL_TIMEOUT_MS = 15_000;
const START_MS = 5_000;
/** A start that shares the machine with other tests may be slow once, never three times. */
const STARTS = 3;

/** Five seconds are meant for a machine that does nothing else: where more wants to run than it has cores, each gets its share. */
const startLimitMs = (): number => START_MS * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());

interface StatusLine {
  stored: number;
  calls: { made: number };
}

let here: Installation;

beforeAll(async () => {
  here = await makeInstallation();
});
beforeEach(() =>
  onTestFailed(() => {
    process.stderr.write(`${here.story()}\n`);
  }),
);
afterAll(() => here?.release(), MINUTES);

const lastStatus = (up: RunningProcess): StatusLine | null => {
  const line = up.output().stdout.trim().split('\n').at(-1) ?? '';
  return line.startsWith('{') && line.endsWith('}') ? (JSON.parse(line) as StatusLine) : null;
};

function startUp(): { up: RunningProcess; at: Date } {
  const at = new Date();
  const up = here.start(['up', '--json'], WORLD);
  return { up, at };
}

/** Milliseconds from the command to its first call to the provider, read from the ledger beside the product. */
async function firstCallAfter({ up, at }: { up: RunningProcess; at: Date }): Promise<number> {
  const toldOfCalls = eventually('the status tells of calls', () => (lastStatus(up)?.calls.made ?? 0) > 0, {
    withinMs: MINUTES,
  });
  await Promise.race([
    toldOfCalls,
    up.ended.then((ended) => expect.fail(`the start ended with ${ended.code}: ${ended.stderr}`)),
  ]);
  return here.withLedger(async (db) => {
    const call = await eventually('a call of this start', async () => {
      const [first] = await db.$queryRaw<{ openedAt: Date | null }[]>`
        SELECT min(opened_at) AS "openedAt" FROM provider_call WHERE opened_at >= ${at}`;
      return first?.openedAt;
    });
    return call.getTime() - at.getTime();
  });
}

async function interrupt(up: RunningProcess): Promise<void> {
  const known = here.processes();
  expect(known.length).toBeGreaterThanOrEqual(5); // the command, Postgres, Temporal, simulator and worker
  up.kill('SIGINT');
  expect(await up.ended).toMatchObject({ code: 0 });
  expect(await here.leftovers(known)).toEqual([]);
}

it(
  'Ctrl-C leaves nothing running, and the next start reaches its first call within five seconds',
  async () => {
    const first = startUp();
    await eventually('messages are stored', () => (lastStatus(first.up)?.stored ?? 0) > 50, { withinMs: MINUTES });
    await interrupt(first.up);
    const took: number[] = [];
    let limit = START_MS;
    while (took.length < STARTS && !took.some((ms) => ms <= limit)) {
      const next = startUp();
      took.push(await firstCallAfter(next));
      limit = startLimitMs();
      await interrupt(next.up);
    }
    expect(Math.min(...took)).toBeLessThanOrEqual(limit);
  },
  4 * MINUTES,
);

it(
  'after a kill the next start stops or adopts what was left, calls again within the call timeout, and stores nothing twice',
  async () => {
    const first = startUp();
    await firstCallAfter(first);
    const known = here.processes();
    first.up.kill('SIGKILL');
    await first.up.ended;
    const next = startUp();
    expect(await firstCallAfter(next)).toBeLessThanOrEqual(CALL_TIMEOUT_MS + START_MS);
    await interrupt(next.up);
    expect(await here.leftovers(known)).toEqual([]);
    const ended = await here.run(['up', '--once', '--json'], WORLD);
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout).toContain('"missing":0,"answeredTwice":0,"balanced":true');
  },
  4 * MINUTES,
);
