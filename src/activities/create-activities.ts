import { createAlarmSteps } from './alarm-steps.js';
import { createAttachmentCalls } from './attachment-calls.js';
import { createAttachmentSteps } from './attachment-steps.js';
import { createAuditCalls } from './audit-calls.js';
import { createAuditSteps } from './audit-steps.js';
import { createBackfillCalls } from './backfill-calls.js';
import { createBackfillSteps } from './backfill-steps.js';
import { createCallComparison } from './call-comparison.js';
import { createCallSteps } from './call-steps.js';
import { createCaseCalls, createCaseDispatch, createCaseSteps, createCaseTelling } from './case-steps.js';
import type { ActivityDeps } from './deps.js';
import { createFormCalls } from './form-calls.js';
import { createFormSteps } from './form-steps.js';
import { createHandOffCalls, createHandOffSteps } from './hand-off-steps.js';
import { createHintSteps } from './hint-steps.js';
import { createLedgerSteps } from './ledger-steps.js';
import { createLifecycleSteps } from './lifecycle-steps.js';
import { createModelCalls } from './model-calls.js';
import { createPacingSteps } from './pacing-steps.js';
import { createPhoneCalls } from './phone-calls.js';
import { createProbeCalls } from './probe-calls.js';
import { createProbeSteps } from './probe-steps.js';
import { createSourceCalls } from './source-calls.js';

/** Activities by the queue that serves them. */
export const createActivities = (deps: ActivityDeps) => ({
  intake: {
    ...createLedgerSteps(deps),
    ...createAuditSteps(deps),
    ...createBackfillSteps(deps),
    ...createPacingSteps(deps),
    ...createAlarmSteps(deps),
    ...createAttachmentSteps(deps),
    ...createProbeSteps(deps),
    ...createCallComparison(deps),
    ...createFormSteps(deps),
    ...createCaseDispatch(deps),
    ...createCaseTelling(deps),
  },
  lifecycle: {
    ...createLifecycleSteps(deps),
    ...createCallSteps(deps),
    ...createCaseSteps(deps),
    ...createHandOffSteps(deps),
  },
  source: {
    ...createSourceCalls(deps),
    ...createAuditCalls(deps),
    ...createBackfillCalls(deps),
    ...createAttachmentCalls(deps),
    ...createHintSteps(deps),
    ...createProbeCalls(deps),
    ...createModelCalls(deps),
    ...createPhoneCalls(deps),
    ...createFormCalls(deps),
    ...createCaseCalls(deps),
    ...createHandOffCalls(deps),
  },
});
