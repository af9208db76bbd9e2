import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../setup/run.mjs';
import { findForbiddenCalls, productFiles } from './forbidden-calls.mjs';

/** A tool of node_modules, as a path that node can run. */
const TOOLS = {
  tsc: 'typescript/bin/tsc',
  oxlint: 'oxlint/bin/oxlint',
  depcruise: 'dependency-cruiser/bin/dependency-cruise.mjs',
  biome: '@biomejs/biome/bin/biome',
  knip: 'knip/bin/knip.js',
};

const tool = (root, name, args) =>
  run(process.execPath, [join(root, 'node_modules', TOOLS[name]), ...args], { cwd: root });

const types = (root) => tool(root, 'tsc', ['--noEmit', '-p', 'tsconfig.json']);

const lint = async (root) => {
  const { ok, output } = await tool(root, 'oxlint', ['--type-aware', '--deny-warnings', '--tsconfig', 'tsconfig.json']);
  const read = Number(/on (\d+) files?/.exec(output)?.[1] ?? 0);
  const written = productFiles(root).length;
  return written > 0 && read >= written
    ? { ok, output }
    : { ok: false, output: `${output}\noxlint read ${read} files` };
};

const imports = async (root) => {
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src'];
  const { output } = await tool(root, 'depcruise', args);
  const start = output.indexOf('{');
  if (start === -1) return { ok: false, output };
  const { summary } = JSON.parse(output.slice(start));
  // without its parser for TypeScript this tool reports no violation in no module, and means it
  if (!(summary.totalCruised > 0)) return { ok: false, output: 'dependency-cruiser read no module' };
  const lines = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
  return { ok: lines.length === 0, output: lines.join('\n') };
};

const format = async (root) => {
  const { ok, output } = await tool(root, 'biome', ['check', '--max-diagnostics=30', '.']);
  const files = Number(/Checked (\d+) files?/.exec(output)?.[1] ?? 0);
  return { ok: ok && files > 0, output };
};

const deadCode = (root) => tool(root, 'knip', ['--no-progress', '--no-config-hints']);

const forbiddenCalls = async (root) => {
  const { files, problems } = findForbiddenCalls(root);
  if (files === 0) return { ok: false, output: 'no file was read' };
  return { ok: problems.length === 0, output: problems.join('\n') };
};

/** Every gate: a name, and a run over a tree that says whether it holds. */
export const GATES = {
  types,
  lint,
  imports,
  format,
  'dead code': deadCode,
  'forbidden calls': forbiddenCalls,
};

/** Runs one gate over a tree. */
export const runGate = (name, root) => {
  if (!existsSync(join(root, 'node_modules'))) return { ok: false, output: `${root} has no node_modules` };
  return GATES[name](root);
};
