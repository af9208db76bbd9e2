import type { ClaimName, Tally } from '../../domain/claims.js';
import type { Timing } from '../../domain/timing.js';
import type { Sql } from '../../ledger/database.js';

export interface Scan {
  source: string;
  /** Calls and messages from here on are looked at; what stood before them is read as needed. */
  since: Date;
  now: Date;
  timing: Timing;
}

/** What the ledger alone says about a claim. */
export interface Seen {
  tally: Tally;
  /** Ids, counts and instants, an example of what contradicts first; never content. */
  evidence: Record<string, unknown>;
}

export type Evidence = Partial<Record<ClaimName, Seen>>;
export type Look = (db: Sql, scan: Scan) => Promise<Evidence>;

export interface CountRow {
  supports: number;
  contradicts: number;
  /** An id that leads to what contradicts: a call, a thread, a message of ours. */
  example: string | null;
}

export const seen = (row: CountRow | undefined, more: Record<string, unknown> = {}): Seen => {
  const { supports = 0, contradicts = 0, example = null } = row ?? {};
  return {
    tally: { supports, contradicts },
    evidence: { supports, contradicts, ...(example ? { example } : {}), ...more },
  };
};
