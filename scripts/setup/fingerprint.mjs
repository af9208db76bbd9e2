import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const filesBelow = (path) => {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
};

/** A hash over path, size and time of change of all files below the paths: cheap, and right wherever an editor or git writes. */
export const fingerprintOf = (paths) => {
  const hash = createHash('sha256');
  for (const file of paths.flatMap(filesBelow)) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
};

/** A hash over the content of the files; a missing one counts as empty. */
export const contentHashOf = (paths) => {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(existsSync(path) ? readFileSync(path) : '').update('\0');
  return hash.digest('hex');
};

/** The text of a note, or null. */
export const readNote = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : null);
