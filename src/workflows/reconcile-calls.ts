import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { CallComparison } from '../activities/call-comparison.js';
import type { PhoneCalls } from '../activities/phone-calls.js';
import type { Comparison } from '../delivery/calling/compare.js';
import { sourceQueue } from '../domain/identity.js';
import { PRIORITY } from '../domain/priority.js';
import { type Timing, wholeTiming } from '../domain/timing.js';

export interface ReconcileCallsInput {
  source: string;
  timing: Timing;
}

const READ_ATTEMPTS = 8;

/** Lists the calls of the phone provider and compares them with ours, both ways; what callbacks did not tell is taken over. */
export async function reconcileCalls(input: ReconcileCallsInput): Promise<Comparison | null> {
  const { source } = input;
  const timing = wholeTiming(input.timing);
  const { listCallsPage } = proxyActivities<PhoneCalls>({
    taskQueue: sourceQueue(source),
    startToCloseTimeout: timing.callTimeoutMs,
    priority: PRIORITY.audit,
    retry: {
      initialInterval: timing.callRetryInitialMs,
      maximumInterval: timing.callRetryMaxMs,
      maximumAttempts: READ_ATTEMPTS,
    },
  });
  const { compareCalls } = proxyActivities<CallComparison>({ startToCloseTimeout: '2 minutes' });
  let listed = await listCallsPage({ source });
  while (listed.next === 'more') listed = await listCallsPage({ source, afterCall: listed.callId });
  if (listed.next === 'cut') {
    // A list that was not read to its end proves nothing about what it lacks.
    setCurrentDetails(`**${source}**: more calls than one comparison reads`);
    return null;
  }
  const found = await compareCalls({ source, readingId: listed.readingId });
  setCurrentDetails(
    `**${source}**: ${found.listed} calls; ${found.recovered} statuses recovered, ${found.strange} unknown to us, ${found.missing} missing`,
  );
  return found;
}
