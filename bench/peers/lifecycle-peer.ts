/**
 * The same steps of a lifecycle, driven by another engine on the same Postgres: `dbos` or `pg-boss`, the URL of the ledger, that of
 * the engine's own database, the provider and its token. Carries every message that is recorded and says how many a second.
 */
import { randomUUID } from 'node:crypto';
import { DBOS } from '@dbos-inc/dbos-sdk';
import PgBoss from 'pg-boss';
import { createLifecycleSteps } from '../../src/activities/lifecycle-steps.js';
import { ruleClassifier } from '../../src/classify/rules.js';
import { sendReply } from '../../src/delivery/send-reply.js';
import { systemClock } from '../../src/domain/clock.js';
import { DEFAULT_TIMING } from '../../src/domain/timing.js';
import { openDatabase } from '../../src/ledger/database.js';
import { loadFolder, STARTER_FOLDER } from '../../src/playbooks/folder.js';
import { chooserOf } from '../../src/playbooks/set-chooser.js';
import { ADAPTER_VERSION, createDashboardClient } from '../../src/sources/dashboard/client.js';
import { createLogger } from '../../src/telemetry/logger.js';

const LANES = 40;
const timing = { ...DEFAULT_TIMING, settleMs: 0 };
const [engine, ledgerUrl = '', engineUrl = '', providerUrl = '', token = ''] = process.argv.slice(2);
const db = openDatabase({ url: ledgerUrl, maxConnections: 20 });
const client = createDashboardClient({ origin: providerUrl, token, ...timing });
const silent = createLogger({ subsystem: 'lifecycle', level: 'silent', format: 'ndjson' });
const { set } = loadFolder(STARTER_FOLDER, null);
if (set === null) throw new Error('the starter set of playbooks cannot be used');
const deps = {
  db,
  timing,
  clock: systemClock,
  clientOf: () => client,
  adapterVersionOf: () => ADAPTER_VERSION,
  ownAddresses: new Set<string>(),
  classifier: ruleClassifier,
  playbooks: chooserOf(set),
  log: { intake: silent, lifecycle: silent, delivery: silent, provider: silent },
};
// What the pure steps need, and nothing that only other activities use.
const steps = createLifecycleSteps(deps as never);

/** `step` makes each part durable in the engine's way, where it has one. */
async function carry(messageId: string, step: <T>(work: () => Promise<T>, name: string) => Promise<T>): Promise<void> {
  const taken = await step(() => steps.takeUp({ messageId, runId: messageId, bodyWaits: 0 }), 'takeUp');
  if (taken.kind !== 'go') return;
  const held = { messageId, carry: taken.carry };
  await step(() => steps.understand(held), 'understand');
  const decided = await step(() => steps.decide({ ...held, turnWaits: 0 }), 'decide');
  if (decided.kind === 'reply') await step(() => sendReply(deps, { ...held, attempt: 1 }), 'sendReply');
}

const ids = (await db.$queryRaw<{ id: string }[]>`SELECT id FROM message WHERE state = 'recorded'`).map(
  (row) => row.id,
);
let done = 0;
let firstAt = 0;
let lastAt = 0;
const finished = (): void => {
  done += 1;
  lastAt = performance.now();
  if (done === 1) firstAt = lastAt;
};

async function inLanes(work: (id: string) => Promise<void>): Promise<void> {
  const rest = [...ids];
  const lane = async () => {
    for (let id = rest.pop(); id !== undefined; id = rest.pop()) await work(id);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

if (engine === 'dbos') {
  DBOS.setConfig({ name: 'peer', systemDatabaseUrl: engineUrl, logLevel: 'error' });
  const workflow = DBOS.registerWorkflow(
    (messageId: string) => carry(messageId, (work, name) => DBOS.runStep(work, { name })),
    { name: 'lifecycle' },
  );
  await DBOS.launch();
  await inLanes(async (id) => {
    const handle = await DBOS.startWorkflow(workflow, { workflowID: randomUUID() })(id);
    await handle.getResult();
    finished();
  });
  await DBOS.shutdown();
} else {
  const boss = new PgBoss({ connectionString: engineUrl });
  boss.on('error', () => undefined);
  await boss.start();
  await boss.createQueue('lifecycle');
  await boss.insert(ids.map((id) => ({ name: 'lifecycle', data: { id } })));
  const all = new Promise<void>((resolve) => {
    for (let lane = 0; lane < LANES; lane++)
      void boss.work<{ id: string }>('lifecycle', { pollingIntervalSeconds: 0.5, batchSize: 10 }, async (jobs) => {
        for (const job of jobs) {
          await carry(job.data.id, (work) => work());
          finished();
        }
        if (done >= ids.length) resolve();
      });
  });
  await all;
  await boss.stop({ graceful: false });
}
process.send?.({ messages: done, perSecond: (done - 1) / ((lastAt - firstAt) / 1_000) });
await client.close();
await db.close();
process.disconnect?.();
