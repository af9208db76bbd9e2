import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupFailure } from './failure.mjs';

const numbers = (version) =>
  version
    .replace(/^[^\d]*/, '')
    .split('.')
    .map(Number);

/** True where version a is b or newer, both as "20.20.2". */
export const isAtLeast = (a, b) => {
  const left = numbers(a);
  for (const [index, right] of numbers(b).entries()) {
    if (left[index] !== right) return left[index] > right;
  }
  return true;
};

export const checkNodeVersion = (root, version = process.versions.node) => {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (isAtLeast(version, engines.node)) return;
  throw new SetupFailure(
    `Waybill needs Node ${engines.node} and this is ${version}: install a newer Node (.nvmrc names one)`,
  );
};
