/**
 * Temporal's priority keys on a source's queue: 1 is served first. The fairness key says whose ceiling a call counts against: while a
 * backfill has one of its own the server releases `weight` calls per second of each key, so that of the live ones is out of the way.
 */
const live = { fairnessKey: 'live', fairnessWeight: 1_000 };

export const PRIORITY = {
  send: { priorityKey: 1, ...live },
  live: { priorityKey: 2, ...live },
  attachments: { priorityKey: 3, ...live },
  audit: { priorityKey: 4, ...live },
} as const;

/** @param perSecond its own ceiling; null leaves that to the budget of the source */
export const backfillPriority = (perSecond: number | null) => ({
  priorityKey: 5,
  fairnessKey: 'backfill',
  fairnessWeight: perSecond === null ? live.fairnessWeight : Math.min(live.fairnessWeight, perSecond),
});
