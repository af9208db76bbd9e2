/** What the workflow list can be filtered by; Temporal never encrypts these, so they hold names of ours only. */
export const SEARCH_ATTRIBUTES = {
  source: { name: 'WaybillSource', type: 'KEYWORD' },
  route: { name: 'WaybillRoute', type: 'KEYWORD' },
  state: { name: 'WaybillState', type: 'KEYWORD' },
  outcome: { name: 'WaybillOutcome', type: 'KEYWORD' },
} as const;
