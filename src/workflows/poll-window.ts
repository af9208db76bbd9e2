import {
  continueAsNew,
  isCancellation,
  patched,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { LedgerSteps } from '../activities/ledger-steps.js';
import { exhaustInterval } from '../domain/exhaust.js';
import type { FailureType } from '../domain/failures.js';
import { visitWorkflowId } from '../domain/identity.js';
import { halve } from '../domain/interval.js';
import { type Timing, wholeTiming } from '../domain/timing.js';
import type { StoredInterval, Trouble, WindowAccount } from '../ledger/windows.js';
import { scheduledStartTime } from './scheduled-start-time.js';
import { failureType, readingCalls } from './source-calls.js';

export interface PollWindowInput {
  source: string;
  timing: Timing;
  /** Where the run before this one stood. */
  resume?: { windowId: string; owed: StoredInterval[]; newThreads: number; troubles?: Trouble[] };
}

/** A hint that cannot be followed is followed by a later window: listings wait for it only so long. */
const HINT_ATTEMPTS = 3;

/**
 * Reads the creation intervals that a source owes us; one counts as read only when its listing was exhausted and nothing speaks
 * against it. An interval whose cursor expires or whose rows move is read in halves, down to the width that covers; what cannot be
 * exhausted at that width stays owed and is named as a gap. Before that, threads that hints name and nobody knows are looked up.
 */
export async function pollWindow(input: PollWindowInput): Promise<WindowAccount> {
  const { source, resume } = input;
  const timing = wholeTiming(input.timing);
  const ledger = proxyActivities<LedgerSteps>({ startToCloseTimeout: timing.ledgerTimeoutMs });
  const { listPage } = readingCalls(source, timing);
  const { lookUpHint } = readingCalls(source, timing, HINT_ATTEMPTS);
  const opened = resume ?? (await openFresh());
  const owed = [...opened.owed];
  const troubles = [...(opened.troubles ?? [])];
  let newThreads = opened.newThreads;

  for (let interval = owed.shift(); interval; interval = owed.shift()) {
    setCurrentDetails(
      `**${source}**: listing threads created from ${interval.from} to ${interval.to}; ${owed.length} intervals after it`,
    );
    const exhausted = await exhaust(interval);
    if (exhausted.outcome !== 'end') {
      const parts = exhausted.outcome === 'cut' ? halves(interval) : [];
      if (parts.length > 0) owed.unshift(...parts);
      else troubles.push({ from: interval.from, to: interval.to, because: exhausted.because });
      if (exhausted.because === 'SourceStopped') break; // nothing more can be asked: the rest stays owed
    }
    if (workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof pollWindow>({
        source,
        timing,
        resume: { windowId: opened.windowId, owed, newThreads, troubles },
      });
    }
  }
  const account = await ledger.closeWindow({ windowId: opened.windowId, troubles });
  if (newThreads > 0) await ledger.nudge({ schedule: visitWorkflowId(source) });
  setCurrentDetails(
    `**${source}**: ${account.outcome}; ${account.listings} listings, ${account.newThreads} new threads, ${account.gaps.length} gaps`,
  );
  return account;

  async function openFresh(): Promise<NonNullable<PollWindowInput['resume']>> {
    const window = await ledger.openWindow({ source, scheduledAt: scheduledStartTime() });
    // A run that was opened by an earlier build has no list of lookups.
    const hinted = await lookUp(window.id, (window as Partial<typeof window>).lookups ?? []);
    return { windowId: window.id, owed: window.owed, newThreads: hinted };
  }

  /** Each hint by itself: one that cannot be followed now holds up neither the others nor the listings. */
  async function lookUp(windowId: string, hints: readonly string[]): Promise<number> {
    let stored = 0;
    for (const hintId of hints) {
      try {
        stored += (await lookUpHint({ source, windowId, hintId })).stored;
      } catch (error) {
        if (nameOf(error) === 'SourceStopped' || !patched('hints-one-by-one-2026-11-24')) break;
      }
    }
    return stored;
  }

  function exhaust(interval: StoredInterval) {
    const { windowId } = opened;
    return exhaustInterval(async (position) => {
      const page = await listPage({ source, windowId, interval, ...position });
      newThreads += page.stored;
      return page;
    }, nameOf);
  }

  function nameOf(error: unknown): FailureType {
    if (isCancellation(error)) throw error;
    return failureType(error) ?? 'Unexpected';
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
