import { callbackWorkflowId } from '../../domain/identity.js';
import type { EscalateReason } from '../../domain/reasons.js';
import type { ActionWait } from '../../domain/step-results.js';
import { mustNotBeCalled } from '../../ledger/do-not-call.js';
import { endMessage, escalateMessage, releaseTurn, waitMessage } from '../../ledger/lifecycles.js';
import { modeIn } from '../../ledger/modes.js';
import { claimAnswer } from '../../ledger/outbox.js';
import { endCall, lockCallOf, orderCall } from '../../ledger/phone-calls.js';
import { nextSlot } from '../calling/hours.js';
import { findNumber } from '../calling/number.js';
import { barredBecause, barredByMode } from '../calling/permission.js';
import { readCallRequest } from '../calling/request.js';
import { zonesFor } from '../calling/zones.js';
import { type Acted, type Acting, type Deciding, ENDED } from './context.js';
import { holdIfStopped } from './hold.js';

/** A call that has its hour is looked at again some time after it, should its own workflow be lost. */
const LOOK_AGAIN_MS = 600_000;

/** Arranges a call: number, list of those not to be called, hour, claim and row, in the transaction of the decision. */
export async function decideCallback(acting: Acting): Promise<Acted> {
  const { tx, message, thread, choice, sending, calling = null, now, timing } = acting;
  if (calling === null) return toPerson(acting, 'no_playbook', 'no phone provider is configured');
  // What is decided as live under the mode approve is what a person has approved.
  const approved = modeIn(sending, { route: message.route, playbook: choice.playbook?.name ?? null }) === 'approve';
  const barred = await barredBecause(tx, message, thread, { approved });
  if (barred !== null && barred !== 'unapproved') {
    await endMessage(tx, { messageId: message.id, carry: message.carry, disposition: 'ignored', reason: barred, now });
    return ENDED;
  }
  const { given, text, region, ...named } = await readCallRequest(tx, message, calling);
  const found = findNumber({ given, text, region, own: [calling.from] });
  if (!found.ok) return toPerson(acting, found.reason, found.evidence);
  if (await mustNotBeCalled(tx, found.number)) return toPerson(acting, 'do_not_call');
  const zones = zonesFor({
    request: named.zone,
    customer: named.customerZone,
    source: calling.zone,
    region: found.region,
  });
  const windowEnd = new Date(now.getTime() + timing.callWindowMs);
  const slotAt = nextSlot(calling.hours, zones, now, windowEnd);
  if (slotAt === null) return toPerson(acting, 'no_calling_hours', `of ${zones.length} zones`);
  if (!(await claimAnswer(tx, message, now, 'callback'))) return toPerson(acting, 'already_answered');
  const { provider, from } = calling;
  const order = { provider, to: found.number, from, approved, zones, slotAt, windowEnd };
  if (!(await orderCall(tx, message, order, now))) return toPerson(acting, 'call_elsewhere');
  await releaseTurn(tx, message.id);
  return waitForCall(acting, slotAt);
}

/**
 * What becomes of a message whose call is under way or over; null where it has none, or one that nothing of has left and that is
 * not wanted any more: then it is decided like any other. Asked before the place in the conversation is judged.
 */
export async function continueCallback(deciding: Deciding): Promise<Acted | null> {
  const { tx, message, underWay, sending, now } = deciding;
  const call = await lockCallOf(tx, message.id);
  if (call === null || call.state === 'withdrawn') return null;
  if (call.state === 'completed') {
    const ending = { messageId: message.id, carry: message.carry, now };
    await endMessage(tx, { ...ending, disposition: 'callback_done', reason: 'call_completed' });
    return ENDED;
  }
  if (call.state === 'given_up') return toPerson(deciding, call.reason ?? 'call_unconfirmed');
  if (call.state !== 'scheduled') return waitForCall(deciding, null);
  const playbook = underWay.decision?.playbook ?? null;
  const barred = barredByMode(modeIn(sending, { route: message.route, playbook }), call);
  // Other words came under the message: what is asked for now is decided on those.
  if (barred !== null || underWay.isToldAnew) {
    await endCall(tx, call, { as: 'withdrawn' }, message.carry, now);
    return null;
  }
  const held = await holdIfStopped(deciding, playbook);
  if (held) return held;
  return waitForCall(deciding, call.slotAt);
}

/** Waits for the hour, else for the end of the call; what carries the call is started unless it runs. */
async function waitForCall({ tx, message, now }: Deciding, slotAt: Date | null): Promise<ActionWait> {
  const kind = slotAt !== null && slotAt > now ? 'business_hours' : 'callback';
  const until = new Date(Math.max(slotAt?.getTime() ?? 0, now.getTime() + LOOK_AGAIN_MS));
  await waitMessage(tx, message, kind, until, now);
  const { id: messageId, source } = message;
  const workflowId = callbackWorkflowId(source, messageId);
  return {
    kind: 'wait',
    for: kind,
    until: until.toISOString(),
    start: { workflow: 'callback', workflowId, messageId, source },
  };
}

async function toPerson({ tx, message, now }: Deciding, reason: EscalateReason, evidence?: string): Promise<Acted> {
  await escalateMessage(tx, message, reason, now, evidence);
  return ENDED;
}
