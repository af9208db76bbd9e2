import type { Client } from '@temporalio/client';
import { WaybillError } from '../domain/failures.js';
import { DEPLOYMENT } from '../domain/identity.js';

const GRPC_NOT_FOUND = 5;
const GRPC_FAILED_PRECONDITION = 9;
const LIMIT_MS = 30_000;

/** Makes this build the one that new workflows start on, once the server has seen a worker of it. */
export async function setCurrentVersion(
  client: Client,
  buildId: string,
  pause: (ms: number) => Promise<void>,
): Promise<void> {
  const until = performance.now() + LIMIT_MS;
  for (;;) {
    try {
      await client.connection.workflowService.setWorkerDeploymentCurrentVersion({
        namespace: client.options.namespace,
        deploymentName: DEPLOYMENT,
        buildId,
        version: `${DEPLOYMENT}.${buildId}`,
        ignoreMissingTaskQueues: true,
        identity: 'waybill',
      });
      return;
    } catch (error) {
      const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
      const early = code === GRPC_NOT_FOUND || code === GRPC_FAILED_PRECONDITION;
      if (!early || performance.now() > until) {
        throw new WaybillError(
          'PrerequisiteMissing',
          `Temporal does not take build ${buildId} as the current version.`,
          { cause: error },
        );
      }
      await pause(100);
    }
  }
}
