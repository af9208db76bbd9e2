import type { Client } from '@temporalio/client';

export interface Waker {
  /** Lets workflows look at the ledger now. Never fails: without it they look at their own time. */
  wake(workflowIds: readonly string[]): void;
}

/** What was written to the ledger is said to the workflow that waits for it; one that has ended needs no waking. */
export const createWaker = (temporal: () => Promise<Client>): Waker => ({
  wake(workflowIds) {
    for (const workflowId of workflowIds) {
      temporal()
        .then((client) => client.workflow.getHandle(workflowId).signal('ledgerMoved'))
        .catch(() => undefined);
    }
  },
});
