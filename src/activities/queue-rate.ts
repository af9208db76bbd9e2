import type { Client } from '@temporalio/client';
import { backfillQueue, pacerWorkflowId, sourceQueue } from '../domain/identity.js';

const ACTIVITY_QUEUE = 2;
const GRPC_INVALID_ARGUMENT = 3;
const GRPC_UNIMPLEMENTED = 12;
/** What the server says where its memory of the queue is older than its database (measured on 1.29.1). */
const BEHIND_ITS_DATABASE = 'Expected exactly one row to be updated';
/** Rates are stored in 32 bits. */
const TOLERANCE = 1e-3;
const PROBED_RATE = 1;

/**
 * Lets the server release so many calls per second of a source, over all workers; effective within a second. After a rate of 0 the
 * first call comes a second and one call's worth of time later (measured on 1.29.1), so that a pause ends without a burst. False
 * where the server has no such limit; then the one of the workers counts (`maxTaskQueueActivitiesPerSecond`).
 */
export const setQueueRate = (client: Client, source: string, requestsPerSecond: number): Promise<boolean> =>
  setRate(client, sourceQueue(source), pacerWorkflowId(source), requestsPerSecond);

/** The same for the queue of its backfill. */
export const setBackfillQueueRate = (client: Client, source: string, requestsPerSecond: number): Promise<boolean> =>
  setRate(client, backfillQueue(source), pacerWorkflowId(source), requestsPerSecond);

async function setRate(client: Client, taskQueue: string, reason: string, requestsPerSecond: number): Promise<boolean> {
  try {
    const known = await readRate(client, taskQueue);
    if (known !== null && Math.abs(known - requestsPerSecond) <= requestsPerSecond * TOLERANCE) return true;
    await client.connection.workflowService.updateTaskQueueConfig({
      namespace: client.options.namespace,
      identity: 'waybill',
      taskQueue,
      taskQueueType: ACTIVITY_QUEUE,
      updateQueueRateLimit: { rateLimit: { requestsPerSecond }, reason },
    });
    return true;
  } catch (error) {
    if (isUnimplemented(error)) return false;
    throw error;
  }
}

/**
 * Whether each kind of call on a source's queue has a ceiling of its own: one call per second times the weight that it carries
 * (`PRIORITY`). It is set while a backfill wants one, and works where the server knows fairness keys.
 */
export async function setCeilingPerKey(client: Client, source: string, wanted: boolean): Promise<void> {
  try {
    await client.connection.workflowService.updateTaskQueueConfig({
      namespace: client.options.namespace,
      identity: 'waybill',
      taskQueue: sourceQueue(source),
      taskQueueType: ACTIVITY_QUEUE,
      updateFairnessKeyRateLimitDefault: {
        ...(wanted ? { rateLimit: { requestsPerSecond: 1 } } : {}),
        reason: wanted ? 'a backfill has a ceiling of its own' : 'no backfill',
      },
    });
  } catch (error) {
    if (!isUnimplemented(error)) throw error;
  }
}

/** Whether the server holds the rate of a queue: tried on a queue of nobody. Source: DESIGN, "where a server lacks the feature". */
export async function supportsQueueRate(client: Client): Promise<boolean> {
  const queue = 'waybill.doctor';
  if (!(await setRate(client, queue, 'waybill doctor', PROBED_RATE))) return false;
  return (await readRate(client, queue)) === PROBED_RATE;
}

/** The limit that was set on a source's queue; null where there is none. */
export const readQueueRate = (client: Client, source: string): Promise<number | null> =>
  readRate(client, sourceQueue(source));

async function readRate(client: Client, name: string): Promise<number | null> {
  const { config } = await client.connection.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name },
    taskQueueType: ACTIVITY_QUEUE,
    reportConfig: true,
  });
  return config?.queueRateLimit?.rateLimit?.requestsPerSecond ?? null;
}

/**
 * Whether the server cannot take a rate for now: a write that was cancelled, as by the death of its worker, has left it behind its own
 * database. It recovers by itself: within seconds under our settings, within minutes under its defaults.
 */
export const isBehindItsDatabase = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === GRPC_INVALID_ARGUMENT &&
  error.message.includes(BEHIND_ITS_DATABASE);

const isUnimplemented = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === GRPC_UNIMPLEMENTED;
