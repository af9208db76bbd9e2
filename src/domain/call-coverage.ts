/** What is known of calls and their statuses that may never have been told; docs/reference/callbacks.md holds the same table. */
export const CALL_COVERAGE = {
  complete:
    'the list of the provider was read to its end and compared lately: both sides hold the same calls, and each of ours has an end or may still get one',
  gaps: 'one of the two sides lacks a call, or a call of ours has been without an end for too long',
  unknown: 'no comparison was carried through lately, or the list is known to lack calls',
} as const;
export type CallCoverage = keyof typeof CALL_COVERAGE;
