import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { WaybillError } from '../domain/failures.js';
import { identityOf, isAlive, parseIdentity } from './process-identity.js';
import { waitUntil } from './wait-until.js';

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

const ownerOf = (path: string) => {
  try {
    return parseIdentity(readFileSync(path, 'utf8'));
  } catch {
    return null; // released meanwhile
  }
};

let taken = 0;

const tryTake = (path: string): boolean => {
  const mine = `${path}.${process.pid}.${taken++}`;
  writeFileSync(mine, JSON.stringify(identityOf(process.pid)));
  try {
    linkSync(mine, path); // appears with its content, or not at all: nobody reads a half-written owner
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(mine, { force: true });
  }
};

/** Removes a lock whose owner has ended; puts it back where a faster process took it meanwhile. */
const clearStale = (path: string): void => {
  const owner = ownerOf(path);
  if (owner === null || isAlive(owner)) return;
  const aside = `${path}.stale.${process.pid}.${taken++}`;
  try {
    renameSync(path, aside);
    const moved = ownerOf(aside);
    if (moved !== null && isAlive(moved)) linkSync(aside, path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT') && !hasCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
};

/**
 * Runs `work` while no other process (or part of this one) holds the lock file; a lock whose owner was killed is taken over.
 * @param timeoutMs longest wait for the other owner
 * @throws PrerequisiteMissing when the other owner keeps it longer
 */
export const withLock = async <T>(path: string, timeoutMs: number, work: () => Promise<T>): Promise<T> => {
  const got = await waitUntil(
    () => {
      if (tryTake(path)) return true;
      clearStale(path);
      return tryTake(path);
    },
    { timeoutMs, everyMs: 20 },
  );
  if (!got) {
    const owner = ownerOf(path);
    throw new WaybillError(
      'PrerequisiteMissing',
      `process ${owner?.pid ?? 'unknown'} has held ${path} for more than ${Math.round(timeoutMs / 1000)} s: let it end, or stop it, and start again`,
    );
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
};
