import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { haltPostgres } from '../../src/embedded/postgres.js';
import { identityOf, isAlive, parseIdentity } from '../../src/embedded/process-identity.js';
import { haltTemporal } from '../../src/embedded/temporal-server.js';

const PREFIX = 'waybill-test-';
const ownerFile = (folder: string): string => join(folder, 'owner.json');

/** Everything the servers of one test run have on disk. */
export const makeRunFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  chmodSync(folder, 0o755); // the user that Postgres runs as must be able to enter it
  writeFileSync(ownerFile(folder), JSON.stringify(identityOf(process.pid)));
  return folder;
};

/** Stops the servers of a run and removes what it wrote. */
export const removeRunFolder = async (folder: string): Promise<void> => {
  await Promise.all([
    haltPostgres({ dataDir: join(folder, 'postgres'), log: () => undefined }),
    haltTemporal(join(folder, 'temporal')),
  ]);
  rmSync(folder, { recursive: true, force: true });
};

/** A run that was killed leaves its servers behind: the next run stops them. Runs that go on are left alone. */
export const sweepKilledRuns = async (): Promise<void> => {
  const killed = readdirSync(tmpdir())
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => join(tmpdir(), name))
    .filter((folder) => {
      if (!existsSync(ownerFile(folder))) return false;
      const owner = parseIdentity(readFileSync(ownerFile(folder), 'utf8'));
      return owner !== null && !isAlive(owner);
    });
  await Promise.all(killed.map(removeRunFolder));
};
