import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashOf, type Parties, type ReadSet, readSet, type SourceFile } from './playbook-set.js';
import type { Problem } from './problem.js';

/** The set that comes with the product; it lies beside src/ and dist/. */
export const STARTER_FOLDER = fileURLToPath(new URL('../../playbooks/', import.meta.url));

/** The starter set is for every installation: what it cannot have done goes to a person. */
export const partiesFor = (folder: string, parties: Parties): Parties =>
  folder === STARTER_FOLDER ? { ...parties, phone: null } : parties;

const CASES = /\.cases\.ya?ml$/;
const MOST_FILES = 1_000;
const FILE_BYTES = 262_144;

export interface FolderFiles {
  /** Playbooks, templates and `shared.yaml`. */
  files: SourceFile[];
  /** Test cases, which are no part of the set. */
  cases: SourceFile[];
  problems: Problem[];
}

/** Reads a folder: its own files, not those of folders below it. Names that begin with a dot are passed over. */
export function readFolder(folder: string): FolderFiles {
  const found: FolderFiles = { files: [], cases: [], problems: [] };
  const problem = (file: string, what: string, todo: string) =>
    found.problems.push({ file, line: 1, column: 1, level: 'error', what, todo });
  try {
    const names = readdirSync(folder).filter((name) => !name.startsWith('.') && /\.(ya?ml|liquid)$/.test(name));
    if (names.length > MOST_FILES) problem('.', `the folder holds ${names.length} files`, `keep at most ${MOST_FILES}`);
    for (const name of names.slice(0, MOST_FILES).sort()) {
      const { size } = statSync(join(folder, name));
      if (size > FILE_BYTES) problem(name, `the file has ${size} bytes`, `keep it below ${FILE_BYTES}`);
      else
        (CASES.test(name) ? found.cases : found.files).push({ name, text: readFileSync(join(folder, name), 'utf8') });
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    problem(
      '.',
      `the folder cannot be read (${code})`,
      'name a folder that this process may read in WAYBILL_PLAYBOOKS',
    );
  }
  return found;
}

/** The set that a folder holds, or what is wrong with it. */
export const loadFolder = (folder: string, labels: readonly string[] | null, parties: Parties | null = null): ReadSet =>
  readFound(readFolder(folder), labels, parties);

/** The same of a folder that has been read. */
export function readFound(
  { files, problems }: FolderFiles,
  labels: readonly string[] | null,
  parties: Parties | null = null,
): ReadSet {
  if (problems.length > 0) return { hash: hashOf(files), set: null, problems };
  return readSet(files, labels, parties);
}
