import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../../config/config.js';
import { processConfig } from '../../config/process-config.js';
import { WaybillError } from '../../domain/failures.js';
import { checkDatabase, type Database, openDatabase } from '../../ledger/database.js';
import { configuredProviders } from '../../workers/configured-providers.js';
import { configuredSources } from '../../workers/configured-sources.js';
import { isSenderConfigured } from '../../workers/inbound-sender.js';
import { type Check, examine, type Finding, fine, type Level, notLookedAt, problem } from '../doctor/findings.js';
import { hostChecks } from '../doctor/host-checks.js';
import { ledgerChecks } from '../doctor/ledger-checks.js';
import { sourceChecks } from '../doctor/source-checks.js';
import { EXIT } from '../exit-codes.js';
import { accessDatabase } from '../installation.js';
import { note, paint, print, toJson } from '../output.js';
import { withTemporal } from '../temporal-client.js';

const LIMIT_MS = 15_000;
const STYLES: Record<Level, Parameters<typeof paint>[0]> = {
  ok: 'green',
  warning: 'yellow',
  problem: 'red',
  unknown: 'dim',
};

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('look at everything that the installation stands on, and say what to do about each finding')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nIt changes nothing but the rate of a queue of its own, `waybill.doctor`, and calls no provider.\nExit codes: 0 no problem (warnings may be there); 1 a problem.',
    )
    .action(async ({ json }: { json?: boolean }) => {
      const findings = await examineInstallation();
      const ok = findings.every((one) => one.level !== 'problem');
      if (json) print(toJson({ ok, findings }));
      else print(describe(findings));
      if (!ok) process.exitCode = EXIT.finding;
    });
}

async function examineInstallation(): Promise<Finding[]> {
  let config: Config;
  try {
    config = processConfig();
  } catch (error) {
    if (!(error instanceof WaybillError)) throw error;
    const todo = 'Mend it in the environment or in .env: nothing else can be looked at before.';
    return [{ check: 'configuration', ...problem(error.message, todo) }];
  }
  const configuration: Check = { name: 'configuration', look: async () => fine('Every setting can be used.') };
  const { engines } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    engines: { node: string };
  };
  const host = hostChecks(config, { engines: engines.node, envFile: resolve('.env') });
  const [here, { findings, providers }] = await Promise.all([run([configuration, ...host]), examineLedger(config)]);
  return [...here, ...findings, ...(await examineTemporal(config, providers))];
}

interface Provider {
  name: string;
  kind: string;
}

const run = (checks: readonly Check[]): Promise<Finding[]> => examine(checks, { limitMs: LIMIT_MS, done: tellDone });

function tellDone(name: string): void {
  if (process.stderr.isTTY) note(paint('dim', `looked at ${name}`));
}

async function examineLedger(config: Config): Promise<{ findings: Finding[]; providers: Provider[] }> {
  const configured = configuredHere(config);
  try {
    const { url, release } = await accessDatabase(config, { create: false });
    const db = openDatabase({ url });
    try {
      await checkDatabase(db, url);
      const providers = configured.length > 0 ? configured : await knownProviders(db);
      const names = providers.map(({ name }) => name);
      return { findings: await run([...ledgerChecks(db, url), ...sourceChecks(db, names)]), providers };
    } finally {
      await db.close();
      await release();
    }
  } catch (error) {
    const unseen = configured.map(({ name }) => notLookedAt(`source ${name}`, 'the ledger cannot be read'));
    return { findings: [unreachable('postgres', error), ...(await run(unseen))], providers: configured };
  }
}

const configuredHere = (config: Config): Provider[] => {
  const sources = configuredSources(config).map(({ name }) => ({ name, kind: 'dashboard' }));
  return sources.length === 0 ? [] : [...sources, ...configuredProviders(config)];
};

/** `npm start` gives its children what they call: another process knows of it from the ledger alone. */
async function knownProviders(db: Database): Promise<Provider[]> {
  const known = await db.$queryRaw<{ at: string | null }[]>`SELECT to_regclass('source')::text AS at`;
  return known[0]?.at ? db.$queryRaw<Provider[]>`SELECT name, kind FROM source ORDER BY name` : [];
}

async function examineTemporal(config: Config, providers: readonly Provider[]): Promise<Finding[]> {
  const { temporalChecks } = await import('../doctor/temporal-checks.js');
  const named = (kind: string) => providers.filter((one) => one.kind === kind).map(({ name }) => name);
  const schedules = { canary: isSenderConfigured(config), calls: named('phone'), forms: named('forms') };
  const called = providers.map(({ name }) => name);
  try {
    return await withTemporal(config, (client) =>
      run(temporalChecks(client, { timing: config.timing, sources: named('dashboard'), schedules, called })),
    );
  } catch (error) {
    return [unreachable('temporal', error)];
  }
}

/** The sentences of our own errors say what to do. */
const unreachable = (check: string, error: unknown): Finding => ({
  check,
  level: 'problem',
  ...(error instanceof WaybillError
    ? { what: error.message, todo: null }
    : {
        what: `It cannot be reached: ${String(error)}.`,
        todo: 'See whether it runs, and whether its address is right.',
      }),
});

function describe(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, level, what, todo }) => [
    `${paint(STYLES[level], level.padEnd(7))}  ${check.padEnd(width)}  ${what}`,
    ...(todo === null ? [] : [`${' '.repeat(9)}${' '.repeat(width)}  ${paint('dim', todo)}`]),
  ]);
  const count = (level: Level) => findings.filter((one) => one.level === level).length;
  const [problems, warnings, unknowns] = [count('problem'), count('warning'), count('unknown')];
  return [
    ...lines,
    '',
    `${problems} problem${problems === 1 ? '' : 's'}, ${warnings} warning${warnings === 1 ? '' : 's'}, ${unknowns} not known.`,
  ].join('\n');
}
