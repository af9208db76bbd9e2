import type { Client } from '@temporalio/client';
import { pacerWorkflowId, sourceQueue } from '../domain/identity.js';

const ACTIVITY_QUEUE = 2;
const GRPC_INVALID_ARGUMENT = 3;
const GRPC_UNIMPLEMENTED = 12;
/** What the server says where its memory of the queue is older than its database (measured on 1.29.1). */
const BEHIND_ITS_DATABASE = 'Expected exactly one row to be updated';
/** Rates are stored in 32 bits. */
const TOLERANCE = 1e-3;

/**
 * Lets the server release so many calls per second of a source, over all workers; effective within a second. After a rate of 0 the
 * first call comes a second and one call's worth of time later (measured on 1.29.1), so that a pause ends without a burst. False
 * where the server has no such limit; then the one of the workers counts (`maxTaskQueueActivitiesPerSecond`).
 */
export async function setQueueRate(client: Client, source: string, requestsPerSecond: number): Promise<boolean> {
  try {
    const known = await readQueueRate(client, source);
    if (known !== null && Math.abs(known - requestsPerSecond) <= requestsPerSecond * TOLERANCE) return true;
    await client.connection.workflowService.updateTaskQueueConfig({
      namespace: client.options.namespace,
      identity: 'waybill',
      taskQueue: sourceQueue(source),
      taskQueueType: ACTIVITY_QUEUE,
      updateQueueRateLimit: { rateLimit: { requestsPerSecond }, reason: pacerWorkflowId(source) },
    });
    return true;
  } catch (error) {
    if (isUnimplemented(error)) return false;
    throw error;
  }
}

/** The limit that was set on a source's queue; null where there is none. */
export async function readQueueRate(client: Client, source: string): Promise<number | null> {
  const { config } = await client.connection.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: sourceQueue(source) },
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
