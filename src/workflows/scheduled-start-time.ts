import { workflowInfo } from '@temporalio/workflow';

/** The instant for which a Schedule started this run, ISO; the start of the run where somebody started it by hand. */
export function scheduledStartTime(): string {
  const { typedSearchAttributes, startTime } = workflowInfo();
  const scheduled = typedSearchAttributes.get({ name: 'TemporalScheduledStartTime', type: 'DATETIME' });
  return (scheduled ?? startTime).toISOString();
}
