import { checkBalance } from '../../src/assurance/balance.js';
import type { WindowAccount } from '../../src/ledger/windows.js';
import { seededRandom } from '../../src/simulator/seeded-random.js';
import { assembleRig, QUICK, type Rig } from '../../test/support/assemble-rig.js';
import { eventually } from '../../test/support/eventually.js';
import { type BenchContext, type BenchResult, goal } from '../report.js';
import { withServers } from './servers.js';

export interface IntakeProof {
  threads: number;
  trafficPerHour: number;
  /** SIGKILLs of the worker, each after a random number of further calls. */
  kills: number;
  /** Messages of the live traffic that have to be stored before it is stopped. */
  liveMessages: number;
}

const MINUTES = 60_000;
const HOUR_MS = 3_600_000;

/** A faulty provider with live traffic, a worker that may be killed, and the simulator's truth as the judge. */
export const proveIntake = (proof: IntakeProof, { seed, say }: BenchContext): Promise<BenchResult> =>
  withServers(async (servers) => {
    const rig = await assembleRig(servers, {
      simulator: {
        threads: proof.threads,
        profile: 'faulty',
        seed,
        trafficPerHour: proof.trafficPerHour,
      },
      // a faulty answer takes one attempt more; what hangs is given up after a second, not after ten
      timing: { ...QUICK, callDeadlineMs: 1_500, callTimeoutMs: 3_000, retryAfterDefaultMs: 1_000 },
      rate: 100,
    });
    try {
      await rig.worker.start();
      const begun = new Date();
      await kill(rig, proof.kills, seed, say);
      say(`waiting for ${proof.liveMessages} messages of the live traffic`);
      await eventually(
        () => 'live messages are stored',
        async () => (await liveStored(rig, begun)) >= proof.liveMessages,
        {
          withinMs: 15 * MINUTES,
        },
      );
      await rig.control('traffic', { perHour: 0 });
      say('traffic stopped; waiting until everything has been read anew');
      const account = await rig.account(20 * MINUTES);
      const balance = await checkBalance(rig.db);
      return {
        goals: [
          goal('obtainable and missing', account.missing ?? -1, 'messages', '= 0'),
          goal('stored twice', await storedTwice(rig), 'messages', '= 0'),
          goal('answered twice', account.answeredTwice ?? -1, 'messages', '= 0'),
          goal('residual ids of the balance', residualsOf(balance), 'ids', '= 0'),
          goal('windows neither balanced nor open with a named gap', await silentWindows(rig), 'windows', '= 0'),
        ],
        details: { ...proof, account, calls: await callsByOutcome(rig) },
      };
    } finally {
      await rig.release();
    }
  });

async function kill(rig: Rig, kills: number, seed: number, say: (line: string) => void): Promise<void> {
  const random = seededRandom(seed, 'kills');
  for (let done = 1; done <= kills; done++) {
    const from = await callsMade(rig);
    const after = random.between(5, 150);
    await eventually('the moment of the kill', async () => (await callsMade(rig)) >= from + after, {
      withinMs: 5 * MINUTES,
    });
    say(`kill ${done} of ${kills}, after ${from + after} calls`);
    await rig.worker.sigkill();
    await rig.worker.start();
  }
}

const callsMade = async (rig: Rig): Promise<number> =>
  (await rig.query<{ n: number }>`SELECT count(*)::int AS n FROM provider_call`)[0]?.n ?? 0;

const liveStored = async (rig: Rig, since: Date): Promise<number> =>
  (
    await rig.query<{ n: number }>`
      SELECT count(*)::int AS n FROM message m JOIN thread t ON t.id = m.thread_id
      WHERE m.direction = 'inbound' AND (m.origin_at >= ${since} OR t.created_at >= ${new Date(since.getTime() - HOUR_MS)})`
  )[0]?.n ?? 0;

/** By id, and by the calls' own count of what they stored. */
async function storedTwice(rig: Rig): Promise<number> {
  const [row] = await rig.query<{ rows: number; ids: number; counted: number }>`
    SELECT count(*)::int AS rows, count(DISTINCT (source, provider_message_id))::int AS ids,
           (SELECT COALESCE(sum(stored), 0)::int FROM provider_call WHERE operation IN ('listMessages', 'postReply')) AS counted
    FROM message`;
  return row ? row.rows - row.ids + Math.abs(row.counted - row.rows) : -1;
}

const residualsOf = ({ equations }: Awaited<ReturnType<typeof checkBalance>>): number =>
  equations.reduce((sum, one) => sum + one.residuals + Math.abs(one.left - one.right), 0);

async function silentWindows(rig: Rig): Promise<number> {
  const rows = await rig.query<{ outcome: string | null; account: WindowAccount | null }>`
    SELECT outcome, account FROM poll_window w
    WHERE EXISTS (SELECT 1 FROM poll_window later WHERE later.opened_at > w.opened_at)`;
  return rows.filter(({ outcome, account }) => outcome !== 'balanced' && (account?.gaps.length ?? 0) === 0).length;
}

const callsByOutcome = async (rig: Rig): Promise<Record<string, number>> =>
  Object.fromEntries(
    (
      await rig.query<{ outcome: string; n: number }>`
        SELECT operation || ' ' || COALESCE(failure, CASE WHEN finished_at IS NULL THEN 'unfinished' ELSE 'good' END) AS outcome,
               count(*)::int AS n FROM provider_call GROUP BY 1 ORDER BY 1`
    ).map(({ outcome, n }) => [outcome, n]),
  );
