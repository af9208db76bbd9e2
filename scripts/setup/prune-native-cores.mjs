#!/usr/bin/env node
/** Removes Temporal's native cores for other machines, which are most of what production dependencies weigh. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isMain, ROOT } from './paths.mjs';

const CPU = { arm64: 'aarch64', x64: 'x86_64' };
const SYSTEM = { darwin: 'apple-darwin', linux: 'unknown-linux-gnu', win32: 'pc-windows-msvc' };

/**
 * @returns {string[]} the releases that were removed; none where the one for this machine is not there, because then the
 * package names its releases in another way than this script believes
 */
export const pruneNativeCores = (root) => {
  const folder = join(root, 'node_modules', '@temporalio', 'core-bridge', 'releases');
  const own = `${CPU[process.arch]}-${SYSTEM[process.platform]}`;
  if (!existsSync(join(folder, own))) return [];
  const foreign = readdirSync(folder).filter((name) => name !== own);
  for (const name of foreign) rmSync(join(folder, name), { recursive: true });
  return foreign;
};

if (isMain(import.meta.url)) process.stdout.write(`removed: ${pruneNativeCores(ROOT).join(', ') || 'nothing'}\n`);
