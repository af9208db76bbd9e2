import {
  continueAsNew,
  isCancellation,
  patched,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { AuditCalls, AuditPageResult } from '../activities/audit-calls.js';
import type { AuditAccount, AuditSteps } from '../activities/audit-steps.js';
import type { LedgerSteps } from '../activities/ledger-steps.js';
import type { FailureType } from '../domain/failures.js';
import { DISPATCH_WORKFLOW_ID, sourceQueue } from '../domain/identity.js';
import { PRIORITY } from '../domain/priority.js';
import { type Timing, wholeTiming } from '../domain/timing.js';
import { failureType } from './source-calls.js';

export interface AuditWorkflowInput {
  source: string;
  timing: Timing;
  /** Threads to draw; the configured number unless given. */
  threads?: number;
  /** Repeats the draw of another audit; its own unless given. */
  seed?: number;
  /** Where the run before this one stood. */
  resume?: { auditId: string; drawn: number; read: number };
}

/** Few at a time: an audit is in no hurry, and its calls stand behind those of the intake. */
const LANES = 2;
const READINGS = 3;
const READ_ATTEMPTS = 8;

/**
 * Draws known threads at random, reads each whole now, and counts what intake did not have. What is found is taken in by the same
 * path as any reading. Which threads are still to be read stands in the ledger, so a new run goes on where the last one was.
 */
export async function audit(input: AuditWorkflowInput): Promise<AuditAccount> {
  const { source, resume } = input;
  const timing = wholeTiming(input.timing);
  const ledger = proxyActivities<AuditSteps>({ startToCloseTimeout: timing.ledgerTimeoutMs });
  const slow = proxyActivities<AuditSteps>({ startToCloseTimeout: '5 minutes' });
  const { nudge } = proxyActivities<LedgerSteps>({ startToCloseTimeout: timing.ledgerTimeoutMs });
  const { auditThreadPage } = proxyActivities<AuditCalls>({
    taskQueue: sourceQueue(source),
    startToCloseTimeout: timing.callTimeoutMs,
    priority: PRIORITY.audit,
    retry: {
      initialInterval: timing.callRetryInitialMs,
      maximumInterval: timing.callRetryMaxMs,
      maximumAttempts: READ_ATTEMPTS,
      nonRetryableErrorTypes: ['SourceStopped' satisfies FailureType],
    },
  });
  const { auditId, drawn } = resume ?? (await open());
  let read = resume?.read ?? 0;
  let stopped = false;

  for (;;) {
    const { threads } = await ledger.auditBatch({ auditId });
    if (threads.length === 0) break;
    if ((await readBatch(threads)) > 0) await nudge({ schedule: DISPATCH_WORKFLOW_ID });
    if (stopped) break; // what is left was not read, which the figure says
    if (workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof audit>({ source, timing, resume: { auditId, drawn, read } });
    }
  }
  const account = await slow.closeAudit({ auditId });
  setCurrentDetails(
    `**${source}**: ${account.missed} messages missed, ${account.late} late, in ${account.threads} threads; threads never listed: ${account.frame}`,
  );
  return account;

  async function open(): Promise<{ auditId: string; drawn: number }> {
    const { id, threads } = await slow.openAudit({
      source,
      threads: input.threads ?? timing.auditThreads,
      seed: input.seed ?? null,
    });
    return { auditId: id, drawn: threads };
  }

  /** Gives the number of messages that now wait for a lifecycle. */
  async function readBatch(threads: string[]): Promise<number> {
    const waiting = [...threads];
    let opened = 0;
    const lane = async () => {
      for (let threadId = waiting.shift(); threadId; threadId = waiting.shift()) {
        try {
          opened += await readWhole(threadId);
        } catch (error) {
          if (isCancellation(error)) throw error;
          if (failureType(error) === 'SourceStopped' && patched('audit-of-a-stopped-source-2026-11-24')) {
            stopped = true;
            waiting.length = 0;
            return;
          }
          await ledger.skipAuditThread({ auditId, threadId });
        }
        read += 1;
        setCurrentDetails(`**${source}**: ${read} of ${drawn} threads read`);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return opened;
  }

  async function readWhole(threadId: string): Promise<number> {
    let opened = 0;
    const ask = async (position: { afterCall?: string; confirm?: string }): Promise<AuditPageResult> => {
      const page = await auditThreadPage({ source, auditId, threadId, ...position });
      opened += page.open;
      return page;
    };
    for (let reading = 0; reading < READINGS; reading++) {
      let page = await ask({});
      const { readingId } = page;
      while (page.next === 'more') page = await ask({ afterCall: page.callId });
      if (page.next === 'confirm') page = await ask({ confirm: page.readingId });
      if (page.next === 'gone') return opened;
      if (page.next === 'end') {
        await ledger.closeAuditThread({ auditId, threadId, readingId });
        return opened;
      }
    }
    await ledger.skipAuditThread({ auditId, threadId });
    return opened;
  }
}
