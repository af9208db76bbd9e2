#!/usr/bin/env node
/** `npm run check`: one line per gate, then what the failed ones said; `--only NAME` runs one. */
import { parseArgs } from 'node:util';
import { ROOT } from './setup/paths.mjs';
import { setupOrExit } from './setup.mjs';

const { values } = parseArgs({ options: { only: { type: 'string' } } });
for (const only of ['dependencies', 'prisma']) await setupOrExit({ only });
const { GATES, runGate } = await import('./check/gates.mjs');

const chosen = Object.keys(GATES).filter((name) => values.only === undefined || values.only === name);
if (chosen.length === 0) {
  process.stderr.write(`there is no gate "${values.only}": the gates are ${Object.keys(GATES).join(', ')}\n`);
  process.exit(2);
}

const check = async (name) => {
  const began = performance.now();
  const { ok, output } = await runGate(name, ROOT);
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'}  ${name} (${seconds} s)\n`);
  return { name, ok, output };
};

const failed = [];
for (const name of chosen) {
  const result = await check(name);
  if (!result.ok) failed.push(result);
}
for (const { name, output } of failed) process.stdout.write(`\n--- ${name} ---\n${output}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
