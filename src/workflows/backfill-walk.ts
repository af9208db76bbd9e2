import { condition, isCancellation } from '@temporalio/workflow';
import type { BackfillCalls, BackfillPageResult } from '../activities/backfill-calls.js';
import type { BackfillSteps, BackfillTerms } from '../activities/backfill-steps.js';
import type { LedgerSteps } from '../activities/ledger-steps.js';
import type { BehindBackfill } from '../contracts/backfill-steps.js';
import { exhaustInterval } from '../domain/exhaust.js';
import { DISPATCH_WORKFLOW_ID } from '../domain/identity.js';
import { failureType } from './source-calls.js';

/** Calls in the queue at once; its rate is the server's, and what is in the queue is cancelled by a pause. */
export const LANES = 24;
const READINGS = 3;

/** A thread in hand and where its reading stands. */
export interface ThreadInHand {
  thread: string;
  afterCall?: string;
  confirm?: string;
  /** Readings of it that did not hold still. */
  readings: number;
}

export interface BackfillCounts {
  threads: number;
  calls: number;
  missed: number;
  known: number;
  parked: number;
}

export type Interval = BehindBackfill['interval'];

/** Where a run stands, and what it may do. Those who list, feed and read change it side by side. */
export interface Walk {
  readonly source: string;
  readonly backfillId: string;
  readonly counted: BackfillCounts;
  readonly waiting: ThreadInHand[];
  readonly working: Set<ThreadInHand>;
  /** Messages taken in since the last dispatch that are to be carried. */
  opened: number;
  /** The creation interval that is being listed. */
  listing: Interval | null;
  allListed: boolean;
  /** Nothing that is listed is left to take. */
  noneListed: boolean;
  /** Counts when more was listed, so that a take which came before does not say that nothing is left. */
  turns: number;
  /** As they stand; an order may have changed them meanwhile. */
  terms(): BackfillTerms;
  calls(): BackfillCalls;
  /** Makes one call when calls may be made; a listing goes on `toItsEnd`, for no run passes on its position. */
  asked<T>(call: () => Promise<T>, how?: { toItsEnd: boolean }): Promise<T>;
  /** Whether this run begins nothing more. */
  over(): boolean;
  note(): void;
}

/** There may be more to take. */
export function anew(walk: Walk): void {
  walk.noneListed = false;
  walk.turns += 1;
}

export const isFinished = ({ allListed, noneListed, waiting, working }: Walk): boolean =>
  allListed && noneListed && waiting.length === 0 && working.size === 0;

type Ledger = Pick<BackfillSteps, 'nextBackfillInterval' | 'takeBackfillThreads' | 'skipBackfillThread'>;

/** Lists, supplies and reads until all is behind the run, or it ends. */
export async function walkOn(walk: Walk, ledger: Ledger, { nudge }: Pick<LedgerSteps, 'nudge'>): Promise<void> {
  const { source, backfillId } = walk;
  await Promise.all([list(), feed(), ...Array.from({ length: LANES }, lane)]);

  /** Lists one interval after the other, ahead of those who read. */
  async function list(): Promise<void> {
    let next = await ledger.nextBackfillInterval({ backfillId });
    for (;;) {
      await condition(() => walk.over() || walk.noneListed || walk.waiting.length < walk.terms().pace.batchThreads);
      if (walk.over()) return;
      if (next === null) {
        // Until the last thread is read a person may still widen it.
        walk.allListed = true;
        anew(walk);
        await condition(() => walk.over() || !walk.allListed || isFinished(walk));
        if (walk.over() || isFinished(walk)) return;
        next = await ledger.nextBackfillInterval({ backfillId });
        continue;
      }
      walk.allListed = false;
      walk.listing = next;
      const behind = await exhausted(next);
      walk.listing = null;
      if (behind === null) return;
      next = await ledger.nextBackfillInterval({ backfillId, behind });
      anew(walk);
      walk.note();
    }
  }

  /** Reads an interval until a reading of it counts, or cannot; null where that is left to another run, or to nobody. */
  async function exhausted(interval: Interval): Promise<BehindBackfill | null> {
    let threads = 0;
    const readPage = async (position: { afterCall?: string; earlier?: string[] }) => {
      const page = await walk.asked(
        () => walk.calls().backfillListPage({ source, backfillId, interval, ...position }),
        {
          toItsEnd: true,
        },
      );
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
      if (walk.over() && isCancellation(error)) return null;
      throw error;
    }
  }

  /** Keeps the lanes supplied, a batch at a time. */
  async function feed(): Promise<void> {
    for (;;) {
      await condition(() => walk.over() || isFinished(walk) || (!walk.noneListed && walk.waiting.length < LANES));
      if (walk.over() || isFinished(walk)) return;
      const before = walk.turns;
      await dispatch();
      const { threads } = await ledger.takeBackfillThreads({ backfillId, limit: walk.terms().pace.batchThreads });
      if (threads.length === 0) {
        if (before === walk.turns) walk.noneListed = true;
        continue;
      }
      walk.waiting.push(...threads.map((thread) => ({ thread, readings: 0 })));
      if (walk.terms().pace.batchPauseMs > 0) {
        await condition(() => walk.over() || (walk.waiting.length === 0 && walk.working.size === 0));
        await dispatch();
        await condition(walk.over, walk.terms().pace.batchPauseMs);
      }
    }
  }

  /** What it took in to be carried does not wait for the next dispatch. */
  async function dispatch(): Promise<void> {
    if (walk.opened === 0) return;
    walk.opened = 0;
    await nudge({ schedule: DISPATCH_WORKFLOW_ID });
  }

  async function lane(): Promise<void> {
    for (;;) {
      await condition(() => walk.over() || isFinished(walk) || walk.waiting.length > 0);
      if (walk.over() || isFinished(walk)) return;
      const one = walk.waiting.shift();
      if (!one) continue;
      walk.working.add(one);
      try {
        await readWhole(one);
      } catch (error) {
        if (isCancellation(error) && walk.over()) walk.waiting.unshift(one);
        else if (isCancellation(error)) throw error;
        else
          await ledger.skipBackfillThread({
            backfillId,
            thread: one.thread,
            because: failureType(error) ?? 'Unexpected',
          });
      } finally {
        walk.working.delete(one);
      }
      walk.note();
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
        walk.counted.threads += 1;
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
      const page = await walk.asked(() => walk.calls().backfillThreadPage({ source, backfillId, thread, ...position }));
      walk.counted.missed += page.missed;
      walk.counted.known += page.known;
      walk.counted.parked += page.parked;
      walk.opened += page.open;
      if (page.next === 'more') one.afterCall = page.callId;
      else if (page.next === 'confirm') {
        one.confirm = page.readingId;
        delete one.afterCall;
      } else return page.next;
    }
  }
}
