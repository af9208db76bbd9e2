import { createAuditCalls } from './audit-calls.js';
import { createAuditSteps } from './audit-steps.js';
import type { ActivityDeps } from './deps.js';
import { createLedgerSteps } from './ledger-steps.js';
import { createLifecycleSteps } from './lifecycle-steps.js';
import { createProbeCalls } from './probe-calls.js';
import { createProbeSteps } from './probe-steps.js';
import { createSourceCalls } from './source-calls.js';

/** Activities by the queue that serves them. */
export const createActivities = (deps: ActivityDeps) => ({
  intake: { ...createLedgerSteps(deps), ...createAuditSteps(deps), ...createProbeSteps(deps) },
  lifecycle: createLifecycleSteps(deps),
  source: { ...createSourceCalls(deps), ...createAuditCalls(deps), ...createProbeCalls(deps) },
});
