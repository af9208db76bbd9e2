import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  startChild,
  TemporalFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { LifecycleSteps } from '../activities/lifecycle-steps.js';
import type { ModelCalls } from '../activities/model-calls.js';
import type { SourceCalls } from '../activities/source-calls.js';
import type { SettleApprovalInput } from '../contracts/approval-steps.js';
import type { SettleResult } from '../domain/approvals.js';
import { sourceQueue } from '../domain/identity.js';
import { PRIORITY } from '../domain/priority.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import type { StartBeside, StepEnded, StepWait, UnderstandResult } from '../domain/step-results.js';
import { type LifecycleTiming, wholeTiming } from '../domain/timing.js';

export interface MessageLifecycleInput {
  source: string;
  messageId: string;
  timing: LifecycleTiming;
}

/** Something about the message or its thread has changed in the ledger: look now instead of later. */
export const ledgerMoved = defineSignal('ledgerMoved');

/** How often a language model is asked about one message, whose words may change. */
const MOST_QUESTIONS = 3;

/** A person has decided about its draft: ids and a word, the draft's own words stand in the ledger. */
const settleApproval = defineUpdate<SettleResult, [SettleApprovalInput]>('settleApproval');

/** Steps on the ledger alone, with the line that the Temporal UI shows beside them. */
const stepsWith = (summary: string) =>
  proxyLocalActivities<LifecycleSteps>({
    startToCloseTimeout: '10 seconds',
    retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
    summary,
  });

/**
 * One inbound message from its recording to its one ending: triage, route, classify, decide, act. The ledger decides in each
 * step; this only puts the steps in order and waits durably between them.
 */
export async function messageLifecycle(input: MessageLifecycleInput): Promise<Omit<StepEnded, 'wake'>> {
  const { source, messageId } = input;
  const timing = wholeTiming(input.timing);
  const { takeUp } = stepsWith('takes it up: what it is, and by which route it goes');
  const { understand } = stepsWith('classifies: what it asks for');
  const { decide } = stepsWith('takes its turn in the thread and decides what to do');
  const { park } = stepsWith('sets it aside: a step failed for good');
  const { sendReply } = proxyActivities<Pick<SourceCalls, 'sendReply'>>({
    taskQueue: sourceQueue(source),
    startToCloseTimeout: timing.sendTimeoutMs,
    priority: PRIORITY.send,
    retry: { initialInterval: timing.callRetryInitialMs, maximumInterval: timing.callRetryMaxMs },
    summary: 'looks into the thread, sends the reply once, records the answer',
  });
  let step = 'takeUp';
  let moved = false;
  setHandler(ledgerMoved, () => {
    moved = true;
  });
  setHandler(settleApproval, async (decision) => {
    const result = await stepsWith('writes down what a person decided').settleApproval({ ...decision, messageId });
    moved = true;
    return result;
  });

  try {
    return end(await carry());
  } catch (error) {
    // A step that can never be taken must not leave the message in the air: no silent exit.
    if (!(error instanceof TemporalFailure) || isCancellation(error)) throw error;
    return end(await park({ messageId, step }));
  }

  async function carry(): Promise<StepEnded> {
    let taken = await takeUp({ messageId, runId: workflowInfo().runId, bodyWaits: 0 });
    for (let bodyWaits = 1; taken.kind === 'wait'; bodyWaits++) {
      await rest(taken);
      moved = false;
      taken = await takeUp({ messageId, runId: workflowInfo().runId, bodyWaits });
    }
    if (taken.kind === 'ended') return taken;
    const held = { messageId, carry: taken.carry };
    step = 'understand';
    const understood = await findOut(held);
    if (understood.kind === 'ended') return understood;

    for (let turnWaits = 0; ; turnWaits++) {
      step = 'decide';
      moved = false;
      const decided = await decide({ ...held, turnWaits });
      if (decided.kind === 'ended') return decided;
      if (decided.kind === 'understand') {
        step = 'understand';
        const again = await findOut(held);
        if (again.kind === 'ended') return again;
        continue;
      }
      if (decided.kind === 'wait') {
        if (decided.start) await beside(decided.start);
        await rest(decided);
        continue;
      }
      step = 'sendReply';
      moved = false;
      let sent = await sendReply(held);
      while (sent.kind === 'wait') {
        await rest(sent);
        moved = false;
        sent = await sendReply(held);
      }
      if (sent.kind === 'ended') return sent;
    }
  }

  /**
   * What the message asks for; where a language model has its turn, it is asked on its own queue and what it said is read from the ledger.
   * A model that says nothing in time holds nobody up for ever.
   */
  async function findOut(held: {
    messageId: string;
    carry: number;
  }): Promise<Exclude<UnderstandResult, { kind: 'ask' }>> {
    for (let asked = 0; ; asked++) {
      // Other words can come meanwhile, and workers of another configuration: after a few rounds it goes on without.
      const understood = await understand({ ...held, ...(asked > MOST_QUESTIONS ? { modelSilent: true } : {}) });
      if (understood.kind !== 'ask') return understood;
      try {
        await askerOf(understood.source).askModel({ source: understood.source, messageId });
      } catch (error) {
        if (!(error instanceof TemporalFailure) || isCancellation(error)) throw error;
        asked = MOST_QUESTIONS;
      }
    }
  }

  function askerOf(model: string) {
    return proxyActivities<ModelCalls>({
      taskQueue: sourceQueue(model),
      startToCloseTimeout: timing.modelTimeoutMs,
      scheduleToCloseTimeout: timing.modelGiveUpMs,
      priority: PRIORITY.live,
      retry: { initialInterval: timing.callRetryInitialMs, maximumInterval: timing.callRetryMaxMs },
      summary: 'asks a language model which label fits, records its answer',
    });
  }

  /** Starts what carries a part of the way, unless it runs already; it outlives this run, which finds its outcome in the ledger. */
  async function beside({ workflow, workflowId, ...of }: StartBeside): Promise<void> {
    try {
      await startChild(workflow, {
        workflowId,
        args: [{ ...of, timing: input.timing }],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.source, value: of.source }],
      });
    } catch (error) {
      // Its class is not among what a workflow may import.
      if (!(error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError')) throw error;
    }
  }

  /**
   * Until the ledger has moved since the step that asked for the rest began: what came while that step was taken, or while the worker
   * was gone, may be just what is waited for.
   */
  async function rest({ for: kind, until }: StepWait): Promise<void> {
    setCurrentDetails(`waits for **${kind}** until ${until}`);
    if (workflowInfo().continueAsNewSuggested && patched('long-waits-2026-11-24')) {
      // A thread whose source stands still is looked at every minute for days. The next run takes the message up as if this one were lost.
      await condition(allHandlersFinished);
      await continueAsNew<typeof messageLifecycle>(input);
    }
    // Asked only where it matters, so that the usual history has no marker. Runs begun before it forget such a word.
    if (moved && patched('word-in-a-step-2026-11-24')) return;
    moved = false;
    await condition(() => moved, Math.max(1, Date.parse(until) - Date.now()));
  }

  async function end({ wake, ...ending }: StepEnded): Promise<Omit<StepEnded, 'wake'>> {
    await condition(allHandlersFinished);
    upsertSearchAttributes([
      { key: SEARCH_ATTRIBUTES.state, value: ending.state },
      { key: SEARCH_ATTRIBUTES.outcome, value: ending.disposition ?? ending.state },
      { key: SEARCH_ATTRIBUTES.route, value: ending.route ?? 'none' },
    ]);
    setCurrentDetails(`**${ending.disposition ?? ending.state}**: ${ending.reason ?? ''}`);
    await CancellationScope.nonCancellable(() => Promise.all(wake.map(wakeUp)));
    return ending;
  }

  async function wakeUp(workflowId: string): Promise<void> {
    try {
      await getExternalWorkflowHandle(workflowId).signal(ledgerMoved);
    } catch (error) {
      if (isCancellation(error)) throw error; // one that has ended, or was never started, needs no waking
    }
  }
}
