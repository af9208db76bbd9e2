import { activityInfo, heartbeat } from '@temporalio/activity';
import {
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import {
  CloseRoundInput,
  CloseWindowInput,
  DueBatchInput,
  NudgeInput,
  OpenWindowInput,
  PostponeInput,
  SourceInput,
} from '../contracts/steps.js';
import { LIFECYCLE_QUEUE, lifecycleWorkflowId } from '../domain/identity.js';
import { sayGuarantee } from '../domain/schedule/guarantee.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import type { LifecycleTiming } from '../domain/timing.js';
import { relianceOn } from '../ledger/claims.js';
import { dueLookups } from '../ledger/hints.js';
import { takeDispatchable } from '../ledger/lifecycles.js';
import { offerAgain, takeMoved } from '../ledger/moved-waits.js';
import { hurryDueParks, parkUnreadablePage, takeDueLookups } from '../ledger/parks.js';
import { ensurePartitions } from '../ledger/partitions.js';
import { planVisits } from '../ledger/plan-visits.js';
import { isStopped } from '../ledger/stopped-sources.js';
import { closeRound, dueThreads, openRound, postponeThread } from '../ledger/visits.js';
import { closeWindow, openWindow, type StoredInterval, type WindowAccount } from '../ledger/windows.js';
import type { ActivityDeps } from './deps.js';

const DISPATCH_BATCH = 200;
const STARTS_AT_ONCE = 20;
/** Threads asked for by their id alone in one window or batch, as hints or parked rows name them; the rest waits for the next. */
const LOOKUPS = 20;

/** Something has come that the lifecycle waits for. */
const wakeLifecycle = (temporal: ActivityDeps['temporal'], source: string, id: string): Promise<void> =>
  temporal.workflow.getHandle(lifecycleWorkflowId(source, id)).signal('ledgerMoved');

/** Steps that only touch the ledger or Temporal: no provider is called from here. */
export const createLedgerSteps = (deps: ActivityDeps) => {
  const { db, clock, timing, temporal, log } = deps;
  const runId = () => activityInfo().workflowExecution?.runId ?? activityInfo().activityId;
  const lifecycleTiming: LifecycleTiming = {
    sendTimeoutMs: timing.sendTimeoutMs,
    callRetryInitialMs: timing.callRetryInitialMs,
    callRetryMaxMs: timing.callRetryMaxMs,
    modelTimeoutMs: timing.modelTimeoutMs,
    modelGiveUpMs: timing.modelGiveUpMs,
  };
  return {
    /** Freezes what the source owes us, once per run, and names the hints that lead to threads which nobody knows yet. */
    async openWindow(payload: OpenWindowInput): Promise<{ id: string; owed: StoredInterval[]; lookups: string[] }> {
      const { source, scheduledAt } = OpenWindowInput.parse(payload);
      // What counts as coverage is what the source was seen to list, not what a setting hopes for.
      const { coveringWidthMs } = await relianceOn(db, source, timing);
      const relied = { ...timing, coveringWidthMs };
      const input = { source, runId: runId(), scheduledAt: new Date(scheduledAt), now: clock.now(), timing: relied };
      const { id, owed } = await openWindow(db, input);
      const lookups = (await isStopped(db, source)) ? [] : await dueLookups(db, source, clock.now(), LOOKUPS);
      return { id, owed, lookups };
    },

    async closeWindow(payload: CloseWindowInput): Promise<WindowAccount> {
      const { windowId, troubles } = CloseWindowInput.parse(payload);
      const account = await closeWindow(db, windowId, clock.now(), timing, troubles);
      for (const { from, to, because } of account.gaps)
        log.intake.warn({ event: 'listing.cut', windowId, from, to, reason: because });
      const { owed, listings, newThreads, gaps } = account;
      log.intake.info({
        event: 'window.closed',
        windowId,
        owed,
        exhausted: listings,
        stored: newThreads,
        gaps: gaps.length,
      });
      return account;
    },

    /** Opens the round, and plans the visits anew where their plan is due. */
    async openRound(payload: SourceInput): Promise<{ id: string; guarantee: string }> {
      const { source } = SourceInput.parse(payload);
      const now = clock.now();
      const id = await openRound(db, source, runId(), now);
      const { statedShare, wantedShare } = await planVisits(db, { source, now, timing });
      return { id, guarantee: sayGuarantee(statedShare, wantedShare, timing) };
    },

    /**
     * Our ids of the threads whose visit is due, the most urgent first, and of parked rows of listings that are to be looked up
     * by themselves. A stopped source has nothing due.
     */
    async dueBatch(payload: DueBatchInput): Promise<{ threads: string[]; lookups: string[] }> {
      const { source, limit } = DueBatchInput.parse(payload);
      if (await isStopped(db, source)) return { threads: [], lookups: [] };
      await hurryDueParks(db, source, clock.now(), timing);
      const lookups = await takeDueLookups(db, source, LOOKUPS, clock.now(), timing);
      return { threads: await dueThreads(db, source, clock.now(), limit, timing), lookups };
    },

    /**
     * A thread that could not be read stays owed, later, so that it does not hold up the others. Where its page stayed unreadable
     * the page is parked, and the thread is read again when that park is due.
     */
    async postponeVisit(payload: PostponeInput): Promise<{ parked: number }> {
      const { threadId } = PostponeInput.parse(payload);
      const now = clock.now();
      return db.transaction(async (tx) => {
        const again = await parkUnreadablePage(tx, threadId, now, timing);
        await postponeThread(tx, threadId, again ?? new Date(now.getTime() + timing.visitEveryMs));
        if (again) log.intake.warn({ event: 'page.parked', threadId, reason: 'unreadable_answer' });
        return { parked: again ? 1 : 0 };
      });
    },

    async closeRound(payload: CloseRoundInput): Promise<void> {
      const { roundId, account } = CloseRoundInput.parse(payload);
      await closeRound(db, roundId, account, clock.now());
      const { threads, calls, stored, failed } = account;
      log.intake.info({ event: 'round.closed', roundId, read: threads, calls, stored, failed });
    },

    /** Runs a schedule earlier than its period; one that does not exist is somebody else's to make. */
    async nudge(payload: NudgeInput): Promise<void> {
      const { schedule } = NudgeInput.parse(payload);
      try {
        await temporal.schedule.getHandle(schedule).trigger(ScheduleOverlapPolicy.BUFFER_ONE);
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
      }
    },

    /**
     * Starts a lifecycle for each open message that has none, or may have lost it: harmless where one runs. Wakes those that wait for
     * what has come, one after the other, so that the oldest go on first.
     */
    async startLifecycles(): Promise<{ started: number; woken: number }> {
      const now = clock.now();
      const againBefore = new Date(now.getTime() - timing.redispatchRecordedMs);
      const open = await takeDispatchable(db, {
        now,
        recordedBefore: againBefore,
        carriedBefore: new Date(now.getTime() - timing.redispatchMs),
        waitingBefore: new Date(now.getTime() - timing.redispatchWaitingMs),
        limit: DISPATCH_BATCH,
      });
      for (let from = 0; from < open.length; from += STARTS_AT_ONCE) {
        heartbeat();
        await Promise.all(
          open.slice(from, from + STARTS_AT_ONCE).map(({ id, source }) =>
            temporal.workflow.start('messageLifecycle', {
              workflowId: lifecycleWorkflowId(source, id),
              taskQueue: LIFECYCLE_QUEUE,
              args: [{ source, messageId: id, timing: lifecycleTiming }],
              workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
              workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
              typedSearchAttributes: [
                { key: SEARCH_ATTRIBUTES.source, value: source },
                { key: SEARCH_ATTRIBUTES.state, value: 'carried' },
              ],
              staticSummary: `A message of ${source}, from its recording to its one ending`,
              staticDetails: `\`waybill trace ${id}\` shows the whole way, with every provider call that bears on it.`,
            }),
          ),
        );
      }
      const moved = await takeMoved(db, { limit: DISPATCH_BATCH, now, againBefore });
      for (const { id, source } of moved) {
        heartbeat();
        await wakeLifecycle(temporal, source, id).catch(async (error: unknown) => {
          if (!(error instanceof WorkflowNotFoundError)) throw error;
          await offerAgain(db, id);
        });
      }
      log.lifecycle.debug({ event: 'dispatch.ended', started: open.length });
      return { started: open.length, woken: moved.length };
    },

    /** Makes the partitions of the coming months. */
    async ensurePartitions(): Promise<{ partitions: number }> {
      const names = await ensurePartitions((sql) => db.run(sql), clock.now());
      return { partitions: names.length };
    },
  };
};

export type LedgerSteps = ReturnType<typeof createLedgerSteps>;
