import { chmodSync, existsSync, renameSync, writeFileSync } from 'node:fs';
import type { Database } from '../../ledger/database.js';
import { makeToken } from '../../ledger/token-text.js';
import { hasTokens, keepToken } from '../../ledger/tokens.js';

/**
 * Makes the first token of an installation, an admin's, and puts it into a file that only its owner can read. An installation that
 * has ever had a token gets none. The file comes first: a start that ends in between leaves a void file, which the next replaces.
 */
export async function ensureAdminToken(db: Database, file: string, now: Date): Promise<void> {
  if (await hasTokens(db)) return;
  const { text, ...token } = makeToken();
  const unfinished = `${file}.unfinished`;
  writeFileSync(unfinished, `${text}\n`, { mode: 0o600 });
  chmodSync(unfinished, 0o600); // one that was left there keeps the mode that it had
  renameSync(unfinished, file);
  await keepToken(db, token, { name: 'admin', role: 'admin', by: 'waybill up', now });
}

/** Where the token is, for the addresses that a start shows. */
export const adminTokenPlace = (file: string): string =>
  existsSync(file) ? file : `moved from ${file}; \`waybill token create\` makes another`;
