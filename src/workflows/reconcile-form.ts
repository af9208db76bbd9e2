import { isCancellation, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { FormCalls } from '../activities/form-calls.js';
import type { FormSteps } from '../activities/form-steps.js';
import type { FailureType } from '../domain/failures.js';
import { sourceQueue } from '../domain/identity.js';
import { PRIORITY } from '../domain/priority.js';
import { type Timing, wholeTiming } from '../domain/timing.js';
import { failureType } from './source-calls.js';

export interface ReconcileFormInput {
  source: string;
  timing: Timing;
  /** Whether the list is read over its whole horizon instead of from the last reading on. */
  audit?: boolean;
}

export interface ReconciledForm {
  /** Id of its row; null where no such form is configured. */
  roundId: string | null;
  listed: number;
  recovered: number;
  missing: number | null;
  /** What kept the vendor from being asked to the end; null where nothing did. */
  trouble: string | null;
}

/** Pages of one run; the rest is owed to the next, since the reading was not exhausted. */
const MOST_PAGES = 200;
const ATTEMPTS = 8;

/**
 * Compares a form with what proves that all of its submissions came: the list of its vendor, the sequence of their numbers, or a
 * canary of our own. What the list has and we lack is recorded; what is missing otherwise is an alarm.
 */
export async function reconcileForm(input: ReconcileFormInput): Promise<ReconciledForm> {
  const { source } = input;
  const timing = wholeTiming(input.timing);
  const steps = proxyActivities<FormSteps>({ startToCloseTimeout: timing.ledgerTimeoutMs });
  const calls = proxyActivities<FormCalls>({
    taskQueue: sourceQueue(source),
    startToCloseTimeout: timing.callTimeoutMs,
    priority: PRIORITY.live,
    retry: {
      initialInterval: timing.callRetryInitialMs,
      maximumInterval: timing.callRetryMaxMs,
      maximumAttempts: ATTEMPTS,
      nonRetryableErrorTypes: ['SourceStopped' satisfies FailureType],
    },
  });
  const round = await steps.openFormRound({ source, runId: workflowInfo().runId, audit: input.audit ?? false });
  if (round === null)
    return { roundId: null, listed: 0, recovered: 0, missing: null, trouble: 'no such form is configured' };
  const { id: roundId, since, canaryId } = round;
  let trouble: string | null = null;
  try {
    if (canaryId !== null) await calls.submitCanary({ source, canaryId });
    let page = round.list ? await calls.listSubmissions({ source, roundId, since }) : null;
    for (let read = 1; page?.next === 'more' && read < MOST_PAGES; read++)
      page = await calls.listSubmissions({ source, roundId, since, afterCall: page.callId });
    if (page !== null && page.next !== 'end')
      trouble = page.next === 'cut' ? 'the list leads in a circle' : 'the list is long';
  } catch (error) {
    if (isCancellation(error)) throw error;
    trouble = failureType(error) ?? 'Unexpected';
  }
  const { listed, recovered, missing } = await steps.closeFormRound({ source, roundId });
  setCurrentDetails(
    `**${source}**: ${listed} listed, ${recovered} of them new to us${missing === null ? '' : `, ${missing} numbers missing`}${trouble === null ? '' : `; ${trouble}`}`,
  );
  return { roundId, listed, recovered, missing, trouble };
}
