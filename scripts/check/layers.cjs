/**
 * Which folder below src/ may import which: the one table behind the two tools that enforce it. `values` may be imported
 * in full, `types` by `import type` alone; what a folder does not name it may not see. Order: from the inside out.
 * Among the STEPS: ledger <- sources (a call opens its row) <- delivery (looks, sends, records); the rest share types only.
 */
const BASE = ['domain', 'contracts'];
const STEPS = ['sources', 'ledger', 'classify', 'playbooks', 'delivery'];
const USERS = ['activities', 'ingress', 'assurance'];
const ALL_BUT_SIMULATOR = [
  ...BASE,
  ...STEPS,
  ...USERS,
  'config',
  'telemetry',
  'workflows',
  'api',
  'workers',
  'cli',
  'embedded',
];

const LAYERS = {
  domain: { values: [], types: [] },
  contracts: { values: ['domain'], types: [] },
  config: { values: BASE, types: [] },
  telemetry: { values: BASE, types: ['config'] },
  sources: { values: [...BASE, 'telemetry', 'ledger'], types: ['config'] },
  ledger: { values: [...BASE, 'telemetry'], types: [...STEPS, 'config'] },
  classify: { values: BASE, types: STEPS },
  playbooks: { values: BASE, types: STEPS },
  delivery: { values: [...BASE, ...STEPS, 'telemetry'], types: ['config'] },
  workflows: { values: ['domain'], types: ALL_BUT_SIMULATOR },
  activities: { values: [...BASE, ...STEPS, 'telemetry'], types: [...USERS, 'workflows', 'config'] },
  ingress: { values: [...BASE, ...STEPS, 'telemetry'], types: [...USERS, 'workflows', 'config'] },
  assurance: { values: [...BASE, ...STEPS, 'telemetry'], types: [...USERS, 'workflows', 'config'] },
  embedded: { values: [...BASE, 'telemetry'], types: ['config'] },
  api: { values: [...BASE, ...STEPS, ...USERS, 'config', 'telemetry', 'workflows'], types: ['workers'] },
  workers: { values: [...BASE, ...STEPS, ...USERS, 'config', 'telemetry', 'workflows', 'embedded', 'api'], types: [] },
  // The show puts the simulated world and the product into one process: docs/adr/0045.
  demo: { values: [...BASE, ...STEPS, ...USERS, 'telemetry', 'embedded', 'simulator'], types: ['config'] },
  cli: { values: [...ALL_BUT_SIMULATOR, 'demo'], types: [] },
  simulator: { values: [...BASE, 'telemetry'], types: [] },
};

/** Folders that `folder` may not import at all, and those of which it may import types. */
const limitsOf = (folder) => {
  const { values, types } = LAYERS[folder];
  const others = Object.keys(LAYERS).filter((name) => name !== folder && !values.includes(name));
  return {
    hidden: others.filter((name) => !types.includes(name)),
    typesOnly: others.filter((name) => types.includes(name)),
  };
};

module.exports = { LAYERS, limitsOf };
