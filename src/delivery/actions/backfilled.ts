import { originPlausible } from '../../domain/admission.js';
import { leaveFor } from '../../domain/backfill.js';
import { readBackfill } from '../../ledger/backfills.js';
import { escalateMessage } from '../../ledger/lifecycles.js';
import { type Acted, type Acting, ENDED } from './context.js';

/**
 * What the policy of the backfill that brought a message in leaves of what was chosen for it: all of it, a draft for a person, or
 * nothing that leaves. It is asked before every mode and guard, and none of them can give back what it takes. Source: DESIGN law 9.
 */
export async function narrowedByBackfill({
  tx,
  message,
  thread,
  choice,
  approved,
  now,
  timing,
}: Acting): Promise<Acted | 'draft' | null> {
  const { action } = choice;
  if (message.backfillId === null || action.do === 'escalate' || action.do === 'close') return null;
  const { policy } = await readBackfill(tx, message.backfillId);
  const originAt = message.originAt?.getTime() ?? null;
  const threadCreatedAt = thread.createdAt.getTime();
  const believed = originPlausible({ originAt, firstSeenAt: message.firstSeenAt.getTime(), threadCreatedAt, timing });
  const writtenAt = believed ? (originAt ?? threadCreatedAt) : threadCreatedAt;
  const leaves = policy === null ? 'nothing' : leaveFor(policy, now.getTime() - writtenAt);
  if (leaves === 'as_usual' || (leaves === 'draft' && approved)) return null;
  if (leaves === 'draft' && action.do !== 'hand_off') return 'draft';
  await escalateMessage(tx, message, 'found_by_backfill', now, `backfill ${message.backfillId}`);
  return ENDED;
}
