import type { ClaimName, Verdict } from '../../src/domain/claims.js';
import { readClaims } from '../../src/ledger/claims.js';
import { only, type Sql } from '../../src/ledger/database.js';

/** The verdict of one claim about a source; one that was never judged is untested. */
export async function claimVerdict(db: Sql, source: string, claim: ClaimName): Promise<Verdict> {
  const rows = await readClaims(db, source, new Date(0));
  return only(
    rows.filter((row) => row.claim === claim),
    claim,
  ).verdict;
}
