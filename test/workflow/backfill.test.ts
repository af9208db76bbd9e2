import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkBalance } from '../../src/assurance/balance.js';
import { readBackfillProgress } from '../../src/ledger/backfill-threads.js';
import { readBackfill } from '../../src/ledger/backfills.js';
import { beginBackfillOf, callsOfBackfill, DAY_MS } from '../support/backfills.js';
import { eventually } from '../support/eventually.js';
import { QUICK, type Rig, startRig } from '../support/rig.js';

/** A ledger whose intake never looked back: a backfill compares first, then takes in what was missing. */

const NEVER = 30 * DAY_MS;
const THREADS = 120;

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    simulator: { threads: THREADS, days: 365, profile: 'observed', seed: 3 },
    timing: { ...QUICK, pollEveryMs: NEVER, visitEveryMs: NEVER, auditEveryMs: NEVER, backfillCheckMs: 1_000 },
    rate: 500,
  });
  await rig.worker.start([]);
}, 60_000);
afterAll(() => rig?.release());

const obtainable = async () => [...(await rig.truth()).obtainable].sort();

it('in report it reads everything, stores no message, and finds exactly what the provider holds', async () => {
  const { id, workflowId } = await beginBackfillOf(rig, { mode: 'report', name: 'look' });
  expect(await rig.client.workflow.getHandle(workflowId).result()).toMatchObject({ state: 'done' });
  expect(await rig.query`SELECT 1 FROM message LIMIT 1`).toEqual([]);
  expect(await rig.query`SELECT 1 FROM listing LIMIT 1`).toEqual([]);
  const finds = await rig.query<{ id: string }>`
    SELECT provider_message_id AS id FROM backfill_find WHERE backfill_id = ${id}::uuid ORDER BY 1`;
  expect(finds.map((row) => row.id).sort()).toEqual(await obtainable());
  const { threads, messages } = await readBackfillProgress(rig.db, id);
  expect({ threads, messages }).toMatchObject({
    threads: { unread: 0 },
    messages: { shown: finds.length, known: 0, missed: finds.length, parked: 0 },
  });
}, 60_000);

it('in record it takes in what was missing, each with its one ending, and answers nobody', async () => {
  const { id, workflowId } = await beginBackfillOf(rig);
  const handle = rig.client.workflow.getHandle(workflowId);
  await handle.executeUpdate('pause', { args: [{ by: 'test' }] });
  const held = await readBackfill(rig.db, id);
  expect(held).toMatchObject({ state: 'running', hold: 'person' });
  await handle.executeUpdate('resume', { args: [{ by: 'test' }] });
  expect(await handle.result()).toMatchObject({ state: 'done' });
  const stored = await rig.query<{ id: string; reason: string; direction: string }>`
    SELECT provider_message_id AS id, reason, direction FROM message ORDER BY 1`;
  expect(stored.map((row) => row.id).sort()).toEqual(await obtainable());
  expect(new Set(stored.filter((row) => row.direction === 'inbound').map((row) => row.reason))).toEqual(
    new Set(['recorded_by_backfill', 'twin']),
  );
  const { messages } = await readBackfillProgress(rig.db, id);
  expect(messages).toMatchObject({ shown: stored.length, missed: stored.length });
  const months = await rig.query<{ shown: number }>`
    SELECT sum((month.value ->> 'shown')::int)::int AS shown FROM backfill_thread, jsonb_each(months) AS month WHERE backfill_id = ${id}::uuid`;
  expect(months[0]?.shown).toBe(stored.length);
  expect((await rig.truth()).replies).toEqual([]);
  expect((await checkBalance(rig.db)).balanced).toBe(true);
}, 90_000);

it('a second one of the same source is refused while the first walks, and what is malformed wedges nothing', async () => {
  const { id, workflowId } = await beginBackfillOf(rig, {
    name: 'slow',
    pace: { perSecond: 1, batchThreads: 10, batchPauseMs: 0 },
  });
  await expect(beginBackfillOf(rig, { name: 'other' })).rejects.toThrow('another backfill');
  const handle = rig.client.workflow.getHandle(workflowId);
  await expect(handle.executeUpdate('pace', { args: [{ perSecond: 'fast' }] })).rejects.toThrow();
  await handle.signal('extend', { until: 'yesterday' });
  await eventually('the refused orders are written down', async () => {
    const rows = await rig.query`SELECT 1 FROM backfill_order WHERE backfill_id = ${id}::uuid AND refused IS NOT NULL`;
    return rows.length === 2;
  });
  await eventually('it has made a few calls', async () => (await readBackfillProgress(rig.db, id)).messageCalls > 2);
  const before = await callsOfBackfill(rig, id);
  await handle.executeUpdate('cancel', { args: [{ by: 'test' }] });
  expect(await handle.result()).toMatchObject({ state: 'cancelled' });
  expect(await readBackfill(rig.db, id)).toMatchObject({ state: 'cancelled', hold: null });
  expect((await callsOfBackfill(rig, id)) - before).toBeLessThanOrEqual(24);
}, 60_000);

it('one that is cancelled or terminated past its orders ends all the same, and refuses no other', async () => {
  const pace = { perSecond: 1, batchThreads: 10, batchPauseMs: 0 };
  const cancelled = await beginBackfillOf(rig, { name: 'cancelled', pace });
  const stateOf = async ({ id }: { id: string }) => (await readBackfill(rig.db, id)).state;
  await eventually('it calls', async () => (await callsOfBackfill(rig, cancelled.id)) > 0);
  await rig.client.workflow.getHandle(cancelled.workflowId).cancel();
  await eventually('its row says so', async () => (await stateOf(cancelled)) === 'cancelled');
  const terminated = await beginBackfillOf(rig, { name: 'terminated', pace });
  await eventually('it calls', async () => (await callsOfBackfill(rig, terminated.id)) > 0);
  await rig.client.workflow.getHandle(terminated.workflowId).terminate('by hand');
  await rig.query`UPDATE backfill SET asked_at = asked_at - interval '1 hour' WHERE id = ${terminated.id}::uuid`;
  await eventually('the pacer notices', async () => (await stateOf(terminated)) === 'failed');
  const alarms = await rig.query`SELECT state FROM alarm WHERE kind = 'backfill_held' AND subject = ${terminated.id}`;
  expect(alarms).toEqual([{ state: 'open' }]);
}, 90_000);
