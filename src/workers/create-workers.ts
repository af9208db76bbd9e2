import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities/create-activities.js';
import type { ActivityDeps } from '../activities/deps.js';
import { createErrorInterceptor } from '../activities/interceptors.js';
import type { Config } from '../config/config.js';
import { backfillQueue, DEPLOYMENT, INTAKE_QUEUE, LIFECYCLE_QUEUE, sourceQueue } from '../domain/identity.js';
import { BUNDLE_FILE } from './bundle-files.js';
import type { Roles } from './roles.js';

interface WorkerParts {
  deps: ActivityDeps;
  roles: Roles;
  connection: NativeConnection;
  namespace: string;
  buildId: string;
  config: Config;
}

/** One worker of Temporal's for each queue that the roles name. */
export async function createWorkers({
  deps,
  roles,
  connection,
  namespace,
  buildId,
  config,
}: WorkerParts): Promise<Worker[]> {
  const activities = createActivities(deps);
  const shared: Pick<
    WorkerOptions,
    'connection' | 'namespace' | 'interceptors' | 'shutdownGraceTime' | 'stickyQueueScheduleToStartTimeout'
  > = {
    connection,
    namespace,
    shutdownGraceTime: config.timing.drainMs,
    stickyQueueScheduleToStartTimeout: config.timing.stickyMs,
    interceptors: { activity: [() => ({ inbound: createErrorInterceptor(deps) })] },
  };
  const versioned = (
    behavior: 'PINNED' | 'AUTO_UPGRADE',
  ): Pick<WorkerOptions, 'workflowBundle' | 'workerDeploymentOptions'> => ({
    workflowBundle: { codePath: BUNDLE_FILE },
    workerDeploymentOptions: {
      useWorkerVersioning: true,
      version: { deploymentName: DEPLOYMENT, buildId },
      defaultVersioningBehavior: behavior,
    },
  });
  const workers: Promise<Worker>[] = [];
  if (roles.intake) {
    workers.push(
      Worker.create({
        ...shared,
        ...versioned('AUTO_UPGRADE'),
        taskQueue: INTAKE_QUEUE,
        activities: activities.intake,
      }),
    );
  }
  if (roles.lifecycle) {
    // The embedded installation replaces its only worker at every start: nothing could stay on an older build.
    const behavior = config.temporal.embedded ? 'AUTO_UPGRADE' : 'PINNED';
    workers.push(
      Worker.create({
        ...shared,
        ...versioned(behavior),
        taskQueue: LIFECYCLE_QUEUE,
        activities: activities.lifecycle,
        maxConcurrentLocalActivityExecutions: 16,
      }),
    );
  }
  const queues = [
    ...[...roles.sources, ...roles.providers].map((source) => ({ ...source, queue: sourceQueue(source.name) })),
    ...roles.backfills.map((source) => ({ ...source, queue: backfillQueue(source.name) })),
  ];
  for (const source of queues) {
    workers.push(
      Worker.create({
        ...shared,
        taskQueue: source.queue,
        activities: activities.source,
        maxConcurrentActivityTaskExecutions: 24,
        // Counts only where the server has no rate of the queue itself, which the pacer sets.
        maxTaskQueueActivitiesPerSecond: source.ratePerSecond,
      }),
    );
  }
  return Promise.all(workers);
}
