import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { raiseAlarm } from '../ledger/alarms.js';
import { type Backfill, endBackfill, openBackfillOf } from '../ledger/backfills.js';
import type { ActivityDeps } from './deps.js';
import { setCeilingPerKey } from './queue-rate.js';

/** A row is written before its workflow is started. */
const STARTS_WITHIN_MS = 120_000;

/**
 * Ends the open backfill of a source whose workflow is over without having said so: terminated, failed, or of another server. Its row
 * would stay open for ever and refuse every other one.
 */
export async function endLostBackfill(
  { db, temporal, log }: Pick<ActivityDeps, 'db' | 'temporal'> & { log: Pick<ActivityDeps['log'], 'backfill'> },
  source: string,
  now: Date,
): Promise<void> {
  const backfill = await openBackfillOf(db, source);
  if (!backfill || now.getTime() - backfill.askedAt.getTime() < STARTS_WITHIN_MS) return;
  if (!(await isOver(temporal, backfill))) return;
  await endBackfill(db, backfill.id, { state: 'failed', now });
  const evidence = { backfillId: backfill.id, state: 'failed' };
  await raiseAlarm(db, { kind: 'backfill_held', source, subject: backfill.id, evidence, now });
  await setCeilingPerKey(temporal, source, false);
  log.backfill.warn({ event: 'backfill.ended', backfillId: backfill.id, source, state: 'failed' });
}

async function isOver(client: Client, { workflowId }: Backfill): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    return status.name !== 'RUNNING' && status.name !== 'PAUSED' && status.name !== 'CONTINUED_AS_NEW';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true;
    throw error;
  }
}
