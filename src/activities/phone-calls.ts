import { activityInfo } from '@temporalio/activity';
import { CallInput, ListCallsInput, LookForCallInput } from '../contracts/call-steps.js';
import { type ListedCalls, listCallsPage } from '../delivery/calling/compare.js';
import { type LookResult, lookForCall, pollCall } from '../delivery/calling/follow-call.js';
import { type Placed, placeCall } from '../delivery/calling/place-call.js';
import type { ActivityDeps } from './deps.js';

/** Activities of the phone provider's queue: each is one request at most. */
export const createPhoneCalls = (deps: ActivityDeps) => ({
  /** @see placeCall */
  async placeCall(payload: CallInput): Promise<{ placed: Placed }> {
    const { messageId } = CallInput.parse(payload);
    const { attempt } = activityInfo();
    const placed = await placeCall(deps, { messageId, attempt });
    if (placed === 'doubtful') deps.log.delivery.warn({ event: 'callback.doubted', messageId, attempt });
    else deps.log.delivery.info({ event: 'callback.placed', messageId, attempt, outcome: placed });
    return { placed };
  },

  /** @see lookForCall */
  async lookForCall(payload: LookForCallInput): Promise<LookResult> {
    const { messageId, afterCall } = LookForCallInput.parse(payload);
    const { attempt } = activityInfo();
    return lookForCall(deps, { messageId, attempt, ...(afterCall === undefined ? {} : { afterCall }) });
  },

  /** @see pollCall */
  async pollCall(payload: CallInput): Promise<void> {
    const { messageId } = CallInput.parse(payload);
    await pollCall(deps, { messageId, attempt: activityInfo().attempt });
  },

  /** @see listCallsPage */
  async listCallsPage(payload: ListCallsInput): Promise<ListedCalls> {
    const { source, afterCall } = ListCallsInput.parse(payload);
    const { attempt } = activityInfo();
    return listCallsPage(deps, { provider: source, attempt, ...(afterCall === undefined ? {} : { afterCall }) });
  },
});

export type PhoneCalls = ReturnType<typeof createPhoneCalls>;
