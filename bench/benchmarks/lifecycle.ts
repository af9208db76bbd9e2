import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { timingVariable } from '../../src/config/all-variables.js';
import { lifecycleWorkflowId } from '../../src/domain/identity.js';
import { assembleRig, QUICK, type Rig, type RigServers } from '../../test/support/assemble-rig.js';
import { eventually } from '../../test/support/eventually.js';
import { workerProcess } from '../../test/support/worker-process.js';
import { type Bench, goal } from '../report.js';
import { withServers } from '../support/servers.js';
import { closingRate, weigh } from '../support/workflow-rate.js';

const MESSAGES = 1_200;
const PER_SECOND = 5;
const LIVE_SECONDS = 60;
const WEIGHED = 40;
const MINUTES = 60_000;
/** What tests make quick; the settle time is not among them, since it stays off. */
const QUICK_VARIABLES: ReadonlySet<string> = new Set(
  (Object.keys(QUICK) as (keyof typeof QUICK)[]).filter((name) => name !== 'settleMs').map(timingVariable),
);
const BARE_QUEUE = 'bare';
const PEER = fileURLToPath(new URL('../peers/lifecycle-peer.ts', import.meta.url));
const BARE_WORKER = fileURLToPath(new URL('../peers/bare-worker.mjs', import.meta.url));

export const bench: Bench = {
  describe: 'messages through the whole automatic lifecycle, beside a workflow of one activity on the same server',
  run: ({ seed, say }) =>
    withServers(async (servers) => {
      const bareNamespace = await servers.namespace();
      const rig = await assembleRig(servers, {
        simulator: { threads: 0, profile: 'documented', seed },
        timing: { ...QUICK, settleMs: 0 },
        rate: 1_000,
      });
      try {
        say(`a bare workflow of one activity, ${MESSAGES} times`);
        const barePerSecond = await measureBare(bareNamespace);
        say(`${barePerSecond.toFixed(1)} a second; storing ${MESSAGES} messages`);
        const perSecond = await measureLifecycles(rig);
        say(`${perSecond.toFixed(1)} lifecycles a second; ${PER_SECOND} messages a second for ${LIVE_SECONDS} s`);
        await rig.worker.start([]);
        const latency = await measureLatency(rig);
        const weights = await weighAnswered(rig);
        await rig.worker.stop();
        const peers = {
          dbos: await measurePeer(rig, servers, 'dbos', say),
          pgBoss: await measurePeer(rig, servers, 'pg-boss', say),
        };
        const most = Math.max(...weights.map((one) => one.events));
        return {
          goals: [
            goal('throughput, lifecycle to bare workflow', perSecond / barePerSecond, 'x', '>= 0.6'),
            goal('history events of the usual answer, most', most, 'events', '<= 15'),
            goal('stored to sent at 5 per second, p95', latency.p95, 's', '<= 3'),
          ],
          details: {
            messages: MESSAGES,
            perSecond,
            barePerSecond,
            peers,
            latency,
            actionsPerMessage: Math.max(...weights.map((one) => one.actions)),
          },
        };
      } finally {
        await rig.release();
      }
    }),
};

/** All are started before a worker takes the first, so that only their carrying is measured. */
async function measureBare({ address, namespace }: { address: string; namespace: string }): Promise<number> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection, namespace });
    const numbers = Array.from({ length: MESSAGES }, (_, index) => index);
    for (let from = 0; from < MESSAGES; from += 50)
      await Promise.all(
        numbers
          .slice(from, from + 50)
          .map((index) => client.workflow.start('bare', { taskQueue: BARE_QUEUE, workflowId: `bare/${index}` })),
      );
    const child = fork(BARE_WORKER, [address, namespace, BARE_QUEUE], { execArgv: [] });
    const ended = once(child, 'exit');
    await once(child, 'message');
    await eventually(
      'the bare workflows have closed',
      async () =>
        (await client.workflow.count(`WorkflowType = 'bare' AND ExecutionStatus = 'Completed'`)).count >= MESSAGES,
      { withinMs: 5 * MINUTES },
    );
    child.disconnect();
    await ended;
    return await closingRate(client, 'bare');
  } finally {
    await connection.close();
  }
}

/**
 * Messages are stored and their lifecycles started while no worker takes these; then one worker with all roles carries them: with the
 * periods of the product instead of those of tests, which ask for something every second, and straight to the simulator.
 */
async function measureLifecycles(rig: Rig): Promise<number> {
  const intake = workerProcess({ env: { ...rig.env, WAYBILL_ROLES: 'intake,source:simulator' }, cwd: rig.folder });
  await intake.start();
  for (let written = 0; written < MESSAGES; written++) await rig.control('inbound', { subject: 'My order' });
  await eventually('every lifecycle was started', async () => (await countMessages(rig, 'dispatched')) >= MESSAGES, {
    withinMs: 10 * MINUTES,
  });
  await intake.stop();
  const carrier = workerProcess({ env: productEnvironment(rig), cwd: rig.folder });
  await carrier.start([]);
  await eventually('every message has ended', async () => (await countMessages(rig, 'ended')) >= MESSAGES, {
    withinMs: 10 * MINUTES,
  });
  await carrier.stop();
  return closingRate(rig.client, 'messageLifecycle');
}

/** The rig's worker with the product's own Timing, save that nothing waits for its thread to settle, and without the gateway of faults. */
const productEnvironment = ({ env, simulator }: Rig): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(env).filter(([name]) => !QUICK_VARIABLES.has(name))),
  WAYBILL_SIMULATOR_URL: simulator.url,
});

async function countMessages(rig: Rig, what: 'stored' | 'dispatched' | 'ended'): Promise<number> {
  const [row] = await rig.query<{ stored: number; dispatched: number; ended: number }>`
    SELECT count(*)::int AS stored, (count(*) FILTER (WHERE dispatched_at IS NOT NULL))::int AS dispatched,
           (count(*) FILTER (WHERE state = 'ended'))::int AS ended
    FROM message WHERE direction = 'inbound'`;
  return row?.[what] ?? 0;
}

/** With quick periods: five messages a second are to be found by a poll within the minute that this takes, not by one a minute. */
async function measureLatency(rig: Rig): Promise<{ p50: number; p95: number; messages: number }> {
  const since = new Date();
  const written = PER_SECOND * LIVE_SECONDS;
  for (let index = 0; index < written; index++) {
    await rig.control('inbound', { subject: 'My order' });
    const dueAt = since.getTime() + ((index + 1) * 1_000) / PER_SECOND;
    await pause(Math.max(0, dueAt - Date.now())); // the load itself, not a wait for something to happen
  }
  await eventually(
    'the live messages are answered',
    async () => (await countMessages(rig, 'ended')) >= MESSAGES + written,
    {
      withinMs: 5 * MINUTES,
    },
  );
  const [row] = await rig.query<{ p50: number; p95: number; messages: number }>`
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY secs)::float8 AS p50,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY secs)::float8 AS p95, count(*)::int AS messages
    FROM (SELECT extract(epoch FROM o.accepted_at - m.first_seen_at) AS secs
          FROM message m JOIN outbox o ON o.message_id = m.id
          WHERE m.first_seen_at >= ${since} AND o.accepted_at IS NOT NULL) AS sent`;
  return row ?? { p50: Number.NaN, p95: Number.NaN, messages: 0 };
}

/** The same steps on new messages, driven by another engine whose tables lie in a database of their own on the same server. */
async function measurePeer(
  rig: Rig,
  servers: RigServers,
  engine: string,
  say: (line: string) => void,
): Promise<number> {
  say(`${MESSAGES} messages by ${engine}`);
  const before = await countMessages(rig, 'stored');
  for (let written = 0; written < MESSAGES; written++) await rig.control('inbound', { subject: 'My order' });
  // Nobody dispatches: the peer carries what the intake stores.
  const intake = workerProcess({
    env: {
      ...rig.env,
      WAYBILL_ROLES: 'intake,source:simulator',
      [timingVariable('dispatchEveryMs')]: String(60 * MINUTES),
    },
    cwd: rig.folder,
  });
  await intake.start();
  await eventually('the messages are stored', async () => (await countMessages(rig, 'stored')) >= before + MESSAGES, {
    withinMs: 10 * MINUTES,
  });
  await intake.stop();
  const database = await servers.database();
  try {
    const args = [
      engine,
      rig.env.WAYBILL_DATABASE_URL ?? '',
      database.url,
      rig.simulator.url,
      rig.env.WAYBILL_SIMULATOR_TOKEN ?? '',
    ];
    const child = fork(PEER, args, { execArgv: ['--import', 'tsx'] });
    const early = once(child, 'exit').then(([code]) => {
      throw new Error(`the peer ${engine} ended with ${code} before it was done`);
    });
    const [{ perSecond }] = (await Promise.race([once(child, 'message'), early])) as [{ perSecond: number }];
    early.catch(() => undefined); // it has said its figure
    return perSecond;
  } finally {
    await database.drop();
  }
}

/** Answered ones that never waited: the usual automatic lifecycle. */
async function weighAnswered(rig: Rig) {
  const rows = await rig.query<{ id: string }>`
    SELECT id FROM message m WHERE disposition = 'answered'
      AND NOT EXISTS (SELECT 1 FROM lifecycle_event e WHERE e.message_id = m.id AND e.kind = 'waiting')
    ORDER BY ended_at DESC LIMIT ${WEIGHED}`;
  return Promise.all(rows.map(({ id }) => weigh(rig.client, lifecycleWorkflowId('simulator', id))));
}
