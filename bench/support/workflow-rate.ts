import type { Client } from '@temporalio/client';

/** Workflows per second between the first that closed and the last, of those of one type. */
export async function closingRate(client: Client, type: string): Promise<number> {
  const closed: number[] = [];
  for await (const { closeTime } of client.workflow.list({ query: `WorkflowType = '${type}'` }))
    if (closeTime) closed.push(closeTime.getTime());
  closed.sort((a, b) => a - b);
  const seconds = ((closed.at(-1) ?? 0) - (closed[0] ?? 0)) / 1_000;
  return seconds > 0 ? (closed.length - 1) / seconds : 0;
}

export interface Weight {
  events: number;
  /** Actions as Temporal Cloud bills them: start, activities, timers, signals, updates, upserts, and each task's local activities as one. */
  actions: number;
}

/** What a closed run weighs. Source of the actions: docs.temporal.io/cloud/actions. */
export async function weigh(client: Client, workflowId: string): Promise<Weight> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const all = events ?? [];
  const billed = all.filter(
    (event) =>
      event.workflowExecutionStartedEventAttributes ??
      event.activityTaskScheduledEventAttributes ??
      event.timerStartedEventAttributes ??
      event.workflowExecutionSignaledEventAttributes ??
      event.signalExternalWorkflowExecutionInitiatedEventAttributes ??
      event.startChildWorkflowExecutionInitiatedEventAttributes ??
      event.upsertWorkflowSearchAttributesEventAttributes,
  ).length;
  const tasksWithLocalActivities = new Set(
    all.flatMap((event) => {
      const marker = event.markerRecordedEventAttributes;
      return marker?.markerName === 'core_local_activity' ? [String(marker.workflowTaskCompletedEventId)] : [];
    }),
  ).size;
  return { events: all.length, actions: billed + tasksWithLocalActivities };
}
