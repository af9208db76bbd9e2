import { afterAll, beforeAll, expect, it } from 'vitest';
import { settleAndTell } from '../../src/api/settle-approval.js';
import { systemClock } from '../../src/domain/clock.js';
import { lifecycleWorkflowId } from '../../src/domain/identity.js';
import { eventually } from '../support/eventually.js';
import { LIVELY, type Rig, startRig } from '../support/rig.js';

/** More looks than fit into a history that the server lets grow before it suggests a new one. */
const MOST_WORDS = 12_000;
const AT_ONCE = 10;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ timing: { ...LIVELY, settleMs: 0 }, env: { WAYBILL_MODE: 'approve' } });
  await rig.worker.start();
}, 120_000);
afterAll(() => rig?.release());

it('a lifecycle that has looked very often goes on in a new run, and what it waits for still comes', async () => {
  await rig.control('inbound', { subject: 'My order', text: 'Where is my order WB-100001?' });
  const { id } = await eventually('its draft waits for a person', async () => {
    const [row] = await rig.query<{ id: string }>`SELECT id FROM message WHERE waiting_kind = 'approval'`;
    return row;
  });
  const handle = rig.client.workflow.getHandle(lifecycleWorkflowId('simulator', id));
  const runId = async () => (await handle.describe()).runId;
  const first = await runId();
  for (let words = 0; words < MOST_WORDS && (await runId()) === first; words += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, () => handle.signal('ledgerMoved')));
  expect(await runId()).not.toBe(first);
  await eventually('its new run waits for the same person', async () => {
    const rows = await rig.query`SELECT 1 FROM message WHERE waiting_kind = 'approval' AND carry_count = 2`;
    return rows.length === 1;
  });
  const settling = { db: rig.db, clock: systemClock, temporal: async () => rig.client };
  const decision = { messageId: id, draftVersion: 1, verdict: 'approved', actor: 'desk' } as const;
  expect(await settleAndTell(settling, decision)).toMatchObject({ settled: true, told: true });
  expect(await handle.result()).toMatchObject({ disposition: 'answered' });
}, 240_000);
