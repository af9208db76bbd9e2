import type { Client } from '@temporalio/client';
import type { Config } from '../config/config.js';
import { temporalConnection } from '../config/temporal-connection.js';
import { WaybillError } from '../domain/failures.js';
import { backfillQueue, INTAKE_QUEUE, sourceQueue } from '../domain/identity.js';

/** A client of the configured Temporal; the SDK is loaded only by commands that need it. */
export async function withTemporal<T>(config: Config, work: (client: Client) => Promise<T>): Promise<T> {
  const { Client, Connection } = await import('@temporalio/client');
  const { connectionOptions, namespace } = await temporalConnection(config);
  const start = config.temporal.embedded ? 'the embedded one runs while `npm start` does; start that' : 'start it';
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5 seconds' }).catch(
    (cause: unknown) => {
      throw new WaybillError(
        'PrerequisiteMissing',
        `Temporal at ${connectionOptions.address} cannot be reached: ${start}, or set TEMPORAL_ADDRESS.`,
        { cause },
      );
    },
  );
  try {
    return await work(new Client({ connection, namespace }));
  } finally {
    await connection.close();
  }
}

/** Lets a workflow look at the ledger now. Never fails: it looks at its own time where this does not reach it, or has ended. */
export async function wakeWorkflow(config: Config, workflowId: string): Promise<void> {
  await withTemporal(config, (client) => client.workflow.getHandle(workflowId).signal('ledgerMoved')).catch(
    () => undefined,
  );
}

/** Queues that what is done with a source needs and that no worker polls. */
export async function queuesWithoutWorker(
  client: Client,
  source: string,
  { ownQueue } = { ownQueue: false },
): Promise<string[]> {
  const WORKFLOW = 1;
  const ACTIVITY = 2;
  const idle: string[] = [];
  for (const [name, taskQueueType] of [
    [INTAKE_QUEUE, WORKFLOW],
    [ownQueue ? backfillQueue(source) : sourceQueue(source), ACTIVITY],
  ] as const) {
    const { pollers } = await client.connection.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name },
      taskQueueType,
    });
    if ((pollers ?? []).length === 0) idle.push(name);
  }
  return idle;
}
