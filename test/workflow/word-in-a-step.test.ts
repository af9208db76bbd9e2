import { afterAll, beforeAll, expect, it } from 'vitest';
import { lifecycleWorkflowId } from '../../src/domain/identity.js';
import { eventually } from '../support/eventually.js';
import { LIVELY, type Rig, startRig } from '../support/rig.js';

const SIGNALED = 26;
const TASK_COMPLETED = 7;
const TIMER_STARTED = 17;
const ACTIVITY_SCHEDULED = 10;

let rig: Rig;
beforeAll(async () => {
  const slowly = { sendTimeoutMs: 30_000, sendDeadlineMs: 15_000 };
  rig = await startRig({ timing: { ...LIVELY, ...slowly, settleMs: 0 } });
  await rig.worker.start();
}, 120_000);
afterAll(() => rig?.release());

it('a word that comes while a step is taken is followed before the lifecycle rests', async () => {
  const lifecycle = async () => {
    const [row] = await rig.query<{ id: string }>`SELECT id FROM message WHERE direction = 'inbound'`;
    return rig.client.workflow.getHandle(lifecycleWorkflowId('simulator', row?.id ?? ''));
  };
  const eventsOf = async () => (await (await lifecycle()).fetchHistory()).events ?? [];
  // The reply is executed; while its answer is still on its way the ledger moves, and then the answer is lost.
  rig.gateway.setRule(async ({ method }, forward) => {
    if (method !== 'POST') return forward();
    rig.gateway.setRule((_request, next) => next());
    await forward();
    await (await lifecycle()).signal('ledgerMoved');
    await eventually('the word has reached the lifecycle', async () => {
      const types = (await eventsOf()).map(({ eventType }) => eventType);
      return types.lastIndexOf(TASK_COMPLETED) > types.lastIndexOf(SIGNALED) && types.includes(SIGNALED);
    });
    return null;
  });
  await rig.control('inbound', { subject: 'My order', text: 'Where is my order WB-100001?' });
  await eventually('the reply is in doubt', async () => {
    const rows = await rig.query`SELECT 1 FROM message WHERE direction = 'inbound' AND waiting_kind = 'confirmation'`;
    return rows.length > 0;
  });
  const events = await eventually('the lifecycle rests', async () => {
    const seen = await eventsOf();
    return seen.some(({ eventType }) => eventType === TIMER_STARTED) && seen;
  });
  const rests = events.findIndex(({ eventType }) => eventType === TIMER_STARTED);
  const steps = events.slice(0, rests).filter(({ eventType }) => eventType === ACTIVITY_SCHEDULED);
  expect(steps).toHaveLength(2);
}, 120_000);
