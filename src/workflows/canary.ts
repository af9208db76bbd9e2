import { proxyActivities, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { ProbeSteps } from '../activities/probe-steps.js';
import { type Timing, wholeTiming } from '../domain/timing.js';

export interface CanaryRunInput {
  source: string;
  timing: Timing;
}

/** Looks within the time that a canary has to come back. */
const LOOKS = 10;

/**
 * Writes one mail as a customer, with a late Date header, and waits for it to come back through the provider: from its writing to
 * its recording is the delay that every other message has as well. One that is overdue raises an alarm, and the next run goes on.
 */
export async function canary(input: CanaryRunInput): Promise<{ came: boolean; delayMs: number | null }> {
  const { source } = input;
  const timing = wholeTiming(input.timing);
  const steps = proxyActivities<ProbeSteps>({
    startToCloseTimeout: timing.callTimeoutMs,
    retry: { initialInterval: timing.callRetryInitialMs, maximumInterval: timing.callRetryMaxMs, maximumAttempts: 20 },
  });
  const written = await steps.writeMail({ source, purpose: 'canary', originAgeMs: timing.canaryOriginAgeMs });
  const { canaryId } = written;
  setCurrentDetails(`**${source}**: written at ${written.sentAt}, due at ${written.dueAt}`);
  for (let look = 0; ; look++) {
    await sleep(Math.max(1, timing.canaryDueMs / LOOKS));
    const seen = await steps.checkCanary({ source, canaryId });
    if (!seen.came && look < LOOKS) continue;
    setCurrentDetails(`**${source}**: ${seen.came ? `came back after ${seen.delayMs} ms` : 'overdue'}`);
    return seen;
  }
}
