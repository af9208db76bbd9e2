#!/usr/bin/env node
/** Prepares a checkout: needs nothing but Node's own modules, and does nothing the second time. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './setup/build.mjs';
import { installDependencies, preparePostgres } from './setup/dependencies.mjs';
import { SetupFailure } from './setup/failure.mjs';
import { withLock } from './setup/lock.mjs';
import { checkNodeVersion } from './setup/node-version.mjs';
import { isMain, ROOT } from './setup/paths.mjs';
import { generatePrismaClient } from './setup/prisma-client.mjs';
import { prepareTemporal } from './setup/temporal-cli.mjs';

/** In order: each step relies on the ones before it. */
const STEPS = {
  dependencies: installDependencies,
  postgres: preparePostgres,
  prisma: generatePrismaClient,
  temporal: prepareTemporal,
  build,
};

/** Names of the steps up to what `only` asks for: a build needs no servers. */
const stepsFor = (only) => {
  if (only === undefined) return Object.keys(STEPS);
  if (only === 'build') return ['dependencies', 'build'];
  if (only in STEPS) return only === 'dependencies' ? [only] : ['dependencies', only];
  throw new SetupFailure(`there is no step "${only}": the steps are ${Object.keys(STEPS).join(', ')}`);
};

/**
 * Runs set-up; one at a time for this checkout.
 * @param {{ root?: string, only?: string }} [options]
 */
export const setup = async ({ root = ROOT, only } = {}) => {
  checkNodeVersion(root);
  const steps = stepsFor(only);
  await withLock(join(root, '.cache', 'setup.lock'), async () => {
    for (const name of steps) await STEPS[name](root);
  });
};

/** Runs set-up for a command; a failure is told in one sentence and ends the process. */
export const setupOrExit = async (options) => {
  try {
    await setup(options);
  } catch (error) {
    const trouble =
      error instanceof SetupFailure ? error.message : `set-up failed unexpectedly: ${error.stack ?? error}`;
    process.stderr.write(`waybill: ${trouble}\n`);
    process.exit(1);
  }
};

if (isMain(import.meta.url)) {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const began = performance.now();
  await setupOrExit(values);
  process.stderr.write(`set-up: ready (${((performance.now() - began) / 1_000).toFixed(1)} s)\n`);
}
