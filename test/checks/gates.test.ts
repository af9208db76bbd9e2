import { expect, it } from 'vitest';
import { GATES, runGate } from '../../scripts/check/gates.mjs';
import { plantTree } from './planted-tree.js';

const runPlanted = async (gate: string, planted?: Record<string, string>) => {
  const tree = plantTree(planted);
  try {
    return await runGate(gate, tree.root);
  } finally {
    tree.remove();
  }
};

/** Gate, what is wrong, the files that make it wrong, and what the gate has to say about it. */
const PLANTED: [gate: string, wrong: string, files: Record<string, string>, says: string][] = [
  ['types', 'a type that does not fit', { 'src/domain/planted.ts': "export const n: number = 'text';\n" }, 'TS2322'],
  [
    'lint',
    'a promise that nobody awaits',
    { 'src/cli/planted.ts': 'export const go = () => {\n  Promise.resolve(1).then(String);\n};\n' },
    'no-floating-promises',
  ],
  [
    'lint',
    'an explicit any',
    { 'src/cli/planted.ts': 'export const given = (value: any) => String(value);\n' },
    'no-explicit-any',
  ],
  [
    'lint',
    'a workflow that loads a value of the ledger',
    {
      'src/ledger/planted.ts': 'export const row = 1;\n',
      'src/workflows/planted.ts': "import { row } from '../ledger/planted.js';\n\nexport const two = row + 1;\n",
    },
    'no-restricted-imports',
  ],
  [
    'lint',
    'a workflow that loads a module of Node',
    { 'src/workflows/planted.ts': "import { sep } from 'node:path';\n\nexport const two = sep + sep;\n" },
    'no-restricted-imports',
  ],
  [
    'lint',
    'a vocabulary that does I/O',
    { 'src/domain/planted.ts': "import { readFileSync } from 'node:fs';\n\nexport const read = readFileSync;\n" },
    'no-restricted-imports',
  ],
  [
    'lint',
    'the ledger that loads a value of a source',
    {
      'src/sources/planted.ts': 'export const row = 1;\n',
      'src/ledger/planted.ts': "import { row } from '../sources/planted.js';\n\nexport const two = row + 1;\n",
    },
    'no-restricted-imports',
  ],
  [
    'lint',
    'two modules that load each other',
    {
      'src/ledger/one.ts': "import { two } from './two.js';\n\nexport const one = () => two;\n",
      'src/ledger/two.ts': "import { one } from './one.js';\n\nexport const two = () => one;\n",
    },
    'no-cycle',
  ],
  [
    'imports',
    'an import against the way of a message, of a type alone',
    {
      'src/ledger/planted.ts': 'export type Row = { id: string };\n',
      'src/contracts/planted.ts': "import type { Row } from '../ledger/planted.js';\n\nexport type Given = Row;\n",
    },
    'contracts-may-not-see: src/contracts/planted.ts -> src/ledger/planted.ts',
  ],
  [
    'imports',
    'Prisma in the product',
    { 'src/ledger/planted.ts': "import { PrismaPg } from '@prisma/adapter-pg';\n\nexport const adapter = PrismaPg;\n" },
    'no-prisma-in-the-product',
  ],
  [
    'imports',
    'a simulator that the product knows',
    {
      'src/simulator/planted.ts': 'export const truth = 1;\n',
      'src/assurance/planted.ts': "import { truth } from '../simulator/planted.js';\n\nexport const two = truth + 1;\n",
    },
    'assurance-may-not-see',
  ],
  [
    'imports',
    'a module that does not exist',
    { 'src/api/planted.ts': "import { lost } from './lost.js';\n\nexport const two = lost;\n" },
    'no-unresolvable',
  ],
  [
    'format',
    'a file that was not formatted',
    { 'src/domain/planted.ts': 'export const n = "text"\n' },
    'src/domain/planted.ts',
  ],
  [
    'dead code',
    'a file that nobody imports',
    { 'src/domain/planted.ts': 'export const n = 1;\n' },
    'src/domain/planted.ts',
  ],
  [
    'dead code',
    'an export that nobody uses',
    {
      'src/domain/clock.ts':
        "export const systemClock = { now: () => new Date() };\nexport const word = 'x';\nexport const extra = 1;\n",
    },
    'extra',
  ],
  [
    'forbidden calls',
    'the clock asked by hand',
    { 'src/api/planted.ts': 'export const at = Date.now();\n' },
    'planted.ts:1 clock',
  ],
  [
    'forbidden calls',
    'a date of now',
    { 'src/api/planted.ts': '\nexport const at = new Date();\n' },
    'planted.ts:2 clock',
  ],
  [
    'forbidden calls',
    'the environment read outside the configuration',
    { 'src/api/planted.ts': '// é\nexport const home = process.env.HOME;\n' },
    'planted.ts:2 environment',
  ],
  [
    'forbidden calls',
    'a statement that asks the clock of the database',
    { 'src/ledger/planted.ts': 'export const sql = `UPDATE message SET ended_at = now()`;\n' },
    'planted.ts:1 sql clock: now()',
  ],
  [
    'forbidden calls',
    'a column that fills itself from the clock of the database',
    {
      'prisma/migrations/1_planted/migration.sql':
        '-- now() in a comment is none\nCREATE TABLE t (\n  at timestamptz DEFAULT CURRENT_TIMESTAMP\n);\n',
    },
    'migration.sql:3 sql clock',
  ],
  [
    'forbidden calls',
    'a truth route that the product asks',
    { 'src/assurance/planted.ts': 'export const route = (base: string) => `${base}/truth?at=1`;\n' },
    'planted.ts:1 truth',
  ],
];

it.concurrent.each(Object.keys(GATES))('the gate "%s" holds for a clean tree', async (gate) => {
  expect(await runPlanted(gate)).toEqual({ ok: true, output: expect.any(String) });
});

it.concurrent.each(PLANTED)('the gate "%s" finds %s', async (gate, _wrong, files, says) => {
  const { ok, output } = await runPlanted(gate, files);
  expect({ ok, output }).toEqual({ ok: false, output: expect.stringContaining(says) });
});

it.concurrent('a workflow may import types from anywhere and values of the vocabulary', async () => {
  const files = {
    'src/ledger/planted.ts': 'export interface Row {\n  id: string;\n}\n',
    'src/workflows/planted.ts':
      "import { word } from '../domain/clock.js';\nimport type { Row } from '../ledger/planted.js';\n\nexport const carry = (row: Row) => `${word} ${row.id}`;\n",
  };
  expect(await runPlanted('lint', files)).toMatchObject({ ok: true });
  expect(await runPlanted('imports', files)).toMatchObject({ ok: true });
});

it.concurrent('what only looks like a forbidden call passes', async () => {
  const planted = [
    '// Date.now(), process.env and SELECT now() in a comment',
    'export const at = (value: string) => new Date(value);',
    'export const when = (clock: { now(): Date }) => clock.now();',
    'export const known = `SELECT known() FROM message`;',
    "export const words = 'the truth is known now';",
    '',
  ].join('\n');
  expect(await runPlanted('forbidden calls', { 'src/api/planted.ts': planted })).toEqual({ ok: true, output: '' });
});

it.concurrent('a gate that read nothing does not hold', async () => {
  const tree = plantTree();
  const { rmSync, mkdirSync } = await import('node:fs');
  rmSync(`${tree.root}/src`, { recursive: true });
  mkdirSync(`${tree.root}/src`);
  for (const gate of ['types', 'lint', 'imports', 'forbidden calls']) {
    expect([gate, (await runGate(gate, tree.root)).ok]).toEqual([gate, false]);
  }
  tree.remove();
});
