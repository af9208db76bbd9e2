import type { BackfillPace } from '../../src/domain/backfill.js';
import { backfillWorkflowId, INTAKE_QUEUE } from '../../src/domain/identity.js';
import { type Backfill, createBackfill, type NewBackfill } from '../../src/ledger/backfills.js';
import type { Rig } from './assemble-rig.js';

export const DAY_MS = 86_400_000;
/** As fast as the source's queue releases. */
export const SWIFT: BackfillPace = { perSecond: null, batchThreads: 100, batchPauseMs: 0 };

/** What a test says of a backfill that it wants, on the usual terms: the last year of the dashboard, recorded. */
export const wantedBackfill = (now: Date, more: Partial<NewBackfill> = {}): NewBackfill => {
  const { source = 'dashboard', name = 'b' } = more;
  return {
    source,
    name,
    workflowId: backfillWorkflowId(source, name),
    mode: 'record',
    policy: null,
    direction: 'newest_first',
    from: new Date(now.getTime() - 366 * DAY_MS),
    to: now,
    pace: SWIFT,
    ownQueue: false,
    hours: null,
    widthMs: DAY_MS,
    askedBy: 'test',
    now,
    ...more,
  };
};

/** A backfill of the simulator's threads of the last year, begun as `waybill backfill start` begins it. */
export async function beginBackfillOf(rig: Rig, wanted: Partial<NewBackfill> = {}): Promise<Backfill> {
  const more = { source: 'simulator', name: 'year', ...wanted };
  const backfill = await createBackfill(rig.db, wantedBackfill(new Date(), more));
  if (!backfill) throw new Error('another backfill of the source is open');
  await rig.client.workflow.start('backfill', {
    workflowId: backfill.workflowId,
    taskQueue: INTAKE_QUEUE,
    args: [{ backfillId: backfill.id, source: 'simulator', timing: rig.timing }],
  });
  return backfill;
}

/** Rows of calls that it has opened so far. */
export async function callsOfBackfill(rig: Rig, id: string): Promise<number> {
  const [row] = await rig.query<{ n: number }>`
    SELECT count(*)::int AS n FROM provider_call WHERE parameters ->> 'backfill' = ${id}`;
  return row?.n ?? 0;
}
