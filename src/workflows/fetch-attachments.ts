import { isCancellation, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { AttachmentCalls } from '../activities/attachment-calls.js';
import type { AttachmentSteps } from '../activities/attachment-steps.js';
import type { FailureType } from '../domain/failures.js';
import { sourceQueue } from '../domain/identity.js';
import { PRIORITY } from '../domain/priority.js';
import { type Timing, wholeTiming } from '../domain/timing.js';
import { failureType } from './source-calls.js';

export interface FetchAttachmentsInput {
  source: string;
  timing: Timing;
}

const BATCH = 20;
/** Attachments of one run: with their attempts they stay far below the length at which a history has to go on as a new one. */
const MOST = 200;
const LANES = 2;
const ATTEMPTS = 3;

/**
 * Fetches the attachments of a source that are due, one activity per call, behind everything live, for about a minute. One that
 * does not come is asked for again by a later run.
 */
export async function fetchAttachments(input: FetchAttachmentsInput): Promise<{ asked: number; failed: number }> {
  const { source } = input;
  const timing = wholeTiming(input.timing);
  const ledger = proxyActivities<AttachmentSteps>({ startToCloseTimeout: timing.ledgerTimeoutMs });
  const { fetchAttachment } = proxyActivities<AttachmentCalls>({
    taskQueue: sourceQueue(source),
    startToCloseTimeout: timing.attachmentTimeoutMs,
    priority: PRIORITY.attachments,
    retry: {
      initialInterval: timing.callRetryInitialMs,
      maximumInterval: timing.callRetryMaxMs,
      maximumAttempts: ATTEMPTS,
      nonRetryableErrorTypes: ['SourceStopped' satisfies FailureType],
    },
  });
  const endsAt = Date.now() + timing.runBudgetMs;
  const account = { asked: 0, failed: 0 };
  let stopped = false;

  while (!stopped && account.asked < MOST && Date.now() < endsAt) {
    const { attachments } = await ledger.dueAttachments({ source, limit: BATCH });
    const asked = attachments.length; // the lanes empty the list
    account.asked += asked;
    setCurrentDetails(`**${source}**: ${account.asked} attachments asked for, ${account.failed} put off`);
    await Promise.all(Array.from({ length: LANES }, () => lane(attachments)));
    if (asked < BATCH) break;
  }
  setCurrentDetails(`**${source}**: ${account.asked} attachments asked for, ${account.failed} put off`);
  return account;

  async function lane(waiting: string[]): Promise<void> {
    for (let attachmentId = waiting.shift(); attachmentId && !stopped; attachmentId = waiting.shift()) {
      try {
        const { next } = await fetchAttachment({ source, attachmentId });
        if (next === 'link') await fetchAttachment({ source, attachmentId });
      } catch (error) {
        if (isCancellation(error)) throw error;
        stopped ||= failureType(error) === 'SourceStopped';
        account.failed += 1;
        const problem = failureType(error) ?? 'Unexpected';
        if (!stopped) await ledger.postponeAttachment({ source, attachmentId, problem });
      }
    }
  }
}
