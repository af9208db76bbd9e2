import { appendEvents } from '../../ledger/events.js';
import { continueMessage, releaseTurn, waitMessage } from '../../ledger/lifecycles.js';
import { isStoppedIn } from '../../ledger/modes.js';
import type { Acted, Deciding } from './context.js';

/** Holds what would leave while sending is stopped for it; null where it may go on, and then its release is written down. */
export async function holdIfStopped(deciding: Deciding, playbook: string | null): Promise<Acted | null> {
  const { tx, message, sending, now } = deciding;
  if (isStoppedIn(sending, { route: message.route, playbook })) return hold(deciding);
  if (message.waitingKind === 'stopped') {
    await continueMessage(tx, message);
    await appendEvents(tx, now, [{ messageId: message.id, kind: 'released', carry: message.carry, detail: {} }]);
  }
  return null;
}

/** Sending is stopped for it: it waits, gives its turn back, and is looked at again when the stop is lifted. */
export async function hold({ tx, message, now, timing }: Deciding): Promise<Acted> {
  const until = new Date(now.getTime() + timing.stoppedRetryMs);
  if (message.waitingKind !== 'stopped')
    await appendEvents(tx, now, [{ messageId: message.id, kind: 'held', carry: message.carry, detail: {} }]);
  await waitMessage(tx, message, 'stopped', until, now);
  await releaseTurn(tx, message.id);
  return { kind: 'wait', for: 'stopped', until: until.toISOString() };
}
