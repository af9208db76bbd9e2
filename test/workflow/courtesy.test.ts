import { expect, it, onTestFinished } from 'vitest';
import { readQueueRate, setQueueRate } from '../../src/activities/queue-rate.js';
import { pacerWorkflowId } from '../../src/domain/identity.js';
import { bindSource } from '../../src/ledger/sources.js';
import { wakePacer } from '../../src/workers/temporal-setup.js';
import { eventually } from '../support/eventually.js';
import { jsonAnswer } from '../support/gateway.js';
import { type Rig, type RigOptions, startRig } from '../support/rig.js';

/** Law 8: the rate is held by the server, and nobody calls while the provider asked for a pause. */

const MINUTES = 60_000;
/** A request that has left cannot be called back; this long one may be on its way between two processes of this machine. */
const UNDER_WAY_MS = 250;

async function rigForTest(options: RigOptions): Promise<Rig> {
  const rig = await startRig(options);
  onTestFinished(rig.release);
  return rig;
}

const queueOf = (rig: Rig) =>
  rig.query<{ queueRate: number; rate: number; reason: string; refusedRate: number | null }>`
    SELECT queue_rate AS "queueRate", rate, reason, refused_rate AS "refusedRate" FROM pacer WHERE source = 'simulator'`;

it(
  'no call is opened while a Retry-After runs, every request has its row, and nothing is lost or sent twice by it [loss case 12]',
  async () => {
    const rig = await rigForTest({ simulator: { threads: 40, profile: 'observed', seed: 5 } });
    const tooMany = (after: string) => jsonAnswer(429, { error: 'too_many_requests' }, { 'retry-after': after });
    const inTwoSeconds = () => new Date((Math.floor(Date.now() / 1_000) + 3) * 1_000).toUTCString();
    let [reads, posts] = [0, 0];
    const arrivals: number[] = [];
    const pauses: { from: number; until: number }[] = [];
    rig.gateway.setRule(async ({ method }, forward) => {
      arrivals.push(Date.now());
      const refuse = (after: string) => {
        pauses.push({ from: Date.now() + UNDER_WAY_MS, until: Date.now() + Number(after) * 1_000 });
        return tooMany(after);
      };
      if (method === 'POST') return ++posts === 1 ? refuse('1') : forward();
      reads += 1;
      if (reads === 10 || reads === 11) return refuse('2'); // two at once, as parallel calls meet it
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
      // The pause began with the head of the answer, before the row was closed, and ends by so much before this.
      const until = new Date(finishedAt.getTime() + pauseMs - UNDER_WAY_MS);
      const opened = await rig.query`
        SELECT operation, opened_at FROM provider_call WHERE opened_at > ${finishedAt} AND opened_at < ${until}`;
      expect(opened).toEqual([]);
    }
    expect(pauses).toHaveLength(3);
    for (const { from, until } of pauses) expect(arrivals.filter((at) => at > from && at < until)).toEqual([]);
    const { replies } = await rig.truth();
    expect(replies).toHaveLength(account.answered);
    expect(account.answered).toBeGreaterThan(0);
    expect(await queueOf(rig)).toMatchObject([{ refusedRate: expect.any(Number) }]);

    await rig.worker.stop();
    const [made] = await rig.query<{ n: number }>`
      SELECT count(*)::int AS n FROM provider_call WHERE failure IS DISTINCT FROM 'SourceBlocked'`;
    expect(made?.n).toBe(arrivals.length);
  },
  5 * MINUTES,
);

it(
  'the server holds the rate of a source, replies included, and after a restart the queue has the rate of the ledger',
  async () => {
    const rate = 10;
    const asked = 70;
    const rig = await rigForTest({ simulator: { threads: 0, profile: 'documented', seed: 6 }, rate });
    for (let index = 0; index < asked; index++) await rig.control('inbound', { subject: 'My order' });
    await rig.worker.start();
    await rig.account();
    const rows = await rig.query<{ at: Date; operation: string }>`
      SELECT opened_at AS at, operation FROM provider_call ORDER BY opened_at`;
    const all = rows.map(({ at }) => at.getTime());
    const inSecondsFrom = all.map((from) => all.filter((at) => at >= from && at < from + 1_000).length);
    inSecondsFrom.sort((a, b) => a - b);
    expect(inSecondsFrom[Math.floor(0.9 * all.length)]).toBeLessThanOrEqual(2 * rate + 2);
    expect(inSecondsFrom.at(-1)).toBeLessThanOrEqual(3 * rate); // a worker that was held up takes what waits for it at once
    // A send is two calls and one task of the queue: while they last, the queue gives about half of the rate.
    const posts = rows.filter(({ operation }) => operation === 'postReply').map(({ at }) => at.getTime());
    expect(posts).toHaveLength(asked);
    const [first = 0, last = 0] = [posts[0], posts.at(-1)];
    const average = all.filter((at) => at >= first && at <= last).length / ((last - first) / 1_000);
    expect(average).toBeGreaterThan(0.3 * rate);
    expect(average).toBeLessThan(1.5 * rate);

    await rig.worker.stop();
    await setQueueRate(rig.client, 'simulator', 77);
    await rig.client.workflow.getHandle(pacerWorkflowId('simulator')).terminate();
    await rig.db
      .$executeRaw`UPDATE pacer SET rate = 3, reason = 'rising', refused_rate = 3.5, refused_at = observed_at`;
    await rig.worker.start();
    await eventually('the queue has the rate of the ledger', async () => {
      const [pacer] = await queueOf(rig);
      const queue = await readQueueRate(rig.client, 'simulator');
      return pacer && queue !== null && pacer.rate < 5 && Math.abs(queue - pacer.queueRate) < 0.1;
    });
  },
  5 * MINUTES,
);

it(
  'a pacer whose look fails for good looks again: its queue is not left at the rate of that moment',
  async () => {
    const rig = await rigForTest({ simulator: { threads: 0, profile: 'documented', seed: 8 } });
    await rig.worker.start();
    await wakePacer(rig.client, 'second', { againMs: 2_000 }); // not bound yet, so that no look can succeed
    await eventually('a look has failed', async () => {
      return (await rig.query`SELECT 1 FROM failure WHERE workflow_id = ${pacerWorkflowId('second')}`).length > 0;
    });
    await bindSource(rig.db, {
      name: 'second',
      kind: 'dashboard',
      origin: 'http://second.example.com',
      mailboxGroup: 'main',
      ratePerSecond: 10,
      firstMode: 'observe',
      mode: null,
      answerFrom: null,
      now: new Date(),
    });
    await eventually(
      'the pacer has looked',
      async () => (await rig.query`SELECT 1 FROM pacer WHERE source = 'second'`).length > 0,
    );
  },
  2 * MINUTES,
);
