import { proxyActivities } from '@temporalio/workflow';
import type { LedgerSteps } from '../activities/ledger-steps.js';

/** Upkeep of the ledger: makes the partitions of the coming months ahead of need. */
export async function maintain(): Promise<{ partitions: number }> {
  return proxyActivities<LedgerSteps>({ startToCloseTimeout: '60 seconds' }).ensurePartitions();
}
