import { relianceOn } from '../ledger/claims.js';
import type { OutboxRow } from '../ledger/outbox.js';
import type { LookDeps } from './look.js';

/** A provider that took a key twice and executed neither has a trouble that a third time does not cure. */
const MOST_RESENDS = 2;

/**
 * Whether a reply in doubt may be sent again by itself: only under its key, and only where this source was seen to execute a second
 * request with the same key not once more. Source: DESIGN "Sending once".
 */
export async function isResendSafe({ db, timing }: LookDeps, { source, resends }: OutboxRow): Promise<boolean> {
  if (resends >= MOST_RESENDS) return false;
  return (await relianceOn(db, source, timing)).resendAllowed;
}
