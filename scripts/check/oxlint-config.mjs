#!/usr/bin/env node
/** Makes .oxlintrc.json from the table of layers; a test holds the two together. `--write` writes it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMain, ROOT } from '../setup/paths.mjs';
import layers from './layers.cjs';

const { LAYERS, limitsOf } = layers;

const below = (folders) => `^(\\.\\./)+(${folders.join('|')})/`;

const pattern = (folders, message, allowTypeImports) =>
  folders.length === 0 ? [] : [{ regex: below(folders), message, ...(allowTypeImports ? { allowTypeImports } : {}) }];

/** Packages that only some folders may load. */
const packagePatterns = (folder) => {
  if (folder === 'domain') {
    return [{ group: ['*', '!./**', '!../**', '!node:crypto'], message: 'domain is pure: no packages, no I/O' }];
  }
  if (folder === 'workflows') {
    const group = ['*', '!./**', '!../domain/**', '!@temporalio/workflow'];
    return [
      { group, allowTypeImports: true, message: 'workflows load values from domain and @temporalio/workflow only' },
    ];
  }
  const database = [
    { group: ['@prisma/*', '**/generated/**'], message: 'the product does not load Prisma: docs/adr/0028' },
  ];
  const driver = ['ledger', 'embedded'].includes(folder)
    ? []
    : [{ group: ['pg'], message: 'the ledger alone talks to Postgres' }];
  return [...database, ...driver];
};

const restrict = (folder, hidden, typesOnly) => ({
  'no-restricted-imports': [
    'error',
    {
      patterns: [
        ...pattern(hidden, `${folder} may not import this folder: see scripts/check/layers.cjs`, false),
        ...pattern(typesOnly, `${folder} may import types of this folder only`, true),
        ...packagePatterns(folder),
      ],
    },
  ],
});

const override = (folder) => {
  const { hidden, typesOnly } = limitsOf(folder);
  return { files: [`src/${folder}/**/*.ts`], rules: restrict(folder, hidden, typesOnly) };
};

/** The whole configuration as an object. */
export const oxlintConfig = () => {
  return {
    $schema: './node_modules/oxlint/configuration_schema.json',
    plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise'],
    categories: { correctness: 'error' },
    rules: {
      'typescript/no-explicit-any': 'error',
      'typescript/no-floating-promises': 'error',
      'typescript/no-misused-promises': ['error', { checksVoidReturn: false }],
      'typescript/await-thenable': 'error',
      'typescript/consistent-type-imports': 'error',
      'typescript/switch-exhaustiveness-check': 'error',
      'import/no-default-export': 'error',
      'typescript/unbound-method': 'off', // our interfaces hold functions that do not use this
      'unicorn/no-useless-spread': 'off', // lists of flags are grouped by it
      'import/no-cycle': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
    ignorePatterns: ['dist', 'bench/generated', 'test/fixtures', '.cache'],
    overrides: [
      ...Object.keys(LAYERS).map(override),
      {
        files: ['*.config.ts', 'test/support/global-setup.ts', 'scripts/**', '.dependency-cruiser.cjs'],
        rules: { 'import/no-default-export': 'off' },
      },
    ],
  };
};

export const oxlintConfigText = () => `${JSON.stringify(oxlintConfig(), null, 2)}\n`;

if (isMain(import.meta.url) && process.argv.includes('--write')) {
  writeFileSync(join(ROOT, '.oxlintrc.json'), oxlintConfigText());
}
