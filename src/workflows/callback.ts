import {
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { CallSteps } from '../activities/call-steps.js';
import type { PhoneCalls } from '../activities/phone-calls.js';
import { lifecycleWorkflowId, sourceQueue } from '../domain/identity.js';
import { PRIORITY } from '../domain/priority.js';
import { type Timing, wholeTiming } from '../domain/timing.js';
import { ledgerMoved } from './message-lifecycle.js';

export interface CallbackInput {
  source: string;
  messageId: string;
  timing: Partial<Timing>;
}

/** A reading that fails so often leaves the call with a person, instead of asking for ever. */
const READ_ATTEMPTS = 20;

/**
 * The call that a message asked for, from its hour to its end. The row of the call is the truth: each round reads it anew, takes one
 * step, and waits durably, so that it can be lost and started again at any point. The lifecycle of the message draws the ending.
 */
export async function callback(input: CallbackInput): Promise<{ ended: boolean }> {
  const { source, messageId } = input;
  const timing = wholeTiming(input.timing);
  const { callNext, callGivenUp } = proxyLocalActivities<CallSteps>({
    startToCloseTimeout: '10 seconds',
    retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
    summary: 'reads the row of the call and says what is next',
  });
  const calls = (provider: string, maximumAttempts?: number) =>
    proxyActivities<PhoneCalls>({
      taskQueue: sourceQueue(provider),
      startToCloseTimeout: timing.callTimeoutMs,
      priority: PRIORITY.send,
      retry: {
        initialInterval: timing.callRetryInitialMs,
        maximumInterval: timing.callRetryMaxMs,
        ...(maximumAttempts === undefined ? {} : { maximumAttempts }),
      },
    });
  let moved = false;
  setHandler(ledgerMoved, () => {
    moved = true;
  });

  for (;;) {
    let ended: boolean;
    try {
      ended = await takeStep();
    } catch (error) {
      // A step that can never be taken must not leave the message without an ending.
      if (!(error instanceof TemporalFailure) || isCancellation(error)) throw error;
      await callGivenUp({ messageId });
      ended = true;
    }
    if (ended) {
      await wakeLifecycle();
      return { ended };
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof callback>(input);
  }

  /** True where there is nothing more to do: the call is over, or sending is stopped and its lifecycle starts it again. */
  async function takeStep(): Promise<boolean> {
    const next = await callNext({ messageId });
    switch (next.do) {
      case 'end':
        return true;
      case 'wait':
        setCurrentDetails(`waits until ${next.until}, or for news of the call`);
        await condition(() => moved, Math.max(1, Date.parse(next.until) - Date.now()));
        moved = false;
        return false;
      case 'place': {
        setCurrentDetails('places the call');
        const { placed } = await calls(next.provider).placeCall({ messageId });
        return placed === 'held';
      }
      case 'look': {
        setCurrentDetails('looks for the call in the list of the provider');
        const { lookForCall } = calls(next.provider, READ_ATTEMPTS);
        let seen = await lookForCall({ messageId });
        while (seen.next === 'more') seen = await lookForCall({ messageId, afterCall: seen.callId });
        return false;
      }
      case 'poll':
        setCurrentDetails('asks after the call');
        await calls(next.provider, READ_ATTEMPTS).pollCall({ messageId });
        return false;
    }
  }

  async function wakeLifecycle(): Promise<void> {
    try {
      await getExternalWorkflowHandle(lifecycleWorkflowId(source, messageId)).signal(ledgerMoved);
    } catch (error) {
      if (isCancellation(error)) throw error; // one that has ended needs no waking; dispatch carries a lost one again
    }
  }
}
