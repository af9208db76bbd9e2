import { ActivityFailure, ApplicationFailure, proxyActivities } from '@temporalio/workflow';
import type { HintSteps } from '../activities/hint-steps.js';
import type { SourceCalls } from '../activities/source-calls.js';
import type { FailureType } from '../domain/failures.js';
import { sourceQueue } from '../domain/identity.js';
import { PRIORITY } from '../domain/priority.js';
import type { Timing } from '../domain/timing.js';

/** After so many attempts a page stays owed and the run goes on without it, so that one poison answer wedges nothing. */
const READ_ATTEMPTS = 8;

/** The calls of a source that read: one request each, paced by its queue. */
export const readingCalls = (source: string, timing: Timing, attempts = READ_ATTEMPTS) =>
  proxyActivities<Pick<SourceCalls, 'listPage' | 'readThreadPage' | 'lookUpThread'> & HintSteps>({
    taskQueue: sourceQueue(source),
    startToCloseTimeout: timing.callTimeoutMs,
    priority: PRIORITY.live,
    retry: {
      initialInterval: timing.callRetryInitialMs,
      maximumInterval: timing.callRetryMaxMs,
      maximumAttempts: attempts,
      // A reading is not held open until a person acts: the window or round closes, and says so.
      nonRetryableErrorTypes: ['SourceStopped' satisfies FailureType],
    },
  });

/** The type of ours that an activity failed with; null for a failure that is none of ours. */
export function failureType(error: unknown): FailureType | null {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure ? ((cause.type as FailureType | undefined) ?? null) : null;
}
