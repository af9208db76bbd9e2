/** Temporal's priority keys on a source's queue: 1 is served first. */
export const PRIORITY = {
  send: { priorityKey: 1 },
  live: { priorityKey: 2 },
  attachments: { priorityKey: 3 },
  audit: { priorityKey: 4 },
  backfill: { priorityKey: 5 },
} as const;
