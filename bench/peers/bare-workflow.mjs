import { proxyActivities } from '@temporalio/workflow';

const { effect } = proxyActivities({ startToCloseTimeout: '10 seconds' });

/** The least that a durable workflow with one effect can be. */
export async function bare() {
  await effect();
}
