import { expect, it, onTestFinished } from 'vitest';
import { checkBalance } from '../../src/assurance/balance.js';
import { seededRandom } from '../../src/simulator/seeded-random.js';
import { eventually } from '../support/eventually.js';
import { startRig } from '../support/rig.js';

const MINUTES = 60_000;
const SEED = 20_261;

it(
  'a worker that is killed three times in the middle of intake and sending loses nothing and answers nothing twice',
  async () => {
    const rig = await startRig({ simulator: { threads: 60, profile: 'observed', seed: 9 }, rate: 60 });
    onTestFinished(rig.release);
    const random = seededRandom(SEED, 'kills');
    const made = async () => {
      const [row] = await rig.query<{ calls: number; replies: number }>`
        SELECT count(*)::int AS calls, count(*) FILTER (WHERE operation = 'postReply')::int AS replies FROM provider_call`;
      return row ?? { calls: 0, replies: 0 };
    };
    await rig.worker.start();
    const [early, later, sent] = [random.between(10, 25), random.between(40, 60), random.between(2, 4)];
    const moments: ((now: Awaited<ReturnType<typeof made>>) => boolean)[] = [
      ({ calls }) => calls >= early,
      ({ calls }) => calls >= later,
      ({ replies }) => replies >= sent,
    ];
    for (const isMoment of moments) {
      await eventually('the moment of the kill', async () => isMoment(await made()), { withinMs: 60_000 });
      await rig.worker.sigkill();
      await rig.worker.start();
    }
    const account = await rig.account(150_000);
    expect(account).toMatchObject({ missing: 0, answeredTwice: 0, balanced: true, waiting: 0 });
    expect((await checkBalance(rig.db)).equations.filter(({ residuals }) => residuals > 0)).toEqual([]);
    const { replies } = await rig.truth();
    const ours = replies.flatMap(({ clientRef }) => (clientRef === null ? [] : [clientRef]));
    expect(new Set(ours).size).toBe(ours.length);
    expect(account.answered).toBe(ours.length);
    expect(account.answered).toBeGreaterThan(0);

    // What a killed worker had in hand is not without an end for ever: the pacer names it, once the longest attempt is over.
    const before = new Date();
    await eventually('every call of before has its end', async () => {
      const open = await rig.query`SELECT 1 FROM provider_call WHERE finished_at IS NULL AND opened_at < ${before}`;
      return open.length === 0;
    });
    const abandoned = await rig.query<{ told: boolean }>`
      SELECT EXISTS (SELECT 1 FROM failure WHERE call_id = provider_call.id) AS told FROM provider_call
      WHERE failure = 'CallAbandoned'`;
    expect(abandoned.every(({ told }) => told)).toBe(true);
  },
  4 * MINUTES,
);
