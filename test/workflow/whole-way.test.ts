import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkBalance } from '../../src/assurance/balance.js';
import type { Account } from '../../src/cli/up/account.js';
import { eventually } from '../support/eventually.js';
import { type Rig, startRig } from '../support/rig.js';
import { assertTrail } from '../support/trail.js';

/** A world of 120 threads with every oddity that such servers were seen to have, taken in by a worker of the product. */

let rig: Rig;
let account: Account;

beforeAll(async () => {
  rig = await startRig({ simulator: { threads: 120, profile: 'observed', seed: 3 } });
  await rig.worker.start();
  account = await rig.account();
}, 150_000);
afterAll(() => rig?.release());

/** Our ids of messages that ended so and were never made to wait. */
const allEnded = async (disposition: string, reason: string): Promise<string[]> => {
  const rows = await rig.query<{ id: string }>`
    SELECT id FROM message m WHERE disposition = ${disposition} AND reason = ${reason} AND direction = 'inbound'
      AND NOT EXISTS (SELECT 1 FROM lifecycle_event e WHERE e.message_id = m.id AND e.kind IN ('waiting', 'reply_confirmed'))
      AND NOT EXISTS (SELECT 1 FROM failure f WHERE f.message_id = m.id)
    ORDER BY id`;
  return rows.map((row) => row.id);
};

const oneEnded = async (disposition: string, reason: string): Promise<string> => {
  const [id] = await allEnded(disposition, reason);
  if (id === undefined) throw new Error(`no message ended ${disposition} (${reason})`);
  return id;
};

it('ends with nothing missing, nothing answered twice and balanced books', async () => {
  expect(account).toMatchObject({ missing: 0, answeredTwice: 0, balanced: true, waiting: 0, missingIds: [] });
  expect(account.escalated).toBeGreaterThan(0);
  const balance = await checkBalance(rig.db);
  expect(balance.equations.filter((equation) => equation.residuals > 0)).toEqual([]);
});

it('holds every message that any sequence of calls could have returned, by id', async () => {
  const { obtainable, unobtainable } = await rig.truth(new Date(account.at));
  const rows = await rig.query<{ id: string }>`
    SELECT provider_message_id AS id FROM message UNION SELECT item FROM park WHERE kind = 'message'`;
  const held = new Set(rows.map((row) => row.id));
  expect(obtainable.filter((id) => !held.has(id))).toEqual([]);
  expect(obtainable.length).toBeGreaterThan(300);
  expect(unobtainable.length / (obtainable.length + unobtainable.length)).toBeLessThan(0.01);
});

it('answers as often as the provider executed a reply of ours, each for another message', async () => {
  const { replies } = await rig.truth();
  const ours = await rig.query<{ ref: string; id: string }>`
    SELECT o.client_ref AS ref, m.id FROM outbox o JOIN message m ON m.id = o.message_id WHERE m.disposition = 'answered'`;
  expect(new Set(replies.map((reply) => reply.clientRef))).toEqual(new Set(ours.map((one) => one.ref)));
  expect(replies).toHaveLength(ours.length);
  expect(new Set(ours.map((one) => one.id)).size).toBe(replies.length);
  expect(replies.length).toBeGreaterThan(5);
});

it('carries each message once, and none that ended when it was recorded', async () => {
  // One that was answered along with a later message may have ended before its turn to be carried came.
  const counts = await rig.query<{ carry: number; disposition: string }>`
    SELECT DISTINCT carry_count AS carry, CASE WHEN disposition IN ('outbound', 'duplicate_of') THEN 'at once' ELSE 'later' END AS disposition
    FROM message WHERE disposition <> 'answered_with' OR carry_count > 1 ORDER BY 1, 2`;
  expect(counts).toEqual([
    { carry: 0, disposition: 'at once' },
    { carry: 1, disposition: 'later' },
  ]);
});

it('leaves the whole trail of an answered, an escalated and an ignored message', async () => {
  const begun = ['recorded', 'carried', 'triaged'];
  await assertTrail(rig.db, await oneEnded('answered', 'accepted'), [
    ...begun,
    ...['classified', 'decided', 'reply_prepared', 'reply_looked', 'reply_posting', 'reply_accepted'],
    'ended answered (accepted)',
  ]);
  await assertTrail(rig.db, await oneEnded('escalated', 'no_playbook'), [
    ...begun,
    ...['classified', 'decided', 'ended escalated (no_playbook)'],
  ]);
  await assertTrail(rig.db, await oneEnded('ignored', 'auto_submitted'), [...begun, 'ended ignored (auto_submitted)']);
});

it('keeps the usual automatic answer within fifteen events', async () => {
  const lengths: number[] = [];
  for (const id of await allEnded('answered', 'accepted')) {
    const { events } = await rig.client.workflow.getHandle(`message/simulator/${id}`).fetchHistory();
    lengths.push(events?.length ?? 0);
  }
  // On a machine that is busy elsewhere a step can outlast its workflow task, which adds the events of another one.
  const usual = lengths.sort((a, b) => a - b)[Math.floor(lengths.length / 2)];
  expect(usual).toBe(15);
});

it('gives an answered message a readable entry in the list', async () => {
  const id = await oneEnded('answered', 'accepted');
  const handle = rig.client.workflow.getHandle(`message/simulator/${id}`);
  const result = await handle.result();
  const description = await handle.describe();
  expect(description.type).toBe('messageLifecycle');
  expect(description.status.name).toBe('COMPLETED');
  expect(await description.staticSummary()).toBe('A message of simulator, from its recording to its one ending');
  expect(await description.staticDetails()).toContain(`waybill trace ${id}`);
  const attributes = Object.fromEntries(
    description.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
  );
  expect(attributes).toMatchObject({
    WaybillSource: 'simulator',
    WaybillRoute: 'email',
    WaybillState: 'ended',
    WaybillOutcome: 'answered',
  });
  expect(result).toEqual({
    kind: 'ended',
    state: 'ended',
    disposition: 'answered',
    reason: 'accepted',
    route: 'email',
  });
  const query = "WaybillOutcome = 'answered' AND WaybillSource = 'simulator'";
  await eventually('the list shows every answered message', async () => {
    const ids: string[] = [];
    for await (const entry of rig.client.workflow.list({ query })) ids.push(entry.workflowId);
    return ids.length === account.answered && ids.includes(`message/simulator/${id}`);
  });
});
