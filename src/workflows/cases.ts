import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { CaseDispatch } from '../activities/case-steps.js';
import { scheduledStartTime } from './scheduled-start-time.js';

/** Full batches in one run before the rest is left to the next. */
const MOST_BATCHES = 50;

/** Starts the workflow of every open case that has none, and wakes those whose case was resolved behind their back. */
export async function cases(): Promise<{ started: number; woken: number }> {
  const { startCases } = proxyActivities<CaseDispatch>({ startToCloseTimeout: '60 seconds' });
  let [started, woken] = [0, 0];
  for (let batch = 0; batch < MOST_BATCHES; batch++) {
    const result = await startCases();
    started += result.started;
    woken += result.woken;
    if (result.started + result.woken === 0) break;
  }
  setCurrentDetails(`${started} cases started, ${woken} woken`);
  return { started, woken };
}

/** What is open, overdue and held, and how long things took: once a day to the receiver of alarms. */
export async function digest(): Promise<{ told: boolean }> {
  const { sendDigest } = proxyActivities<CaseDispatch>({
    startToCloseTimeout: '60 seconds',
    retry: { initialInterval: '5 seconds', maximumInterval: '2 hours', maximumAttempts: 8 },
    summary: 'draws the digest and hands it to the receiver of alarms',
  });
  return sendDigest({ until: scheduledStartTime() });
}
