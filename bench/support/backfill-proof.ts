import { setTimeout as pause } from 'node:timers/promises';
import { reportBackfill } from '../../src/assurance/backfill/report.js';
import { checkBalance } from '../../src/assurance/balance.js';
import { fillByNaivePoller } from '../../src/demo/naive-ledger.js';
import { readBackfillProgress } from '../../src/ledger/backfill-threads.js';
import { readBackfill } from '../../src/ledger/backfills.js';
import type { Profile } from '../../src/simulator/oddities.js';
import { openWorld } from '../../src/simulator/open-world.js';
import { type SeededRandom, seededRandom } from '../../src/simulator/seeded-random.js';
import type { Truth } from '../../src/simulator/truth.js';
import type { World } from '../../src/simulator/world.js';
import { assembleRig, QUICK, type Rig, type RigServers } from '../../test/support/assemble-rig.js';
import { beginBackfillOf, callsOfBackfill, DAY_MS } from '../../test/support/backfills.js';
import { eventually } from '../../test/support/eventually.js';
import type { ProofServers } from './servers.js';

export interface BackfillProof {
  profile: Profile;
  threads: number;
  seed: number;
  /** SIGKILLs of the worker on the way. */
  kills: number;
  /** With it Temporal and Postgres are restarted too, once each on the way and once while the second backfill is paused. */
  restart: Pick<ProofServers, 'restartTemporal' | 'restartPostgres'> | null;
  /** Calls per second. */
  rate: number;
  say(line: string): void;
}

export interface BackfillAccount {
  profile: Profile;
  /** Messages that the naive intake had, that the provider held, and that the backfill took in. */
  before: number;
  obtainable: number;
  missed: number;
  /** Obtainable when it began, and neither stored nor parked after it. */
  missing: number;
  storedTwice: number;
  residuals: number;
  /** Replies that the provider executed. */
  replies: number;
  /** Months whose figures in the report are not those of the truth. */
  wrongMonths: string[];
  disturbed: string[];
  calls: number;
  seconds: number;
  again: PausedAccount;
}

/** What became of a second backfill that was paused on its way while the worker, and with them the servers, were restarted. */
export interface PausedAccount {
  /** From the instant of the order to the opening of the last call, ms; 0 where none was opened after it. */
  lastCallAfterMs: number;
  /** Calls between the restart and the resumption. */
  callsWhileHeld: number;
  /** Message calls made, to the least number. */
  ratio: number;
  missed: number;
}

const NEVER = 30 * DAY_MS;
const MINUTES = 60_000;

/** A ledger that a naive intake filled, backfilled while whatever can be killed is killed, and the simulator's truth as the judge. */
export async function proveBackfill(servers: RigServers, proof: BackfillProof): Promise<BackfillAccount> {
  const { profile, threads, seed, rate, say } = proof;
  const rig = await assembleRig(servers, {
    simulator: { threads, days: 365, profile, seed },
    timing: {
      ...QUICK,
      pollEveryMs: NEVER,
      visitEveryMs: NEVER,
      auditEveryMs: NEVER,
      backfillCheckMs: 1_000,
      callDeadlineMs: 1_500,
      callTimeoutMs: 3_000,
      retryAfterDefaultMs: 1_000,
    },
    rate,
  });
  try {
    const world = worldOf(rig, proof);
    const anchor = Date.parse(rig.simulator.anchor);
    const origin = 'simulator';
    const held = await fillByNaivePoller({ db: rig.db, world, origin, from: anchor - 365 * DAY_MS, to: anchor });
    // The source answers whatever it may answer: a backfill that records does not make it do so.
    await rig.query`UPDATE source SET mode = 'live', answer_from = '1970-01-01' WHERE name = 'simulator'`;
    say(`${profile}: a naive intake has ${held.takenAt.size} messages`);
    await rig.worker.start([]);
    const begun = new Date();
    const truth = await rig.truth(begun);
    const backfill = await beginBackfillOf(rig, { name: 'first', from: new Date(anchor - 366 * DAY_MS), to: begun });
    const disturbed = await disturb(rig, proof, backfill.id);
    await untilDone(rig, backfill.id);
    const seconds = (Date.now() - begun.getTime()) / 1_000;
    const { months, messages, calls } = await reportBackfill(rig.db, backfill.id, new Date(), rig.timing);
    const again = await pauseOnTheWay(rig, proof, { from: backfill.from, to: begun });
    const truly = monthsOf(world, truth, new Set(held.takenAt.keys()));
    const { equations } = await checkBalance(rig.db);
    return {
      profile,
      before: held.takenAt.size,
      obtainable: truth.obtainable.length,
      missed: messages.missed,
      missing: await countMissing(rig, truth),
      storedTwice: await storedTwice(rig),
      residuals: equations.reduce((sum, one) => sum + one.residuals + Math.abs(one.left - one.right), 0),
      replies: (await rig.truth()).replies.length,
      wrongMonths: differing(
        truly,
        Object.fromEntries(months.map(({ month, shown, known }) => [month, { shown, known }])),
      ),
      disturbed,
      calls: calls.all,
      seconds,
      again,
    };
  } finally {
    await rig.release();
  }
}

/** The simulator's world once more, as it was when it was made. */
function worldOf(rig: Rig, { profile, threads, seed }: BackfillProof): World {
  const made = { token: 'provider', controlToken: 'control', seed, threads, days: 365, profile };
  return openWorld(made, { now: () => new Date(rig.simulator.anchor) }).world;
}

/** Kills and restarts at random moments, spread over the walk. */
async function disturb(rig: Rig, proof: BackfillProof, id: string): Promise<string[]> {
  const { kills, restart, seed, threads, say } = proof;
  const random = seededRandom(seed, 'disturb');
  const acts: { name: string; act(): Promise<void> }[] = Array.from({ length: kills }, () => ({
    name: 'SIGKILL of the worker',
    act: () => killWorker(rig),
  }));
  if (restart) {
    insertAt(random, acts, { name: 'restart of Temporal', act: () => restart.restartTemporal() });
    insertAt(random, acts, { name: 'restart of Postgres', act: () => restart.restartPostgres() });
  }
  const done: string[] = [];
  for (const [index, { name, act }] of acts.entries()) {
    const after = Math.floor(((index + 0.3 + 0.5 * random.next()) * threads * 0.95) / acts.length);
    await eventually(`the moment of a ${name}`, async () => (await callsOfBackfill(rig, id)) >= after, {
      withinMs: 10 * MINUTES,
    });
    say(`${name}, after ${after} calls`);
    await act();
    done.push(`${name} after ${after} calls`);
  }
  return done;
}

const insertAt = <T>(random: SeededRandom, list: T[], one: T): void => {
  list.splice(random.between(0, list.length), 0, one);
};

async function killWorker(rig: Rig): Promise<void> {
  await rig.worker.sigkill();
  await rig.worker.start([]);
}

const untilDone = (rig: Rig, id: string): Promise<boolean> =>
  eventually(
    'the backfill is done',
    async () => {
      const { state } = await readBackfill(rig.db, id);
      if (state === 'running' && !rig.worker.isRunning()) throw new Error(`the worker ended: ${rig.worker.output()}`);
      return state === 'done';
    },
    { withinMs: 15 * MINUTES },
  );

/** A second backfill over what is all ours now: paused on its way, everything restarted, resumed. */
async function pauseOnTheWay(
  rig: Rig,
  { threads, restart, say }: BackfillProof,
  interval: { from: Date; to: Date },
): Promise<PausedAccount> {
  const { id, workflowId } = await beginBackfillOf(rig, { name: 'again', ...interval });
  const handle = rig.client.workflow.getHandle(workflowId);
  await eventually('it is on its way', async () => (await callsOfBackfill(rig, id)) >= threads * 0.4, {
    withinMs: 5 * MINUTES,
  });
  const pausedAt = Date.now();
  await handle.executeUpdate('pause', { args: [{ by: 'the proof' }] });
  say('paused');
  await eventually('what was under way has ended', async () => (await openCalls(rig, id)) === 0);
  await rig.worker.sigkill();
  await restart?.restartTemporal();
  await restart?.restartPostgres();
  await rig.worker.start([]);
  const before = await callsOfBackfill(rig, id);
  // It has looked around again at least twice, and a person's pause holds.
  await eventually('it is held by a person', async () => (await standing(handle)).hold === 'person');
  if (restart) await pause(3 * rig.timing.backfillCheckMs);
  const [last] = await rig.query<{ at: Date }>`
    SELECT max(opened_at) AS at FROM provider_call WHERE parameters ->> 'backfill' = ${id}`;
  const callsWhileHeld = (await callsOfBackfill(rig, id)) - before;
  await handle.executeUpdate('resume', { args: [{ by: 'the proof' }] });
  await untilDone(rig, id);
  const { calls } = await reportBackfill(rig.db, id, new Date(), rig.timing);
  const { messages } = await readBackfillProgress(rig.db, id);
  return {
    lastCallAfterMs: Math.max(0, (last?.at.getTime() ?? 0) - pausedAt),
    callsWhileHeld,
    ratio: calls.ratio.messages ?? -1,
    missed: messages.missed,
  };
}

const standing = (handle: ReturnType<Rig['client']['workflow']['getHandle']>): Promise<{ hold: string | null }> =>
  handle.query('progress');

const openCalls = async (rig: Rig, id: string): Promise<number> =>
  (
    await rig.query<{ n: number }>`
      SELECT count(*)::int AS n FROM provider_call WHERE parameters ->> 'backfill' = ${id} AND finished_at IS NULL`
  )[0]?.n ?? -1;

type Months = Record<string, { shown: number; known: number }>;

/** What the provider held by the month of the stamp that it gives, and what of it the naive intake had. */
function monthsOf(world: World, { at, obtainable }: Truth, held: ReadonlySet<string>): Months {
  const months: Months = {};
  for (const id of obtainable) {
    const stamp = Date.parse(world.visibility.receivedAt(world.message(id), Date.parse(at)));
    const month = new Date(stamp).toISOString().slice(0, 7);
    months[month] ??= { shown: 0, known: 0 };
    months[month].shown += 1;
    months[month].known += held.has(id) ? 1 : 0;
  }
  return months;
}

const differing = (truly: Months, told: Months): string[] =>
  [...new Set([...Object.keys(truly), ...Object.keys(told)])]
    .sort()
    .filter((month) => truly[month]?.shown !== told[month]?.shown || truly[month]?.known !== told[month]?.known)
    .map(
      (month) => `${month}: ${JSON.stringify(told[month] ?? null)}, in truth ${JSON.stringify(truly[month] ?? null)}`,
    );

/** A message that is gone by now cannot be asked for: what was obtainable and still stands has to be ours. */
async function countMissing(rig: Rig, { obtainable }: Truth): Promise<number> {
  const rows = await rig.query<{ id: string }>`
    SELECT id FROM unnest(${obtainable}::text[]) AS row (id)
    WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.source = 'simulator' AND m.provider_message_id = row.id)
      AND NOT EXISTS (SELECT 1 FROM park p WHERE p.source = 'simulator' AND p.kind = 'message' AND p.item = row.id)`;
  return rows.length;
}

async function storedTwice(rig: Rig): Promise<number> {
  const [row] = await rig.query<{ n: number }>`
    SELECT (count(*) - count(DISTINCT (source, provider_message_id)))::int AS n FROM message`;
  return row?.n ?? -1;
}
