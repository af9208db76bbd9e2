import { activityInfo } from '@temporalio/activity';
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowNotFoundError } from '@temporalio/client';
import { CaseInput, DigestInput, NoteCaseInput, TellOfCaseInput } from '../contracts/case-steps.js';
import { writeCaseNote } from '../delivery/case-note.js';
import { caseWorkflowId, LIFECYCLE_QUEUE } from '../domain/identity.js';
import { ESCALATE_REASONS } from '../domain/reasons.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import { findCase } from '../ledger/case-desk.js';
import { markTold, settleCase, takeCases, tendCase } from '../ledger/case-work.js';
import type { ActivityDeps } from './deps.js';

const BATCH = 200;
const AT_ONCE = 20;

export interface TendedCase {
  state: 'open' | 'resolved';
  /** ISO instant at which to look again. */
  until: string;
  /** Number of the reminder that people have to be told of; null where there is none. */
  reminder: number | null;
  /** Whether a note has to be written into the thread. */
  note: boolean;
}

/** The look of a case's workflow, on the ledger alone. */
export const createCaseSteps = ({ db, clock, timing, log, alarmSink, caseNotes }: ActivityDeps) => ({
  async tendCase(payload: CaseInput): Promise<TendedCase> {
    const { caseId } = CaseInput.parse(payload);
    const { state, until, untold, reminders, noted, did } = await tendCase(db, caseId, clock.now(), timing);
    if (did === 'overdue') log.lifecycle.warn({ event: 'case.escalated', caseId });
    else if (did === 'reminded') log.lifecycle.info({ event: 'case.reminded', caseId });
    return {
      state,
      until: until.toISOString(),
      reminder: alarmSink !== null && untold > 0 ? reminders : null,
      note: caseNotes && !noted,
    };
  },
});

/** What the Schedules of cases and of the digest do. */
export const createCaseDispatch = ({ db, clock, timing, temporal, alarmSink, log, drawDigest }: ActivityDeps) => {
  const start = (caseId: string, source: string) =>
    temporal.workflow.start('personCase', {
      workflowId: caseWorkflowId(caseId),
      taskQueue: LIFECYCLE_QUEUE,
      args: [{ caseId, source }],
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.source, value: source }],
      staticSummary: `A case of ${source}, until a person has acted`,
      staticDetails: `\`waybill case show ${caseId}\` shows what it is about and what was done.`,
    });

  async function wake(caseId: string): Promise<void> {
    try {
      await temporal.workflow.getHandle(caseWorkflowId(caseId)).signal('ledgerMoved');
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      await settleCase(db, caseId, clock.now()); // it ended or was never started: nobody is left to hear of it
    }
  }

  return {
    /** Starts or wakes workflows of cases: harmless where they run. */
    async startCases(): Promise<{ started: number; woken: number }> {
      const now = clock.now();
      const cases = await takeCases(db, {
        now,
        offeredBefore: new Date(now.getTime() - timing.redispatchWaitingMs),
        toldBefore: new Date(now.getTime() - timing.caseEveryMs),
        limit: BATCH,
      });
      for (let from = 0; from < cases.length; from += AT_ONCE) {
        const some = cases.slice(from, from + AT_ONCE);
        await Promise.all(some.map(({ id, source, state }) => (state === 'open' ? start(id, source) : wake(id))));
      }
      const started = cases.filter(({ state }) => state === 'open').length;
      return { started, woken: cases.length - started };
    },

    /** Draws the digest of the period that ends then, and hands it to the receiver of alarms; nothing without one. */
    async sendDigest(payload: DigestInput): Promise<{ told: boolean }> {
      const until = new Date(DigestInput.parse(payload).until);
      if (!alarmSink) return { told: false };
      const since = new Date(until.getTime() - timing.digestEveryMs);
      const data = await drawDigest({ since, until });
      await alarmSink.tell({ id: `digest.${until.getTime()}`, type: 'waybill.digest', data }, clock.now());
      log.provider.info({ event: 'digest.delivered', until: until.toISOString() });
      return { told: true };
    },
  };
};

/** What people are told of a case, on the way of the alarms. */
export const createCaseTelling = ({ db, clock, alarmSink }: ActivityDeps) => ({
  /** Tells the receiver of alarms of the newest reminder, unless the case is over. */
  async tellOfCase(payload: TellOfCaseInput): Promise<{ told: boolean }> {
    const { caseId, reminder } = TellOfCaseInput.parse(payload);
    const found = await findCase(db, caseId);
    if (!alarmSink || found?.state !== 'open') return { told: false };
    const { source, reason, owner, openedAt, dueAt, threadId, messageId, messages } = found;
    const meaning = ESCALATE_REASONS[reason];
    const data = {
      case: caseId,
      source,
      reason,
      meaning,
      owner,
      openedAt,
      dueAt,
      reminder,
      threadId,
      messageId,
      messages,
    };
    await alarmSink.tell(
      { id: `case.${caseId}.${openedAt.getTime()}.${reminder}`, type: 'waybill.case_reminder', data },
      clock.now(),
    );
    await markTold(db, caseId, reminder);
    return { told: true };
  },
});

/** Activities of a source's queue: one request each. */
export const createCaseCalls = (deps: ActivityDeps) => ({
  /** @see writeCaseNote */
  async noteCase(payload: NoteCaseInput): Promise<{ noted: boolean }> {
    const { caseId, source } = NoteCaseInput.parse(payload);
    return writeCaseNote(deps, { caseId, source, attempt: activityInfo().attempt });
  },
});

export type CaseSteps = ReturnType<typeof createCaseSteps>;
export type CaseDispatch = ReturnType<typeof createCaseDispatch>;
export type CaseTelling = ReturnType<typeof createCaseTelling>;
export type CaseCalls = ReturnType<typeof createCaseCalls>;
