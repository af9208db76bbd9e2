import type { ActivityDeps } from './deps.js';
import { createLedgerSteps } from './ledger-steps.js';
import { createLifecycleSteps } from './lifecycle-steps.js';
import { createSourceCalls } from './source-calls.js';

/** Activities by the queue that serves them. */
export const createActivities = (deps: ActivityDeps) => ({
  intake: createLedgerSteps(deps),
  lifecycle: createLifecycleSteps(deps),
  source: createSourceCalls(deps),
});
