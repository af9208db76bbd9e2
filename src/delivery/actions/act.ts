import { endMessage, escalateMessage } from '../../ledger/lifecycles.js';
import { correspondentOf } from '../../ledger/outbox.js';
import { askApproval } from './approve.js';
import { narrowedByBackfill } from './backfilled.js';
import { decideCallback } from './callback.js';
import { type Acted, type Acting, type Deciding, ENDED } from './context.js';
import { decideHandOff } from './hand-off.js';
import { holdIfStopped } from './hold.js';
import { refuseReply, reply } from './reply.js';
import { shadow } from './shadow.js';

/** Does what was chosen, as far as the mode in force, the guards of replies and a stop of sending allow. */
export async function act(acting: Acting): Promise<Acted> {
  const { tx, message, choice, mode, now } = acting;
  const { action } = choice;
  if (mode === 'observe') return ignore(acting, 'observed_only');
  const narrowed = await narrowedByBackfill(acting);
  if (narrowed !== null && narrowed !== 'draft') return narrowed;
  const correspondent = action.do === 'reply' ? await correspondentOf(tx, message.id) : null;
  if (action.do === 'reply') {
    const refused = await refuseReply(acting, correspondent);
    if (refused) return refused;
  }
  if (mode === 'shadow') return shadow(acting, correspondent);
  if (action.do === 'escalate') {
    await escalateMessage(tx, message, action.reason, now, action.evidence);
    return ENDED;
  }
  // Nobody can look at the work of a platform before it is done: decideHandOff gives that to a person.
  // An ending without an answer lets nothing leave: of that only its playbook can have a person asked.
  const asks = narrowed === 'draft' || choice.asksApproval || (mode === 'approve' && action.do !== 'close');
  if (action.do !== 'hand_off' && asks) return askApproval(acting, correspondent);
  if (action.do === 'close') return ignore(acting, 'closed_by_playbook');
  const held = await holdIfStopped(acting, choice.playbook?.name ?? null);
  if (held) return held;
  if (action.do === 'reply') return reply(acting, action, correspondent);
  if (action.do === 'callback') return decideCallback(acting);
  return decideHandOff(acting, action.platform);
}

async function ignore({ tx, message, now }: Deciding, reason: 'observed_only' | 'closed_by_playbook'): Promise<Acted> {
  await endMessage(tx, { messageId: message.id, carry: message.carry, disposition: 'ignored', reason, now });
  return ENDED;
}
