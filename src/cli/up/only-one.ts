import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WaybillError } from '../../domain/failures.js';
import { identityOf, isAlive, parseIdentity } from '../../embedded/process-identity.js';

/** One `waybill up` per data folder. Gives the function that ends the claim. */
export function claimDataDir(dataDir: string): () => void {
  const file = join(dataDir, 'up.json');
  const holder = existsSync(file) ? parseIdentity(readFileSync(file, 'utf8')) : null;
  if (holder && isAlive(holder)) {
    throw new WaybillError(
      'ConfigurationInvalid',
      `waybill runs already on ${dataDir} (process ${holder.pid}): stop it first, or set WAYBILL_DATA_DIR to another folder`,
    );
  }
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(file, JSON.stringify(identityOf(process.pid)));
  return () => rmSync(file, { force: true });
}
