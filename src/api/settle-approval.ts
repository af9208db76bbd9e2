import type { Client } from '@temporalio/client';
import type { SettleApprovalInput } from '../contracts/approval-steps.js';
import type { SettleResult } from '../domain/approvals.js';
import type { Clock } from '../domain/clock.js';
import { lifecycleWorkflowId } from '../domain/identity.js';
import { type PersonsDecision, settleApproval } from '../ledger/approvals.js';
import type { Database } from '../ledger/database.js';
import { readMessage } from '../ledger/lifecycles.js';

export interface Settling {
  db: Database;
  clock: Clock;
  temporal(): Promise<Client>;
}

/** Longer than a worker needs that is there; what is not delivered by then is delivered by dispatch. */
const DELIVERED_WITHIN_MS = 5_000;

/**
 * A person's decision about a draft: written to the ledger first, then told to the lifecycle that waits for it, as an Update. Where no
 * worker runs, or Temporal is out of reach, the decision stands all the same, and dispatch wakes the lifecycle later.
 */
export async function settleAndTell(
  { db, clock, temporal }: Settling,
  decision: Omit<PersonsDecision, 'now'>,
): Promise<SettleResult & { told: boolean }> {
  const result = await settleApproval(db, { ...decision, now: clock.now() });
  if (!result.settled) return { ...result, told: false };
  const { messageId, draftVersion, verdict, actor } = decision;
  const { source } = await readMessage(db, messageId);
  const told: SettleApprovalInput = { messageId, draftVersion, verdict, actor };
  try {
    const client = await temporal();
    const handle = client.workflow.getHandle(lifecycleWorkflowId(source, messageId));
    const deadline = clock.now().getTime() + DELIVERED_WITHIN_MS;
    await client.withDeadline(deadline, () =>
      handle.executeUpdate<SettleResult, [SettleApprovalInput]>('settleApproval', { args: [told] }),
    );
    return { ...result, told: true };
  } catch {
    // The ledger has it. Dispatch may have woken the lifecycle before, and it has acted already.
    return { ...result, told: (await readMessage(db, messageId)).waitingKind !== 'approval' };
  }
}
