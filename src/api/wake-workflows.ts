import type { WorkflowClient } from '@temporalio/client';
import type { Config } from '../config/config.js';
import { temporalConnection } from '../config/temporal-connection.js';

export interface Waker {
  /** Tells a workflow that the ledger has moved. Never fails: without it the workflow looks at its own time. */
  wake(workflowId: string): void;
  close(): Promise<void>;
}

interface Connected {
  workflows: WorkflowClient;
  close(): Promise<void>;
}

async function connect(config: Pick<Config, 'temporal'>): Promise<Connected> {
  const { Connection, WorkflowClient: Workflows } = await import('@temporalio/client');
  const { connectionOptions, namespace } = await temporalConnection(config);
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5 seconds' });
  return { workflows: new Workflows({ connection, namespace }), close: () => connection.close() };
}

/** Signals one workflow after another; what comes for the same one meanwhile becomes one signal. */
export function createWaker(config: Pick<Config, 'temporal'>): Waker {
  let connected: Promise<Connected> | null = null;
  const pending = new Set<string>();
  let running: Promise<void> | null = null;

  async function signal(workflowId: string): Promise<void> {
    try {
      connected ??= connect(config);
      await (await connected).workflows.getHandle(workflowId).signal('ledgerMoved');
    } catch (error) {
      if (error instanceof Error && error.name === 'WorkflowNotFoundError') return; // it has ended
      const lost = connected;
      connected = null; // the next one connects anew
      await lost?.then((one) => one.close()).catch(() => undefined);
    }
  }

  async function run(): Promise<void> {
    for (const workflowId of pending) {
      pending.delete(workflowId);
      await signal(workflowId);
    }
    running = null;
  }

  return {
    wake(workflowId) {
      pending.add(workflowId);
      running ??= run();
    },
    async close() {
      await running;
      await connected?.then((one) => one.close()).catch(() => undefined);
    },
  };
}
