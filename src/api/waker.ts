import type { WorkflowClient } from '@temporalio/client';
import type { Config } from '../config/config.js';
import { temporalConnection } from '../config/temporal-connection.js';

export interface Waker {
  /** Lets workflows look at the ledger now. Never fails: without it they look at their own time. */
  wake(workflowIds: readonly string[]): void;
  close(): Promise<void>;
}

interface Connected {
  workflows: WorkflowClient;
  close(): Promise<void>;
}

/** The SDK is loaded by the first word: a process that has none to say is spared 200 ms and 40 MB. */
async function connect(config: Pick<Config, 'temporal'>): Promise<Connected> {
  const { Connection, WorkflowClient: Workflows } = await import('@temporalio/client');
  const { connectionOptions, namespace } = await temporalConnection(config);
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5 seconds' });
  return { workflows: new Workflows({ connection, namespace }), close: () => connection.close() };
}

/** What was written to the ledger is said to the workflow that waits for it. */
export function createWaker(config: Pick<Config, 'temporal'>): Waker {
  let connected: Promise<Connected> | null = null;
  const under = new Set<Promise<void>>();

  async function signal(workflowId: string): Promise<void> {
    const asked = (connected ??= connect(config));
    try {
      const { workflows } = await asked;
      await workflows.getHandle(workflowId).signal('ledgerMoved');
    } catch (error) {
      // One that has ended needs no waking; anything else may be the connection, and the next word connects anew.
      if (error instanceof Error && error.name === 'WorkflowNotFoundError') return;
      if (connected === asked) connected = null;
      await asked.then((one) => one.close()).catch(() => undefined);
    }
  }

  return {
    wake(workflowIds) {
      for (const workflowId of workflowIds) {
        const one = signal(workflowId).finally(() => under.delete(one));
        under.add(one);
      }
    },
    async close() {
      await Promise.all(under);
      await connected?.then((one) => one.close()).catch(() => undefined);
    },
  };
}
