import { releaseTurn, waitMessage } from '../../ledger/lifecycles.js';
import type { Acted, Deciding } from './context.js';

/** Sending is stopped for it: it waits, gives its turn back, and is looked at again when the stop is lifted. */
export async function hold({ tx, message, now, timing }: Deciding): Promise<Acted> {
  const until = new Date(now.getTime() + timing.stoppedRetryMs);
  await waitMessage(tx, message, 'stopped', until, now);
  await releaseTurn(tx, message.id);
  return { kind: 'wait', for: 'stopped', until: until.toISOString() };
}
