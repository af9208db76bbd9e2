import { endMessage, escalateMessage, releaseTurn, waitMessage } from '../../ledger/lifecycles.js';
import { isStopped } from '../../ledger/modes.js';
import { claimAnswer, prepareReply } from '../../ledger/outbox.js';
import { type Acted, type Acting, type Deciding, ENDED } from './context.js';
import { decideHandOff } from './hand-off.js';

/** Does what was chosen, as far as the mode in force and a stop of sending allow. */
export async function act(acting: Acting): Promise<Acted> {
  const { tx, message, choice, mode, now } = acting;
  const { action } = choice;
  if (mode === 'observe') return ignore(acting, 'observed_only');
  if (mode === 'shadow') return ignore(acting, 'shadowed');
  if (action.do === 'close') return ignore(acting, 'closed_by_playbook');
  if (action.do === 'escalate') {
    await escalateMessage(tx, message, action.reason, now, action.evidence);
    return ENDED;
  }
  const scope = { source: message.source, route: message.route, playbook: choice.playbook?.name ?? null };
  if (await isStopped(tx, scope)) return hold(acting);
  if (action.do === 'hand_off') return decideHandOff(acting, action.platform);
  if (action.do !== 'reply') {
    await escalateMessage(tx, message, 'no_playbook', now);
    return ENDED;
  }
  if (!(await claimAnswer(tx, message, now))) {
    await escalateMessage(tx, message, 'already_answered', now);
    return ENDED;
  }
  await prepareReply(tx, message, action.template, action.text, now);
  return { kind: 'reply' };
}

async function ignore(
  { tx, message, now }: Deciding,
  reason: 'observed_only' | 'shadowed' | 'closed_by_playbook',
): Promise<Acted> {
  await endMessage(tx, { messageId: message.id, carry: message.carry, disposition: 'ignored', reason, now });
  return ENDED;
}

/** Sending is stopped for it: it waits, gives its turn back, and is looked at again when the stop is lifted. */
export async function hold({ tx, message, now, timing }: Deciding): Promise<Acted> {
  const until = new Date(now.getTime() + timing.stoppedRetryMs);
  await waitMessage(tx, message, 'stopped', until, now);
  await releaseTurn(tx, message.id);
  return { kind: 'wait', for: 'stopped', until: until.toISOString() };
}
