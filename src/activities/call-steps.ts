import { CallInput } from '../contracts/call-steps.js';
import { type CallStep, giveUpCall, nextCallStep } from '../delivery/calling/step.js';
import { readCallOf } from '../ledger/phone-calls.js';
import type { ActivityDeps } from './deps.js';

/** The steps of a call on the ledger alone, run as local activities. */
export const createCallSteps = (deps: ActivityDeps) => ({
  /** Reads the row of the call and names the next step; what follows without any request is written down on the way. */
  async callNext(payload: CallInput): Promise<CallStep> {
    const { messageId } = CallInput.parse(payload);
    const step = await nextCallStep(deps, messageId);
    if (step.do === 'end') {
      const call = await readCallOf(deps.db, messageId);
      deps.log.delivery.info({ event: 'callback.ended', messageId, state: call?.state, reason: call?.reason });
    }
    return step;
  },

  /** A step of it failed for good: a person has the call. */
  async callGivenUp(payload: CallInput): Promise<void> {
    const { messageId } = CallInput.parse(payload);
    await giveUpCall(deps, messageId);
  },
});

export type CallSteps = ReturnType<typeof createCallSteps>;
