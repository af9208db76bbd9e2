import { afterAll, beforeAll, expect, it } from 'vitest';
import { reportBackfill } from '../../src/assurance/backfill/report.js';
import { systemClock } from '../../src/domain/clock.js';
import type { MessageTruth } from '../../src/simulator/truth.js';
import { beginBackfillOf, DAY_MS } from '../support/backfills.js';
import { QUICK, type Rig, startRig } from '../support/rig.js';

/** A ledger that holds the older half of a year, and a backfill of all of it. */

const NEVER = 30 * DAY_MS;

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    simulator: { threads: 150, days: 365, profile: 'observed', seed: 5 },
    timing: { ...QUICK, pollEveryMs: NEVER, visitEveryMs: NEVER, auditEveryMs: NEVER, backfillCheckMs: 1_000 },
    rate: 500,
  });
  await rig.worker.start([]);
}, 60_000);
afterAll(() => rig?.release());

async function walk(wanted: Parameters<typeof beginBackfillOf>[1]) {
  const { id, workflowId } = await beginBackfillOf(rig, wanted);
  await rig.client.workflow.getHandle(workflowId).result();
  return reportBackfill(rig.db, id, systemClock.now(), rig.timing);
}

async function truths(): Promise<MessageTruth[]> {
  const messages = await rig.messageTruths();
  const { obtainable } = await rig.truth();
  const ids = new Set(obtainable);
  return messages.filter((message) => ids.has(message.id));
}

it('says by month what the simulator holds, and of what was missed what is true', async () => {
  const now = Date.now();
  const half = new Date(now - 180 * DAY_MS);
  await walk({ name: 'older', from: new Date(now - 366 * DAY_MS), to: half });
  const held = await rig.query<{ id: string }>`SELECT provider_message_id AS id FROM message`;
  const ours = new Set(held.map((row) => row.id));
  expect(ours.size).toBeGreaterThan(0);

  const compared = await walk({ name: 'compared', mode: 'report' });
  const report = await walk({ name: 'year' });
  const all = await truths();
  const missed = all.filter((message) => !ours.has(message.id));
  expect(report).toMatchObject({ finished: true, whole: true });
  expect(report.messages).toMatchObject({ shown: all.length, missed: missed.length, after: all.length });
  expect(report.inbound.missed).toBe(missed.filter((message) => message.direction === 'inbound').length);
  expect(report.multiplier).toBe(all.length / (all.length - missed.length));
  expect(compared.months.map((month) => ({ ...month, after: 0 }))).toEqual(
    report.months.map((month) => ({ ...month, after: 0 })),
  );

  // By when it was written, but for the few whose sender stamped them with something else: those count as they are stamped.
  const stamps = await rig.query<{ id: string; at: Date }>`
    SELECT m.provider_message_id AS id, COALESCE(m.origin_at, t.created_at) AS at FROM message m JOIN thread t ON t.id = m.thread_id`;
  const stampOf = new Map(stamps.map(({ id, at }) => [id, at.getTime()]));
  const isHonest = ({ id, sentAt }: MessageTruth) => Math.abs((stampOf.get(id) ?? 0) - Date.parse(sentAt)) < 1_000;
  expect(all.filter(isHonest).length).toBeGreaterThan(0.9 * all.length);
  const monthsOf = (list: readonly MessageTruth[]) => {
    const months: Record<string, number> = {};
    for (const message of list) {
      const at = isHonest(message) ? message.sentAt : new Date(stampOf.get(message.id) ?? 0).toISOString();
      months[at.slice(0, 7)] = (months[at.slice(0, 7)] ?? 0) + 1;
    }
    return months;
  };
  const byMonth = (of: (row: (typeof report.months)[number]) => number) =>
    Object.fromEntries(report.months.filter((row) => of(row) > 0).map((row) => [row.month, of(row)]));
  expect(byMonth((row) => row.shown)).toEqual(monthsOf(all));
  expect(byMonth((row) => row.missed)).toEqual(monthsOf(missed));

  const young = new Set(
    missed.filter((message) => Date.parse(message.how.createdAt) >= half.getTime()).map((one) => one.id),
  );
  const causes = await rig.query<{ id: string; cause: string }>`
    SELECT provider_message_id AS id, cause FROM backfill_find WHERE backfill_id = ${report.backfill.id}::uuid`;
  for (const { id, cause } of causes) if (young.has(id)) expect(cause, id).toBe('never_asked_for');
  expect(report.calls.ratio.messages).toBeLessThanOrEqual(1.05);
  expect(report.calls.ratio.messages).toBeGreaterThanOrEqual(1);
  expect(report.calls.ratio.all).toBeGreaterThanOrEqual(1);
  expect(report.calls.ratio.all).toBeLessThanOrEqual(1.05);
}, 120_000);
