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
import type { HandOffCalls, HandOffLook, HandOffSteps } from '../activities/hand-off-steps.js';
import type { HandOffState } from '../domain/hand-offs.js';
import { lifecycleWorkflowId, sourceQueue } from '../domain/identity.js';
import { PRIORITY } from '../domain/priority.js';
import { type LifecycleTiming, wholeTiming } from '../domain/timing.js';
import { ledgerMoved } from './message-lifecycle.js';

export interface HandOffWorkflowInput {
  messageId: string;
  /** Of the message. */
  source: string;
  timing: LifecycleTiming;
}

const OPEN = new Set<HandOffState | null>(['pending', 'sending', 'acknowledged']);

/**
 * One message with an outside platform: delivered until it is taken, then the outcome is waited for. What it finds stands in the
 * ledger; the lifecycle, which waits for it, is woken and ends the message.
 */
export async function handOff({
  messageId,
  source,
  timing: given,
}: HandOffWorkflowInput): Promise<{ state: HandOffState | null }> {
  const timing = wholeTiming(given);
  const { lookAtHandOff, giveUpHandOff } = proxyLocalActivities<HandOffSteps>({
    startToCloseTimeout: '10 seconds',
    retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
    summary: 'looks where the hand-off is',
  });
  let moved = false;
  setHandler(ledgerMoved, () => {
    moved = true;
  });
  for (;;) {
    moved = false;
    const look = await lookAtHandOff({ messageId });
    if (!OPEN.has(look.state)) return end(look.state);
    if (workflowInfo().continueAsNewSuggested && !moved)
      return continueAsNew<typeof handOff>({ messageId, source, timing: given });
    const until = look.state === 'acknowledged' ? look.until : await deliver(look);
    setCurrentDetails(`with **${look.platform}** until ${until ?? 'now'}`);
    if (until !== null) await condition(() => moved, Math.max(1, Date.parse(until) - Date.now()));
  }

  /**
   * When to look again; null for at once. Each failed attempt names the wait before the next one. No longer than the platform may
   * take: where no worker serves it, nobody would ever say so.
   */
  async function deliver({ platform, until }: HandOffLook): Promise<string | null> {
    const calls = proxyActivities<HandOffCalls>({
      taskQueue: sourceQueue(platform),
      startToCloseTimeout: timing.sendTimeoutMs,
      scheduleToCloseTimeout: Math.max(0, Date.parse(until) - Date.now()) + timing.sendTimeoutMs,
      priority: PRIORITY.send,
      retry: { initialInterval: '5 seconds', maximumInterval: '10 hours' },
      summary: 'hands the message to the platform, signed',
    });
    try {
      const delivered = await calls.deliverHandOff({ messageId });
      return delivered.kind === 'over' ? null : delivered.until;
    } catch (error) {
      if (!(error instanceof TemporalFailure) || isCancellation(error)) throw error;
      await giveUpHandOff({ messageId });
      return null;
    }
  }

  async function end(state: HandOffState | null): Promise<{ state: HandOffState | null }> {
    setCurrentDetails(`**${state ?? 'none'}**`);
    try {
      await getExternalWorkflowHandle(lifecycleWorkflowId(source, messageId)).signal(ledgerMoved);
    } catch (error) {
      if (isCancellation(error)) throw error; // a lifecycle that has ended needs no waking
    }
    return { state };
  }
}
