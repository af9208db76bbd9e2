import type { ClaimName } from '../domain/claims.js';

export const PROFILES = ['documented', 'observed', 'faulty'] as const;
export type Profile = (typeof PROFILES)[number];

export interface Oddity {
  name: string;
  /** The contract's x-observed text; null for what only the faulty profile's own outages do. */
  statement: string | null;
  endpoint: 'listThreads' | 'listMessages' | 'postReply' | 'getAttachment' | 'Problem' | 'Message' | 'every endpoint';
  /** What a client would believe without it. */
  claim: string;
  /** The row of that claim. */
  breaks: ClaimName;
  profiles: readonly Profile[];
  /** Share in [0, 1] of `of` that shows it while it is on. */
  rate: number;
  of: string;
}
