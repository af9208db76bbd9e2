import { activityInfo, heartbeat } from '@temporalio/activity';
import {
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
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
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import type { LifecycleTiming } from '../domain/timing.js';
import { relianceOn } from '../ledger/claims.js';
import { takeDispatchable } from '../ledger/lifecycles.js';
import { ensurePartitions } from '../ledger/partitions.js';
import { closeRound, dueThreads, openRound, postponeThread } from '../ledger/visits.js';
import { closeWindow, openWindow, type StoredInterval, type WindowAccount } from '../ledger/windows.js';
import type { ActivityDeps } from './deps.js';

const DISPATCH_BATCH = 200;
const STARTS_AT_ONCE = 20;

/** Steps that only touch the ledger or Temporal: no provider is called from here. */
export const createLedgerSteps = (deps: ActivityDeps) => {
  const { db, clock, timing, temporal, log } = deps;
  const runId = () => activityInfo().workflowExecution?.runId ?? activityInfo().activityId;
  const lifecycleTiming: LifecycleTiming = {
    sendTimeoutMs: timing.sendTimeoutMs,
    callRetryInitialMs: timing.callRetryInitialMs,
    callRetryMaxMs: timing.callRetryMaxMs,
  };
  return {
    /** Freezes what the source owes us, once per run. */
    async openWindow(payload: OpenWindowInput): Promise<{ id: string; owed: StoredInterval[] }> {
      const { source, scheduledAt } = OpenWindowInput.parse(payload);
      // What counts as coverage is what the source was seen to list, not what a setting hopes for.
      const { coveringWidthMs } = await relianceOn(db, source, timing);
      const relied = { ...timing, coveringWidthMs };
      const input = { source, runId: runId(), scheduledAt: new Date(scheduledAt), now: clock.now(), timing: relied };
      const { id, owed } = await openWindow(db, input);
      return { id, owed };
    },

    async closeWindow(payload: CloseWindowInput): Promise<WindowAccount> {
      const { windowId } = CloseWindowInput.parse(payload);
      const account = await closeWindow(db, windowId, clock.now(), timing);
      for (const { from, to } of account.gaps) log.intake.warn({ event: 'listing.cut', windowId, from, to });
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

    async openRound(payload: SourceInput): Promise<{ id: string }> {
      const { source } = SourceInput.parse(payload);
      return { id: await openRound(db, source, runId(), clock.now()) };
    },

    /** Our ids of the threads whose visit is due, longest overdue first. */
    async dueBatch(payload: DueBatchInput): Promise<{ threads: string[] }> {
      const { source, limit } = DueBatchInput.parse(payload);
      return { threads: await dueThreads(db, source, clock.now(), limit) };
    },

    /** A thread that could not be read stays owed, a little later, so that it does not hold up the others. */
    async postponeVisit(payload: PostponeInput): Promise<void> {
      const { threadId } = PostponeInput.parse(payload);
      await postponeThread(db, threadId, new Date(clock.now().getTime() + timing.visitEveryMs));
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

    /** Starts a lifecycle for each open message that has none, or may have lost it: harmless where one runs. */
    async startLifecycles(): Promise<{ started: number }> {
      const now = clock.now();
      const open = await takeDispatchable(db, {
        now,
        recordedBefore: new Date(now.getTime() - timing.redispatchRecordedMs),
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
      log.lifecycle.debug({ event: 'dispatch.ended', started: open.length });
      return { started: open.length };
    },

    /** Makes the partitions of the coming months. */
    async ensurePartitions(): Promise<{ partitions: number }> {
      const names = await ensurePartitions((sql) => db.run(sql), clock.now());
      return { partitions: names.length };
    },
  };
};

export type LedgerSteps = ReturnType<typeof createLedgerSteps>;
