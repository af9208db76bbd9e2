import { afterAll, beforeAll, expect, it } from 'vitest';
import { lifecycleWorkflowId } from '../../src/domain/identity.js';
import { eventually } from '../support/eventually.js';
import { type ModelServer, startModelServer } from '../support/model-server.js';
import { LIVELY, type Rig, startRig } from '../support/rig.js';
import { trailOf } from '../support/trail.js';

/** Rules, a trained classifier that is not there, and a language model: each message has words that no rule knows. */

let rig: Rig;
let server: ModelServer;

beforeAll(async () => {
  server = await startModelServer();
  server.behave(({ body }) => {
    const asked = body.messages[1]?.content ?? '';
    if (asked.includes('dodo')) return { says: '{"label":"delivery_status"}' };
    if (asked.includes('gibbon')) return { says: 'I would rather not say.' };
    if (asked.includes('ibex')) return { status: 401 };
    return { status: 500 };
  });
  rig = await startRig({
    simulator: { threads: 0 },
    timing: { ...LIVELY, modelGiveUpMs: 4_000 },
    env: {
      WAYBILL_CLASSIFIER: 'rules,local,model',
      WAYBILL_MODEL_PROVIDER: 'compatible',
      WAYBILL_MODEL_NAME: 'made-up',
      WAYBILL_MODEL_URL: server.url,
      WAYBILL_MODEL_RATE: '20',
    },
  });
  await rig.worker.start();
}, 150_000);
afterAll(async () => {
  await rig?.release();
  await server?.close();
});

/** Writes a message and waits for its ending. */
async function ending(text: string) {
  const { messageId } = await rig.control('inbound', { subject: 'A thing', text });
  return eventually(`the message about ${text} has its ending`, async () => {
    const [row] = await rig.query<{
      id: string;
      disposition: string;
      reason: string;
      label: string;
      classifier: string;
    }>`
      SELECT m.id, m.disposition, m.reason, d.label, d.classifier FROM message m LEFT JOIN decision d ON d.message_id = m.id
      WHERE m.provider_message_id = ${messageId} AND m.state = 'ended'`;
    return row;
  });
}

it.concurrent('a message that only the model understands is answered, within 22 events and without a word of it in Temporal', async () => {
  const { id, ...ended } = await ending('tell me of the dodo please');
  expect(ended).toEqual({
    disposition: 'answered',
    reason: 'accepted',
    label: 'delivery_status',
    classifier: expect.stringMatching(/^model:compatible\/made-up\/1\./),
  });
  expect((await trailOf(rig.db, id)).filter((line) => line === 'classified')).toHaveLength(1);
  const calls = await rig.query`
    SELECT operation, status, source, parameters - 'promptHash' AS parameters, length(parameters->>'promptHash') AS hash, answer
    FROM provider_call WHERE message_id = ${id}::uuid AND source = 'model'`;
  const parameters = { classifier: ended.classifier };
  expect(calls).toEqual([{ operation: 'askModel', status: 200, source: 'model', parameters, hash: 64, answer: null }]);
  const { history } = await eventually('the lifecycle has closed', async () => {
    const handle = rig.client.workflow.getHandle(lifecycleWorkflowId('simulator', id));
    const { status } = await handle.describe();
    return status.name === 'COMPLETED' && { history: await handle.fetchHistory() };
  });
  const events = history.events ?? [];
  // Timers of settling and what wakes from them are waits, which the figure excludes.
  const waits = events.filter(({ eventType }) => eventType === 17 || eventType === 18).length;
  expect(events.length - (waits > 0 ? waits + 3 : 0)).toBeLessThanOrEqual(22);
  expect(JSON.stringify(history)).not.toContain('dodo');
});

it.concurrent('one that the model answers with something else goes to a person, since nobody was sure', async () => {
  expect(await ending('tell me of the gibbon please')).toMatchObject({
    disposition: 'escalated',
    reason: 'abstained',
    label: 'unknown',
  });
});

it.concurrent('one that the endpoint refuses goes to a person at once, and an alarm says so', async () => {
  expect(await ending('tell me of the ibex please')).toMatchObject({ disposition: 'escalated', reason: 'abstained' });
  const alarms = await rig.query<{
    subject: string;
  }>`SELECT subject FROM alarm WHERE kind = 'classifier_unusable' ORDER BY subject`;
  expect(alarms.map(({ subject }) => subject)).toEqual(['local', 'model']);
});

it.concurrent('one about which the endpoint only fails waits as long as it may and then goes to a person', async () => {
  expect(await ending('tell me of the quagga please')).toMatchObject({ disposition: 'escalated', reason: 'abstained' });
});
