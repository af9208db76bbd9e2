import { expect, it, onTestFinished } from 'vitest';
import { jsonAnswer } from '../support/gateway.js';
import { type Rig, type RigOptions, startRig } from '../support/rig.js';

/** Law 8: the rate is held by the server, and nobody calls while the provider asked for a pause. */

const MINUTES = 60_000;
/** A call can be opened while another process still writes down the answer that forbids it. */
const UNDER_WAY_MS = 400;

async function rigForTest(options: RigOptions): Promise<Rig> {
  const rig = await startRig(options);
  onTestFinished(rig.release);
  return rig;
}

it(
  'no call is opened while a Retry-After runs, and nothing is lost or sent twice by it',
  async () => {
    const rig = await rigForTest({ simulator: { threads: 40, profile: 'observed', seed: 5 } });
    const tooMany = (after: string) => jsonAnswer(429, { error: 'too_many_requests' }, { 'retry-after': after });
    const inTwoSeconds = () => new Date((Math.floor(Date.now() / 1_000) + 3) * 1_000).toUTCString();
    let [reads, posts] = [0, 0];
    rig.gateway.setRule(async ({ method }, forward) => {
      if (method === 'POST') return ++posts === 1 ? tooMany('1') : forward();
      reads += 1;
      if (reads === 10 || reads === 11) return tooMany('2'); // two at once, as parallel calls meet it
      return reads === 45 ? tooMany(inTwoSeconds()) : forward();
    });
    await rig.worker.start();
    const account = await rig.account();
    expect(account).toMatchObject({ missing: 0, answeredTwice: 0, balanced: true });

    const refused = await rig.query<{ finishedAt: Date; pauseMs: number }>`
      SELECT finished_at AS "finishedAt", retry_after_ms::int AS "pauseMs" FROM provider_call WHERE failure = 'SourceRateLimited'`;
    expect(refused).toHaveLength(4);
    for (const { finishedAt, pauseMs } of refused) {
      expect(pauseMs).toBeGreaterThanOrEqual(1_000);
      const from = new Date(finishedAt.getTime() + UNDER_WAY_MS);
      const until = new Date(finishedAt.getTime() + pauseMs);
      const opened = await rig.query`
        SELECT operation, opened_at FROM provider_call WHERE opened_at > ${from} AND opened_at < ${until}`;
      expect(opened).toEqual([]);
    }
    const { replies } = await rig.truth();
    expect(replies).toHaveLength(account.answered);
    expect(account.answered).toBeGreaterThan(0);
  },
  3 * MINUTES,
);

it(
  'the server holds the rate of a source: never about twice it in any second, and close to it on average',
  async () => {
    const rate = 10;
    const rig = await rigForTest({
      simulator: { threads: 110, profile: 'observed', seed: 6 },
      rate,
      env: { WAYBILL_MODE: 'observe' },
    });
    await rig.worker.start();
    await rig.account();
    const rows = await rig.query<{ at: Date }>`
      SELECT opened_at AS at FROM provider_call WHERE operation = 'listMessages' ORDER BY opened_at`;
    const all = (await rig.query<{ at: Date }>`SELECT opened_at AS at FROM provider_call ORDER BY opened_at`).map(
      ({ at }) => at.getTime(),
    );
    const inSecondsFrom = all.map((from) => all.filter((at) => at >= from && at < from + 1_000).length);
    inSecondsFrom.sort((a, b) => a - b);
    expect(inSecondsFrom[Math.floor(0.9 * all.length)]).toBeLessThanOrEqual(2 * rate + 2);
    expect(inSecondsFrom.at(-1)).toBeLessThanOrEqual(3 * rate); // a worker that was held up takes what waits for it at once
    const times = rows.map(({ at }) => at.getTime()).slice(0, 100);
    const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1_000;
    const average = times.length / seconds;
    expect(average).toBeGreaterThan(0.5 * rate);
    expect(average).toBeLessThan(1.3 * rate);
    expect(
      await rig.query`SELECT 1 FROM message WHERE direction = 'inbound' AND disposition NOT IN ('ignored', 'duplicate_of')`,
    ).toEqual([]);
  },
  3 * MINUTES,
);
