import {
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { CaseCalls, CaseSteps, CaseTelling } from '../activities/case-steps.js';
import { INTAKE_QUEUE, sourceQueue } from '../domain/identity.js';
import { PRIORITY } from '../domain/priority.js';
import { ledgerMoved } from './message-lifecycle.js';

export interface PersonCaseInput {
  caseId: string;
  source: string;
}

/**
 * A person's work, from the opening of a case to its end: reminders at growing gaps, people told again and again once the deadline
 * has passed. Owner, deadline and end stand in the ledger; this keeps the time.
 */
export async function personCase({ caseId, source }: PersonCaseInput): Promise<{ state: 'resolved' }> {
  const { tendCase } = proxyLocalActivities<CaseSteps>({
    startToCloseTimeout: '10 seconds',
    retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
    summary: 'looks at the case: reminds, or tells that it is overdue',
  });
  const { tellOfCase } = proxyActivities<CaseTelling>({
    taskQueue: INTAKE_QUEUE,
    startToCloseTimeout: '30 seconds',
    retry: { initialInterval: '5 seconds', maximumInterval: '30 minutes', maximumAttempts: 5 },
    summary: 'tells the receiver of alarms of the reminder',
  });
  const { noteCase } = proxyActivities<CaseCalls>({
    taskQueue: sourceQueue(source),
    startToCloseTimeout: '60 seconds',
    scheduleToCloseTimeout: '1 hour',
    priority: PRIORITY.live,
    retry: { initialInterval: '5 seconds', maximumInterval: '30 minutes', maximumAttempts: 5 },
    summary: 'writes an internal note into the thread',
  });
  let moved = false;
  setHandler(ledgerMoved, () => {
    moved = true;
  });
  for (;;) {
    moved = false;
    const { state, until, reminder, note } = await tendCase({ caseId });
    if (state === 'resolved') {
      setCurrentDetails('**resolved**');
      return { state };
    }
    setCurrentDetails(`open; looked at again at ${until}`);
    // What people are told is a help; the case goes on without it.
    if (note) await orWithout(noteCase({ caseId, source }));
    if (reminder !== null) await orWithout(tellOfCase({ caseId, reminder }));
    if (workflowInfo().continueAsNewSuggested && !moved) return continueAsNew<typeof personCase>({ caseId, source });
    await condition(() => moved, Math.max(1, Date.parse(until) - Date.now()));
  }
}

async function orWithout(telling: Promise<unknown>): Promise<void> {
  try {
    await telling;
  } catch (error) {
    if (!(error instanceof TemporalFailure) || isCancellation(error)) throw error;
  }
}
