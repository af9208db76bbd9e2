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
import type { BackfillCalls, BackfillPageResult } from '../activities/backfill-calls.js';
import type { BackfillSteps, BackfillTerms } from '../activities/backfill-steps.js';
import type { LedgerSteps } from '../activities/ledger-steps.js';
import type { BehindBackfill, SweepInput } from '../contracts/backfill-steps.js';
import { BACKFILL_HOLDS, BACKFILL_ORDERS, type BackfillHold, type BackfillVerb } from '../domain/backfill.js';
import { readOrder } from '../domain/backfill-orders.js';
import { exhaustInterval } from '../domain/exhaust.js';
import type { FailureType } from '../domain/failures.js';
import { backfillQueue, DISPATCH_WORKFLOW_ID, sourceQueue } from '../domain/identity.js';
import { backfillPriority } from '../domain/priority.js';
import { type Timing, wholeTiming } from '../domain/timing.js';
import { failureType } from './source-calls.js';

/** A thread in hand and where its reading stands. */
export interface ThreadInHand {
  thread: string;
  afterCall?: string;
  confirm?: string;
  /** Readings of it that did not hold still. */
  readings: number;
}

export interface BackfillWorkflowInput {
  /** Its row in the ledger; absent in the first run of a sweep, which makes one. */
  backfillId?: string;
  source: string;
  timing: Timing;
  sweep?: SweepInput['sweep'];
  /** Where the run before this one stood. */
  resume?: { terms: BackfillTerms; inHand: ThreadInHand[]; counted: BackfillCounts };
}

export interface BackfillCounts {
  threads: number;
  calls: number;
  missed: number;
  known: number;
  parked: number;
}

/** What its query `progress` gives; the ledger has the same and more. */
export interface BackfillStanding extends BackfillCounts {
  hold: BackfillHold | null;
  inHand: number;
  /** The creation interval that is being listed; null where none is. */
  listing: Interval | null;
}

type Interval = BehindBackfill['interval'];

export const progress = defineQuery<BackfillStanding>('progress');
const VERBS = Object.keys(BACKFILL_ORDERS) as BackfillVerb[];

/** Calls in the queue at once; its rate is the server's, and what is in the queue is cancelled by a pause. */
const LANES = 24;
const READINGS = 3;
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
  const working = new Set<ThreadInHand>();
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
  let opened = 0;
  let listing: Interval | null = null;
  let allListed = false;
  /** Nothing that is listed is left to take; a first run has listed nothing yet. */
  let noneListed = input.resume === undefined;
  let cancelled = false;
  let handsOver = false;
  /** Counts when more was listed, so that a take which came before does not say that nothing is left. */
  let turns = 0;

  setHandler(progress, () => ({ ...counted, hold, inHand: waiting.length + working.size, listing }));
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
      await Promise.all([list(), feed(), ...Array.from({ length: LANES }, lane)]);
      if (over()) break;
      ended = await ledger.endBackfill({ backfillId, state: 'done' });
      allListed = false;
      anew(); // what is owed still may be threads that are listed already
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

  /** Lists one interval after the other, ahead of those who read. */
  async function list(): Promise<void> {
    let next = await ledger.nextBackfillInterval({ backfillId });
    for (;;) {
      await condition(() => over() || noneListed || waiting.length < terms.pace.batchThreads);
      if (over()) return;
      if (next === null) {
        // Until the last thread is read a person may still widen it.
        allListed = true;
        anew();
        await condition(() => over() || !allListed || finished());
        if (over() || finished()) return;
        next = await ledger.nextBackfillInterval({ backfillId });
        continue;
      }
      allListed = false;
      listing = next;
      const behind = await exhausted(next);
      listing = null;
      if (behind === null) return;
      next = await ledger.nextBackfillInterval({ backfillId, behind });
      anew();
      note();
    }
  }

  /** Reads an interval until a reading of it counts, or cannot; null where that is left to another run, or to nobody. */
  async function exhausted(interval: Interval): Promise<BehindBackfill | null> {
    let threads = 0;
    const readPage = async (position: { afterCall?: string; earlier?: string[] }) => {
      const page = await asked(() => callsNow().backfillListPage({ source, backfillId, interval, ...position }), {
        toItsEnd: true,
      });
      threads += page.rows;
      return page;
    };
    try {
      const end = await exhaustInterval(readPage, (error) => {
        if (isCancellation(error)) throw error;
        return failureType(error) ?? 'Unexpected';
      });
      return { interval, because: end.outcome === 'end' ? null : end.because, threads };
    } catch (error) {
      if (over() && isCancellation(error)) return null;
      throw error;
    }
  }

  /** Keeps the lanes supplied, a batch at a time. */
  async function feed(): Promise<void> {
    for (;;) {
      await condition(() => over() || finished() || (!noneListed && waiting.length < LANES));
      if (over() || finished()) return;
      const before = turns;
      await dispatch();
      const { threads } = await ledger.takeBackfillThreads({ backfillId, limit: terms.pace.batchThreads });
      if (threads.length === 0) {
        if (before === turns) noneListed = true;
        continue;
      }
      waiting.push(...threads.map((thread) => ({ thread, readings: 0 })));
      if (terms.pace.batchPauseMs > 0) {
        await condition(() => over() || (waiting.length === 0 && working.size === 0));
        await dispatch();
        await condition(over, terms.pace.batchPauseMs);
      }
    }
  }

  /** What it took in to be carried does not wait for the next dispatch. */
  async function dispatch(): Promise<void> {
    if (opened === 0) return;
    opened = 0;
    await nudge({ schedule: DISPATCH_WORKFLOW_ID });
  }

  async function lane(): Promise<void> {
    for (;;) {
      await condition(() => over() || finished() || waiting.length > 0);
      if (over() || finished()) return;
      const one = waiting.shift();
      if (!one) continue;
      working.add(one);
      try {
        await readWhole(one);
      } catch (error) {
        if (isCancellation(error) && over()) waiting.unshift(one);
        else if (isCancellation(error)) throw error;
        else
          await ledger.skipBackfillThread({
            backfillId,
            thread: one.thread,
            because: failureType(error) ?? 'Unexpected',
          });
      } finally {
        working.delete(one);
      }
      note();
    }
  }

  /** Keeps where the reading stands in `one`, so that another run can go on there. */
  async function readWhole(one: ThreadInHand): Promise<void> {
    for (; one.readings < READINGS; one.readings += 1) {
      const next = await readOnce(one);
      if (next === 'missing') {
        await ledger.skipBackfillThread({ backfillId, thread: one.thread, because: 'SourceNotFound' });
        return;
      }
      if (next !== 'shifted') {
        counted.threads += 1;
        return;
      }
      delete one.afterCall;
      delete one.confirm;
    }
    await ledger.skipBackfillThread({ backfillId, thread: one.thread, because: 'ListingUnstable' });
  }

  async function readOnce(one: ThreadInHand): Promise<BackfillPageResult['next']> {
    for (;;) {
      const { thread, afterCall, confirm } = one;
      const position = { ...(afterCall ? { afterCall } : {}), ...(confirm ? { confirm } : {}) };
      const page = await asked(() => callsNow().backfillThreadPage({ source, backfillId, thread, ...position }));
      counted.missed += page.missed;
      counted.known += page.known;
      counted.parked += page.parked;
      opened += page.open;
      if (page.next === 'more') one.afterCall = page.callId;
      else if (page.next === 'confirm') {
        one.confirm = page.readingId;
        delete one.afterCall;
      } else return page.next;
    }
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

  function callsNow() {
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
      allListed = false;
      anew();
    }
    return { refused: null };
  }

  /** What is queued is waited for: taken out it would cost events too, and the server would still count it against the rate. */
  function handOver(): void {
    handsOver = true;
  }

  /** There may be more to take. */
  function anew(): void {
    noneListed = false;
    turns += 1;
  }

  function over(): boolean {
    return cancelled || handsOver;
  }

  function finished(): boolean {
    return allListed && noneListed && waiting.length === 0 && working.size === 0;
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
