import { HandOffInput } from '../contracts/hand-off-steps.js';
import { type Delivered, deliverHandOff } from '../delivery/hand-off.js';
import type { HandOffState } from '../domain/hand-offs.js';
import { expireHandOff, holdHandOff, refuseHandOff } from '../ledger/hand-offs.js';
import { lockMessage } from '../ledger/hold-messages.js';
import type { ActivityDeps } from './deps.js';

export interface HandOffLook {
  /** Null where there is none. */
  state: HandOffState | null;
  platform: string;
  /** ISO instant of the deadline. */
  until: string;
}

/** The steps of a hand-off that touch the ledger alone. */
export const createHandOffSteps = ({ db, clock, log }: ActivityDeps) => ({
  /** Where the hand-off is, its deadline looked at. */
  async lookAtHandOff(payload: HandOffInput): Promise<HandOffLook> {
    const { messageId } = HandOffInput.parse(payload);
    const now = clock.now();
    return db.transaction(async (tx) => {
      await lockMessage(tx, messageId);
      const handOff = await holdHandOff(tx, messageId);
      if (!handOff) return { state: null, platform: '', until: now.toISOString() };
      const { platform, deadlineAt, state } = handOff;
      const look = { platform, until: deadlineAt.toISOString() };
      if (deadlineAt > now) return { ...look, state };
      if (await expireHandOff(tx, handOff, now)) {
        log.delivery.warn({ event: 'handoff.expired', messageId, platform });
        return { ...look, state: 'overdue' };
      }
      return { ...look, state: (await refuseHandOff(tx, messageId, now)) ? 'refused' : state };
    });
  },

  /** A step of the hand-off failed for good: a person has to act. */
  async giveUpHandOff(payload: HandOffInput): Promise<void> {
    const { messageId } = HandOffInput.parse(payload);
    await db.transaction((tx) => refuseHandOff(tx, messageId, clock.now()));
  },
});

/** Activities of a platform's queue: each is one request at most. */
export const createHandOffCalls = (deps: ActivityDeps) => ({
  /** @see deliverHandOff */
  async deliverHandOff(payload: HandOffInput): Promise<Delivered> {
    const { messageId } = HandOffInput.parse(payload);
    const delivered = await deliverHandOff(deps, messageId);
    const { kind } = delivered;
    if (kind === 'acknowledged') deps.log.delivery.info({ event: 'handoff.acknowledged', messageId });
    else if (kind === 'over' && delivered.state === 'refused')
      deps.log.delivery.warn({ event: 'handoff.refused', messageId });
    return delivered;
  },
});

export type HandOffSteps = ReturnType<typeof createHandOffSteps>;
export type HandOffCalls = ReturnType<typeof createHandOffCalls>;
