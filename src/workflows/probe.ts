import { isCancellation, log, proxyActivities, setCurrentDetails, sleep, workflowInfo } from '@temporalio/workflow';
import type { ProbeCalls } from '../activities/probe-calls.js';
import type { ProbeSteps } from '../activities/probe-steps.js';
import type { FailureType } from '../domain/failures.js';
import { PROBE_REF_PREFIX, sourceQueue } from '../domain/identity.js';
import { PRIORITY } from '../domain/priority.js';
import { type Timing, wholeTiming } from '../domain/timing.js';
import { probeActively } from './probing/procedure.js';

export interface ProbeInput {
  source: string;
  /** Whether requests are made and mail is written; else the ledger alone is asked. */
  active: boolean;
  timing: Timing;
}

export interface ProbeAccount {
  verified: number;
  refuted: number;
  untested: number;
  turned: number;
  /** Parts of an active probe that could not be carried through. */
  leftOut: string[];
  /** Whether mail could be written as a customer. */
  canWrite: boolean;
}

const ATTEMPTS = 8;

/** Tests what is claimed about a source, and writes a verdict on each claim. */
export async function probe(input: ProbeInput): Promise<ProbeAccount> {
  const { source, active } = input;
  const timing = wholeTiming(input.timing);
  const retry = {
    initialInterval: timing.callRetryInitialMs,
    maximumInterval: timing.callRetryMaxMs,
    maximumAttempts: ATTEMPTS,
  };
  const steps = proxyActivities<ProbeSteps>({ startToCloseTimeout: timing.sendTimeoutMs, retry });
  const leftOut: string[] = [];
  let canWrite = false;
  if (active) {
    const calls = proxyActivities<ProbeCalls>({
      taskQueue: sourceQueue(source),
      startToCloseTimeout: timing.sendTimeoutMs,
      priority: PRIORITY.audit,
      // Nothing can be asked until a person starts the source again: each part is left out at once instead of after hours.
      retry: { ...retry, nonRetryableErrorTypes: ['SourceStopped' satisfies FailureType] },
    });
    const say = (line: string) => setCurrentDetails(`**${source}**: ${line}`);
    ({ canWrite } = await probeActively({
      source,
      probeId: `${PROBE_REF_PREFIX}${workflowInfo().runId}`,
      timing,
      calls,
      steps,
      now: () => Date.now(),
      pause: (ms) => sleep(ms),
      say,
      part: async (name, work) => {
        say(`probes ${name}`);
        try {
          await work();
        } catch (error) {
          if (isCancellation(error)) throw error;
          leftOut.push(name);
          log.warn(`a part of the probe was left out: ${name}`, { source });
        }
      },
    }));
  }
  const account = await steps.judgeClaims({ source });
  setCurrentDetails(
    `**${source}**: ${account.refuted} refuted, ${account.verified} verified, ${account.untested} untested`,
  );
  return { ...account, leftOut, canWrite };
}
