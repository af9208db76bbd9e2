import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupFailure } from './failure.mjs';
import { fingerprintOf, readNote } from './fingerprint.mjs';
import { withProgress } from './progress.mjs';
import { run, tail } from './run.mjs';

const SOURCES = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

const step = async (root, what, args, advice) => {
  const result = await withProgress(what, () => run(process.execPath, args, { cwd: root }));
  if (!result.ok) throw new SetupFailure(`${what} failed: ${advice}; it said:\n${tail(result.output, 30)}`);
};

/**
 * Compiles src/ to dist/ and bundles the workflows when a source changed. Everything is made beside dist/ and takes its
 * place at the end, so that a failed build leaves the old one whole and no file of a deleted source stays behind.
 */
export const build = async (root) => {
  const note = join(root, 'dist', '.sources.sha256');
  const wanted = fingerprintOf(SOURCES.map((path) => join(root, path)));
  if (readNote(note) === wanted) return;
  const next = join(root, '.cache', 'dist-next');
  rmSync(next, { recursive: true, force: true });
  mkdirSync(join(root, '.cache'), { recursive: true });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await step(root, 'compiling src/', [tsc, '-p', 'tsconfig.build.json', '--outDir', next], 'mend the errors');
  if (existsSync(join(root, 'src', 'workers', 'bundle.ts'))) {
    await step(root, 'bundling the workflows', [join(next, 'workers', 'bundle.js')], 'mend the errors');
  }
  writeFileSync(join(next, '.sources.sha256'), wanted);
  const last = join(root, '.cache', `dist-last-${process.pid}`);
  if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), last);
  renameSync(next, join(root, 'dist'));
  rmSync(last, { recursive: true, force: true });
};
