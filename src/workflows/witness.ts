import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { AuditSteps } from '../activities/audit-steps.js';

/** Looks at what newly recorded messages name, for every source: what points at nothing we hold is a hole, and has its alarm. */
export async function witness(): Promise<{ events: number; holes: number }> {
  const steps = proxyActivities<AuditSteps>({ startToCloseTimeout: '10 minutes', heartbeatTimeout: '1 minute' });
  const seen = await steps.witness();
  setCurrentDetails(`${seen.events} events read; ${seen.holes} Message-IDs point at nothing we hold`);
  return seen;
}
