import {
  ActivityCancellationType,
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { BackfillCalls } from '../activities/backfill-calls.js';
import type { BackfillSteps, BackfillTerms } from '../activities/backfill-steps.js';
import type { LedgerSteps } from '../activities/ledger-steps.js';
import type { SweepInput } from '../contracts/backfill-steps.js';
import { BACKFILL_HOLDS, BACKFILL_ORDERS, type BackfillHold, type BackfillVerb } from '../domain/backfill.js';
import { readOrder } from '../domain/backfill-orders.js';
import type { FailureType } from '../domain/failures.js';
import { backfillQueue, sourceQueue } from '../domain/identity.js';
import { backfillPriority } from '../domain/priority.js';
import { type Timing, wholeTiming } from '../domain/timing.js';
import { anew, type BackfillCounts, type Interval, type ThreadInHand, type Walk, walkOn } from './backfill-walk.js';
import { failureType } from './source-calls.js';

export interface BackfillWorkflowInput {
  /** Its row in the ledger; absent in the first run of a sweep, which makes one. */
  backfillId?: string;
  source: string;
  timing: Timing;
  sweep?: SweepInput['sweep'];
  /** Where the run before this one stood. */
  resume?: { terms: BackfillTerms; inHand: ThreadInHand[]; counted: BackfillCounts };
}

/** What its query `progress` gives; the ledger has the same and more. */
export interface BackfillStanding extends BackfillCounts {
  hold: BackfillHold | null;
  inHand: number;
  /** The creation interval that is being listed; null where none is. */
  listing: Interval | null;
}

export const progress = defineQuery<BackfillStanding>('progress');
const VERBS = Object.keys(BACKFILL_ORDERS) as BackfillVerb[];

const READ_ATTEMPTS = 8;
const NONE: BackfillCounts = { threads: 0, calls: 0, missed: 0, known: 0, parked: 0 };
/** What the workflow sees in a failed call, and the ledger may not know. */
const HOLD_OF: Partial<Record<FailureType, BackfillHold>> = {
  SourceStopped: 'source_stopped',
  SourceAuthRejected: 'token_rejected',
};

/**
 * Walks the creation intervals of a source in politeness: lists each, reads its threads whole, keeps what was missing. Where it
 * stands is in the ledger; a run only carries the threads that it has in hand. Pausing cancels what is queued, so that no further
 * call is begun; what is under way is awaited, and each thread goes on at the page where it stood.
 */
export async function backfill(
  input: BackfillWorkflowInput,
): Promise<BackfillCounts & { state: 'done' | 'cancelled' }> {
  const { source } = input;
  const timing = wholeTiming(input.timing);
  // No local activities: of several that run at once the results can come in another order when a history is replayed.
  const ledger = proxyActivities<BackfillSteps>({ startToCloseTimeout: timing.ledgerTimeoutMs });
  const slow = proxyActivities<BackfillSteps>({ startToCloseTimeout: '5 minutes' });
  const { nudge } = proxyActivities<LedgerSteps>({ startToCloseTimeout: timing.ledgerTimeoutMs });
  const known = input.backfillId ?? (await sweepOf(input.sweep));
  if (known === null) return { ...NONE, state: 'cancelled' };
  const backfillId: string = known;
  const counted = { ...(input.resume?.counted ?? NONE) };
  const waiting: ThreadInHand[] = [...(input.resume?.inHand ?? [])];
  /** Calls that are queued or under way. */
  const scopes = new Set<CancellationScope>();
  let begun: BackfillTerms | null = null as BackfillTerms | null;
  let terms: BackfillTerms;
  /** Orders that come before it has been taken up wait. */
  let taken = false;
  let paused = false;
  let hold: BackfillHold | null = null;
  /** The provider rejected our token: not asked again before this instant, ms. */
  let tokenUntil = 0;
  let cancelled = false;
  let handsOver = false;

  const walk: Walk = {
    ...{ source, backfillId, counted, waiting, terms: () => terms, calls, asked, over, note },
    ...{ working: new Set<ThreadInHand>(), opened: 0, listing: null, allListed: false, turns: 0 },
    noneListed: input.resume === undefined, // a first run has listed nothing yet
  };

  setHandler(progress, () => ({
    ...counted,
    ...{ hold, inHand: waiting.length + walk.working.size, listing: walk.listing },
  }));
  for (const verb of VERBS) {
    setHandler(defineSignal<[unknown?]>(verb), async (payload) => {
      await obey(verb, payload);
    });
    setHandler(defineUpdate<BackfillTerms, [unknown?]>(verb), async (payload) => {
      const { refused } = await obey(verb, payload);
      if (refused !== null) throw ApplicationFailure.nonRetryable(refused, 'OrderRefused');
      return terms;
    });
  }

  begun = await slow.beginBackfill({ backfillId, inHand: waiting.map((one) => one.thread) });
  if (!begun) {
    cancelled = true;
    taken = true;
    await condition(allHandlersFinished);
    return { ...counted, state: 'cancelled' };
  }
  terms = begun;
  paused = terms.paused;
  if (paused) hold = 'person';
  taken = true;
  const watching = new CancellationScope();
  const watcher = watching.run(watch).catch((error: unknown) => {
    if (!isCancellation(error)) throw error;
  });
  let ended = false;
  try {
    while (!over() && !ended) {
      await walkOn(walk, ledger, { nudge });
      if (over()) break;
      ended = await ledger.endBackfill({ backfillId, state: 'done' });
      walk.allListed = false;
      anew(walk); // what is owed still may be threads that are listed already
    }
    watching.cancel();
    await watcher;
    await condition(allHandlersFinished);
  } catch (error) {
    // Cancelled as a workflow, without an order: the row must not stay open, for it would block every other backfill.
    if (isCancellation(error))
      await CancellationScope.nonCancellable(() => ledger.endBackfill({ backfillId, state: 'cancelled' }));
    throw error;
  }
  if (handsOver && !cancelled && !ended) {
    return continueAsNew<typeof backfill>({
      backfillId,
      source,
      timing: input.timing,
      resume: { terms, inHand: [...waiting], counted },
    });
  }
  const state = ended ? 'done' : 'cancelled';
  if (!ended) await ledger.endBackfill({ backfillId, state });
  await condition(allHandlersFinished);
  setCurrentDetails(`**${source}**: ${state}; ${told()}`);
  return { ...counted, state };

  async function sweepOf(sweep: BackfillWorkflowInput['sweep']): Promise<string | null> {
    if (!sweep) return null;
    return (await ledger.openSweep({ source, sweep }))?.backfillId ?? null;
  }

  function told(): string {
    return `${counted.threads} threads read in ${counted.calls} calls, ${counted.missed} messages were missing`;
  }

  /**
   * Makes one call when calls may be made. What a pause takes out of the queue is asked for again when it is over. Before a new run no
   * further one is begun, but for those that go on `toItsEnd` with a listing, whose position no run passes on.
   */
  async function asked<T>(call: () => Promise<T>, { toItsEnd } = { toItsEnd: false }): Promise<T> {
    const ends = () => cancelled || (handsOver && (!toItsEnd || hold !== null));
    for (;;) {
      await condition(() => ends() || hold === null);
      const scope = new CancellationScope();
      if (ends()) scope.cancel();
      scopes.add(scope);
      try {
        const result = await scope.run(call);
        counted.calls += 1;
        if (workflowInfo().continueAsNewSuggested) handOver();
        return result;
      } catch (error) {
        if (isCancellation(error)) {
          if (ends() || CancellationScope.current().consideredCancelled) throw error;
          continue;
        }
        const inTheWay = HOLD_OF[failureType(error) ?? 'Unexpected'];
        if (!inTheWay) throw error;
        if (inTheWay === 'token_rejected') tokenUntil = Date.now() + timing.backfillTokenMs;
        await look(inTheWay);
      } finally {
        scopes.delete(scope);
      }
    }
  }

  function calls(): BackfillCalls {
    return proxyActivities<BackfillCalls>({
      taskQueue: terms.ownQueue ? backfillQueue(source) : sourceQueue(source),
      startToCloseTimeout: timing.callTimeoutMs,
      priority: backfillPriority(terms.ownQueue ? null : terms.pace.perSecond),
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
      retry: {
        initialInterval: timing.callRetryInitialMs,
        maximumInterval: timing.callRetryMaxMs,
        maximumAttempts: READ_ATTEMPTS,
        nonRetryableErrorTypes: ['SourceStopped', 'SourceAuthRejected'] satisfies FailureType[],
      },
    });
  }

  /** Looks again and again whether anything keeps it from calling. */
  async function watch(): Promise<void> {
    for (;;) {
      await condition(() => over() || !paused);
      if (over()) return;
      await look(null);
      await condition(over, timing.backfillCheckMs);
    }
  }

  async function look(known: BackfillHold | null): Promise<void> {
    const rejected = Date.now() < tokenUntil ? 'token_rejected' : null;
    const found = await ledger.holdOfBackfill({ backfillId, known: known ?? rejected });
    if (found.ended) cancelled = true;
    turnTo(found.ended ? 'person' : found.hold);
    if (workflowInfo().continueAsNewSuggested) handOver();
  }

  function turnTo(found: BackfillHold | null): void {
    hold = paused ? 'person' : found;
    if (hold !== null) takeOut();
    note();
  }

  /** Takes calls out of the queue; one that is under way is awaited. */
  function takeOut(): void {
    for (const scope of scopes) scope.cancel();
  }

  async function obey(verb: BackfillVerb, payload: unknown): Promise<{ refused: string | null }> {
    const order = readOrder(verb, payload);
    if ('problem' in order) {
      await ledger.orderBackfill({ backfillId, verb, actor: 'temporal', detail: {}, refused: order.problem });
      return { refused: order.problem };
    }
    await condition(() => taken);
    if (!begun) return { refused: 'the backfill has ended' };
    const { by, verb: _, ...detail } = order;
    // It stops what is queued before it is written down: nothing that waits is to leave meanwhile.
    if (verb === 'pause') paused = true;
    if (verb === 'cancel') cancelled = true;
    if (verb === 'pause' || verb === 'cancel') turnTo(hold);
    if (verb === 'cancel') takeOut();
    const written = { backfillId, verb, actor: by, detail: flat(detail), refused: null };
    const { refused, ...rest } = await ledger.orderBackfill(written);
    terms = rest;
    if (refused !== null) return { refused };
    if (verb === 'resume') {
      paused = false;
      tokenUntil = 0;
      await look(null);
    }
    if (verb === 'extend') {
      walk.allListed = false;
      anew(walk);
    }
    return { refused: null };
  }

  /** What is queued is waited for: taken out it would cost events too, and the server would still count it against the rate. */
  function handOver(): void {
    handsOver = true;
  }

  function over(): boolean {
    return cancelled || handsOver;
  }

  function note(): void {
    const where = hold === null ? told() : `makes no calls: ${BACKFILL_HOLDS[hold]}; ${told()}`;
    setCurrentDetails(`**${source}**: ${where}`);
  }
}

const flat = (detail: Record<string, unknown>): Record<string, unknown> => {
  const { pace, ...rest } = detail;
  return { ...rest, ...(typeof pace === 'object' ? pace : {}) };
};
