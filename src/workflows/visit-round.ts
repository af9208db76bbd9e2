import { continueAsNew, isCancellation, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { LedgerSteps } from '../activities/ledger-steps.js';
import type { ThreadPageResult } from '../activities/source-calls.js';
import { DISPATCH_WORKFLOW_ID } from '../domain/identity.js';
import { type Timing, wholeTiming } from '../domain/timing.js';
import type { RoundAccount } from '../ledger/visits.js';
import { failureType, readingCalls } from './source-calls.js';

export interface VisitRoundInput {
  source: string;
  timing: Timing;
  /** Where the run before this one stood. */
  resume?: { roundId: string; account: RoundAccount; endsAt: number; guarantee?: string };
}

type DueBatch = { threads: string[]; lookups?: string[] };

const BATCH = 60;
/** Calls waiting on the source's queue at once; its rate is the server's. */
const LANES = 12;
const READINGS = 3;
const EMPTY: RoundAccount = { threads: 0, calls: 0, stored: 0, known: 0, parked: 0, gone: 0, failed: 0 };

/**
 * Reads due threads whole, one activity per call, several threads side by side, for about a minute; what is left is due for the
 * next round. A thread that cannot be read is put off a little and stays owed.
 */
export async function visitRound(input: VisitRoundInput): Promise<RoundAccount> {
  const { source, resume } = input;
  const timing = wholeTiming(input.timing);
  const ledger = proxyActivities<LedgerSteps>({ startToCloseTimeout: timing.ledgerTimeoutMs });
  const { readThreadPage, lookUpThread } = readingCalls(source, timing);
  const account = { ...(resume?.account ?? EMPTY) };
  const endsAt = resume?.endsAt ?? Date.now() + timing.runBudgetMs;
  const { id: roundId, guarantee = '' } = resume
    ? { id: resume.roundId, guarantee: resume.guarantee }
    : await ledger.openRound({ source });
  const promise = guarantee === '' ? '' : `\n\nGuarantee: ${guarantee}.`;

  for (;;) {
    // A batch of an older build names no lookups.
    const { threads, lookups = [] } = (await ledger.dueBatch({ source, limit: BATCH })) as DueBatch;
    for (const parkId of lookups) await lookUp(parkId);
    if (threads.length === 0) break;
    setCurrentDetails(
      `**${source}**: ${account.threads} threads read in ${account.calls} calls, ${account.stored} messages stored; ${threads.length} more in hand${promise}`,
    );
    if ((await readBatch(threads)) > 0) await ledger.nudge({ schedule: DISPATCH_WORKFLOW_ID });
    if (Date.now() >= endsAt) break;
    if (workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof visitRound>({ source, timing, resume: { roundId, account, endsAt, guarantee } });
    }
  }
  await ledger.closeRound({ roundId, account });
  setCurrentDetails(
    `**${source}**: ${account.threads} threads read in ${account.calls} calls, ${account.stored} messages stored, ${account.failed} put off${promise}`,
  );
  return account;

  /** Asks for a thread whose row in a listing could not be read; one that cannot be read now either is asked for later again. */
  async function lookUp(parkId: string): Promise<void> {
    try {
      await lookUpThread({ source, roundId, parkId });
      account.calls += 1;
    } catch (error) {
      if (isCancellation(error)) throw error;
    }
  }

  /** Gives the number of messages that now wait for a lifecycle. */
  async function readBatch(threads: string[]): Promise<number> {
    const waiting = [...threads];
    let open = 0;
    const lane = async () => {
      for (let threadId = waiting.shift(); threadId; threadId = waiting.shift()) {
        try {
          open += await readWhole(threadId);
        } catch (error) {
          if (isCancellation(error)) throw error;
          account.failed += 1;
          if (failureType(error) === 'SourceStopped') {
            waiting.length = 0; // every thread keeps its due instant, until a person starts the source again
            return;
          }
          // A run of an older build gave nothing back.
          const put = (await ledger.postponeVisit({ threadId })) as { parked: number } | undefined;
          account.parked += put?.parked ?? 0;
        }
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return open;
  }

  async function readWhole(threadId: string): Promise<number> {
    let open = 0;
    const read = async (position: { afterCall?: string; confirm?: string }): Promise<ThreadPageResult> => {
      const page = await readThreadPage({ source, roundId, threadId, ...position });
      account.calls += 1;
      account.stored += page.stored;
      account.known += page.known;
      account.parked += page.parked;
      open += page.open;
      return page;
    };
    for (let reading = 0; reading < READINGS; reading++) {
      let page = await read({});
      while (page.next === 'more') page = await read({ afterCall: page.callId });
      if (page.next === 'confirm') page = await read({ confirm: page.readingId });
      if (page.next === 'missing') break;
      if (page.next === 'gone') account.gone += 1;
      if (page.next !== 'shifted') {
        account.threads += 1;
        return open;
      }
    }
    account.failed += 1;
    await ledger.postponeVisit({ threadId });
    return open;
  }
}
