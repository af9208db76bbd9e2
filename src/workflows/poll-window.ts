import { continueAsNew, isCancellation, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { LedgerSteps } from '../activities/ledger-steps.js';
import { visitWorkflowId } from '../domain/identity.js';
import { halve } from '../domain/interval.js';
import { type Timing, wholeTiming } from '../domain/timing.js';
import type { StoredInterval, WindowAccount } from '../ledger/windows.js';
import { scheduledStartTime } from './scheduled-start-time.js';
import { failureType, readingCalls } from './source-calls.js';

export interface PollWindowInput {
  source: string;
  timing: Timing;
  /** Where the run before this one stood. */
  resume?: { windowId: string; owed: StoredInterval[]; newThreads: number };
}

const READINGS = 3;

/**
 * Reads the creation intervals that a source owes us; one counts as read only when its listing was exhausted. An interval whose
 * cursor expires or whose rows move is read in halves, down to the width that covers; what cannot be exhausted at that width
 * stays owed and is named as a gap.
 */
export async function pollWindow(input: PollWindowInput): Promise<WindowAccount> {
  const { source, resume } = input;
  const timing = wholeTiming(input.timing);
  const ledger = proxyActivities<LedgerSteps>({ startToCloseTimeout: timing.ledgerTimeoutMs });
  const { listPage } = readingCalls(source, timing);
  const opened = resume ?? (await openFresh());
  const owed = [...opened.owed];
  let newThreads = opened.newThreads;

  for (let interval = owed.shift(); interval; interval = owed.shift()) {
    setCurrentDetails(
      `**${source}**: listing threads created from ${interval.from} to ${interval.to}; ${owed.length} intervals after it`,
    );
    const outcome = await exhaust(interval);
    if (outcome === 'cut') owed.unshift(...halves(interval));
    if (outcome === 'stopped') break;
    if (workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof pollWindow>({
        source,
        timing,
        resume: { windowId: opened.windowId, owed, newThreads },
      });
    }
  }
  const account = await ledger.closeWindow({ windowId: opened.windowId });
  if (newThreads > 0) await ledger.nudge({ schedule: visitWorkflowId(source) });
  setCurrentDetails(
    `**${source}**: ${account.outcome}; ${account.listings} listings, ${account.newThreads} new threads, ${account.gaps.length} gaps`,
  );
  return account;

  async function openFresh(): Promise<{ windowId: string; owed: StoredInterval[]; newThreads: number }> {
    const window = await ledger.openWindow({ source, scheduledAt: scheduledStartTime() });
    return { windowId: window.id, owed: window.owed, newThreads: 0 };
  }

  async function exhaust(interval: StoredInterval): Promise<'end' | 'cut' | 'stopped'> {
    for (let reading = 0; reading < READINGS; reading++) {
      try {
        const { windowId } = opened;
        let page = await listPage({ source, windowId, interval });
        newThreads += page.stored;
        while (page.next === 'more') {
          page = await listPage({ source, windowId, interval, afterCall: page.callId });
          newThreads += page.stored;
        }
        if (page.next === 'end') return 'end';
      } catch (error) {
        if (isCancellation(error)) throw error;
        if (failureType(error) === 'SourceStopped') return 'stopped';
        // An expired cursor asks for less at once; anything else stays owed, and the window closes with the gap named.
        return failureType(error) === 'CursorExpired' ? 'cut' : 'end';
      }
    }
    return 'cut';
  }

  function halves(interval: StoredInterval): StoredInterval[] {
    const whole = { from: Date.parse(interval.from), to: Date.parse(interval.to) };
    const parts = interval.covering ? halve(whole, timing.coveringWidthMs) : null;
    return (parts ?? []).map(({ from, to }) => ({
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      covering: true,
    }));
  }
}
