import type { Client } from '@temporalio/client';

export interface ChainWeight {
  runs: number;
  events: number;
  /** Events of each closed run, oldest first. */
  lengths: number[];
  /** The event at which the server first suggested to continue as new, at the smallest; null where it never did. */
  suggestedAt: number | null;
  /** How far a run went past that event, at most, as a share of it. */
  past: number;
}

/** What the runs of a workflow that continued as new weigh, from its newest one back. */
export async function weighChain(client: Client, workflowId: string): Promise<ChainWeight> {
  const lengths: number[] = [];
  let suggestedAt: number | null = null;
  let past = 0;
  for (let runId: string | undefined; ; ) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const all = events ?? [];
    lengths.unshift(all.length);
    const suggestion = all.find((event) => event.workflowTaskStartedEventAttributes?.suggestContinueAsNew);
    if (suggestion) {
      const at = Number(suggestion.eventId);
      suggestedAt = Math.min(suggestedAt ?? at, at);
      past = Math.max(past, (all.length - at) / at);
    }
    const before = all[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
    if (!before) break;
    runId = before;
  }
  const events = lengths.reduce((sum, one) => sum + one, 0);
  return { runs: lengths.length, events, lengths, suggestedAt, past };
}
