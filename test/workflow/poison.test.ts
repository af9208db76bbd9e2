import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkBalance } from '../../src/assurance/balance.js';
import { eventually } from '../support/eventually.js';
import { LIVELY, type Rig, startRig } from '../support/rig.js';
import { trailOf } from '../support/trail.js';

/** A message whose step can never be taken: its body is taken out of the ledger by hand while it waits, for long enough to be seen. */

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ timing: { ...LIVELY, settleMs: 25_000 } });
  await rig.worker.start();
}, 60_000);
afterAll(() => rig?.release());

it('a message whose step fails for good is parked with the step, and the books name what is wrong with it', async () => {
  const { messageId } = await rig.control('inbound', { text: 'Where is my parcel?', subject: 'My order' });
  const message = await eventually('the message waits for its thread to settle', async () => {
    const [row] = await rig.query<{ id: string }>`
      SELECT id FROM message WHERE provider_message_id = ${messageId} AND waiting_kind = 'settle'`;
    return row;
  });
  await rig.query`DELETE FROM message_body WHERE message_id = ${message.id}::uuid`;
  await eventually(
    'the message is parked',
    async () => {
      const [row] = await rig.query<{ reason: string }>`
        SELECT reason FROM message WHERE id = ${message.id}::uuid AND state = 'parked'`;
      return row?.reason === 'decision_failed';
    },
    { withinMs: 60_000 },
  );
  expect((await trailOf(rig.db, message.id)).slice(-2)).toEqual(['failure LedgerConflict', 'parked']);
  const { balanced, equations } = await checkBalance(rig.db);
  expect(balanced).toBe(false);
  expect(equations.filter((one) => one.residuals > 0).map((one) => one.residual)).toEqual([[message.id]]);
}, 120_000);
