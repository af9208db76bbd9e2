import {
  condition,
  continueAsNew,
  defineSignal,
  isCancellation,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { PaceResult, PacingSteps } from '../activities/pacing-steps.js';

export interface PacerInput {
  source: string;
  /** Wait after a look that failed for good, in ms; half a minute where nothing is said. */
  againMs?: number;
}

/** A call was refused or failed, or something else happened that the pacer should see at once. */
export const lookNow = defineSignal('lookNow');

/** A pause that is all but over is waited out: a look before its end would find nothing new. */
const LEAST_MS = 50;
/** After a look that failed for good. A pacer that ended there would leave its queue at the rate of that moment, which may be 0. */
const AGAIN_MS = 30_000;

/**
 * The pace of one source: looks at what its calls did, sets the rate of its queue, opens and closes its breaker. There is one per
 * source and it never ends. Nothing depends on its being quick: that no call leaves during a pause is checked before each call.
 */
export async function pacer({ source, againMs = AGAIN_MS }: PacerInput): Promise<never> {
  const { pace } = proxyLocalActivities<PacingSteps>({
    startToCloseTimeout: '20 seconds',
    retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
    summary: 'looks at the calls since the last look and sets the rate of the queue',
  });
  let isWoken = false;
  setHandler(lookNow, () => {
    isWoken = true;
  });
  for (;;) {
    isWoken = false;
    const now = await look();
    setCurrentDetails(now ? describe(source, now) : `**${source}**: the last look failed, the rate stays as it was`);
    if (workflowInfo().continueAsNewSuggested && !isWoken) return continueAsNew<typeof pacer>({ source, againMs });
    if (now) await condition(() => isWoken, Math.max(LEAST_MS, now.nextMs));
    else await sleep(againMs);
  }

  async function look(): Promise<PaceResult | null> {
    try {
      return await pace({ source });
    } catch (error) {
      if (isCancellation(error)) throw error;
      return null; // what was in the way stands in the ledger
    }
  }
}

function describe(source: string, { queueRate, rate, ceiling, breaker, reason, blockedUntil }: PaceResult): string {
  const released = blockedUntil === null ? `${round(queueRate)} calls per second` : `nothing until ${blockedUntil}`;
  return `**${source}**: releases ${released}; rate ${round(rate)} of ${round(ceiling)} (${reason}), breaker ${breaker}`;
}

const round = (rate: number): number => Math.round(rate * 100) / 100;
