import type { Command } from 'commander';
import { type Comparison, comparePolicies, type PolicyResult } from '../../assurance/compare-policies.js';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { type Forecast, forecast } from '../../domain/schedule/forecast.js';
import { percent, sayGuarantee } from '../../domain/schedule/guarantee.js';
import type { Timing } from '../../domain/timing.js';
import { sourceNames } from '../../ledger/sources.js';
import { readStoredPlans, type StoredPlan } from '../../ledger/visit-plans.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { columns, paint, print, toJson } from '../output.js';

interface PlanFlags {
  threadsPerDay?: string;
  limit?: string;
  json?: boolean;
}

/** Rows of a page of a list of threads, by the contract of the dashboard. */
const THREADS_PER_PAGE = 100;

export function addPlan(program: Command): void {
  const plan = program
    .command('plan')
    .description('what visits cost: of a source before it is installed, or the plan in force')
    .option('--threads-per-day <n>', 'new threads per day: computes calls and guarantee; needs no ledger')
    .option('--limit <rate>', 'calls per second that the source allows, with --threads-per-day')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nExit codes: 0 the guarantee fits; 1 it does not, and is stretched; 2, 3, 4 as for every command. See docs/reference/scheduling.md.',
    )
    .action(async (flags: PlanFlags) => {
      if (flags.threadsPerDay === undefined && flags.limit === undefined) await showPlans(flags.json === true);
      else showForecast(flags);
    });
  plan
    .command('compare')
    .description('replay the arrivals that the ledger knows under other policies')
    .option('--source <name>', 'this source only')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 compared; 1 no arrival is known yet; 2, 3, 4 as for every command.')
    .action(async (_flags: unknown, command: Command) =>
      compare(command.optsWithGlobals<{ source?: string; json?: boolean }>()),
    );
}

function positive(value: string | undefined, option: string, least: number): number {
  const number = Number(value);
  if (value === undefined || value.trim() === '' || !Number.isFinite(number) || number < least || number > 1e7)
    throw new WaybillError(
      'UsageWrong',
      `${option} takes a number${least > 0 ? ' above 0' : ' of at least 0'} and at most 10 million${value === undefined ? ', and is missing' : `, not "${value}"`}.`,
    );
  return number;
}

function showForecast({ threadsPerDay, limit, json }: PlanFlags): void {
  const { timing } = processConfig();
  const input = {
    threadsPerDay: positive(threadsPerDay, '--threads-per-day', 0),
    ratePerSecond: positive(limit, '--limit', 1e-6),
    threadsPerPage: THREADS_PER_PAGE,
    timing,
  };
  const result = forecast(input);
  print(
    json
      ? toJson({ threadsPerDay: input.threadsPerDay, limit: input.ratePerSecond, ...result })
      : inWords(result, timing),
  );
  process.exitCode = result.guarantee.fits ? EXIT.ok : EXIT.finding;
}

const rate = (perSecond: number): string => `${Number(perSecond.toPrecision(3))}/s`;
const count = (value: number): string => Math.round(value).toLocaleString('en');

function inWords(
  { callsPerSecond, callsPerDay, messagesPerDay, guarantee, temporal }: Forecast,
  timing: Timing,
): string {
  const { listings, replies, visits, all } = callsPerSecond;
  return columns([
    ['messages a day', `${count(messagesPerDay)}, taken from how long threads stay silent by default`],
    ['calls', `${rate(all)}: visits ${rate(visits)}, listings ${rate(listings)}, replies ${rate(replies)}`],
    ['calls a day', count(callsPerDay)],
    ['guarantee', sayGuarantee(guarantee.share, guarantee.wantedShare, timing)],
    [
      guarantee.fits ? 'fits from' : 'would fit with',
      `${rate(guarantee.rateNeeded)} on, for ${percent(guarantee.wantedShare)} of the silence`,
    ],
    ['Temporal', `${count(temporal.actionsPerDay)} actions and ${count(temporal.eventsPerDay)} events a day`],
  ]);
}

async function showPlans(json: boolean): Promise<void> {
  const config = processConfig();
  const plans = await withLedger(config, readStoredPlans);
  if (json) print(toJson({ plans }));
  else if (plans.length === 0) print('No source has a plan yet: the first round of visits makes it.');
  else for (const plan of plans) print(planInWords(plan, config.timing));
  const stretched = plans.some((plan) => plan.statedShare > plan.wantedShare * 1.01);
  process.exitCode = stretched ? EXIT.finding : EXIT.ok;
}

const planInWords = (plan: StoredPlan, timing: Timing): string =>
  columns([
    ['source', plan.source],
    ['guarantee', sayGuarantee(plan.statedShare, plan.wantedShare, timing)],
    ['threads', `${plan.threads} that are visited`],
    ['visits', `${rate(plan.predictedPerSecond)} of ${rate(plan.budgetPerSecond)} that they may take`],
    ['needed', `${rate(plan.neededPerSecond)} for ${percent(plan.wantedShare)} of the silence`],
    ['other calls', rate(plan.otherPerSecond)],
    ['planned at', plan.plannedAt.toISOString()],
  ]);

async function compare({ source, json }: { source?: string; json?: boolean }): Promise<void> {
  const { timing, ...config } = processConfig();
  const comparisons = await withLedger({ timing, ...config }, async (db) => {
    const names = await sourceNames(db);
    if (source !== undefined && !names.includes(source))
      throw new WaybillError(
        'UsageWrong',
        `There is no source "${source}": the ledger knows ${names.join(', ') || 'none'}.`,
      );
    const results: Comparison[] = [];
    for (const name of source === undefined ? names : [source])
      results.push(await comparePolicies(db, name, systemClock.now(), timing));
    return results;
  });
  if (json) print(toJson({ comparisons }));
  else for (const one of comparisons) print(tableOf(one));
  process.exitCode = comparisons.some((one) => one.arrivals > 0) ? EXIT.ok : EXIT.finding;
}

const HEADS = ['policy', 'found', 'late p50', 'p90', 'p99', 'calls a day'] as const;

function tableOf({ source, threads, arrivals, days, policies }: Comparison): string {
  const head = `${source}: ${arrivals} arrivals in ${threads} threads over ${days.toFixed(1)} days; one call per visit`;
  const rows = [[...HEADS], ...policies.map(rowOf)];
  const widths = HEADS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [paint('bold', head), ...lines].join('\n');
}

function rowOf({ policy, coverage, lateness, callsPerDay }: PolicyResult): string[] {
  const found =
    coverage === null ? 'none yet' : bandOf(coverage.least, coverage.most, (share) => `${(100 * share).toFixed(1)} %`);
  const late = (['p50', 'p90', 'p99'] as const).map((name) =>
    bandOf(lateness[name].least, lateness[name].most, duration),
  );
  return [policy, found, ...late, count(callsPerDay)];
}

function bandOf(least: number | null, most: number | null, say: (value: number) => string): string {
  if (least === null || most === null) return '-';
  return say(least) === say(most) ? say(most) : `${say(least)} to ${say(most)}`;
}

function duration(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 120) return `${Math.round(minutes)} min`;
  return minutes < 2_880 ? `${(minutes / 60).toFixed(1)} h` : `${(minutes / 1_440).toFixed(1)} d`;
}
