import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { LedgerSteps } from '../activities/ledger-steps.js';

/** Full batches in one run before the rest is left to the next. */
const MOST_BATCHES = 50;

/** Starts a lifecycle for every message that is recorded and not carried, of every route and source; calls no provider. */
export async function dispatch(): Promise<{ started: number }> {
  const { startLifecycles } = proxyActivities<LedgerSteps>({
    startToCloseTimeout: '60 seconds',
    heartbeatTimeout: '10 seconds',
  });
  let started = 0;
  for (let batch = 0; batch < MOST_BATCHES; batch++) {
    const result = await startLifecycles();
    started += result.started;
    if (result.started + (result.woken ?? 0) === 0) break;
  }
  setCurrentDetails(`${started} lifecycles started`);
  return { started };
}
