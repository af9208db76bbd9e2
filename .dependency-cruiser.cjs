const { LAYERS, limitsOf } = require('./scripts/check/layers.cjs');

const folders = (names) => `^src/(${names.join('|')})/`;

/**
 * Imports point one way. The swc parser does not tell `import type` from `import`: what may be seen as types only, and
 * circles of values, is oxlint's to find; here stands what may not be seen at all.
 */
const layerRules = Object.keys(LAYERS).flatMap((folder) => {
  const { hidden } = limitsOf(folder);
  if (hidden.length === 0) return [];
  const from = { path: `^src/${folder}/` };
  return [
    {
      name: `${folder}-may-not-see`,
      severity: 'error',
      comment: 'see scripts/check/layers.cjs',
      from,
      to: { path: folders(hidden) },
    },
  ];
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layerRules,
    // a path below undici/types holds declarations only: nothing is there to resolve at run time
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^undici/types/' } },
    {
      name: 'no-prisma-in-the-product',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '(^|node_modules/)@prisma/|/generated/' },
    },
    {
      name: 'no-tests-in-the-product',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-development-packages-in-the-product',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
