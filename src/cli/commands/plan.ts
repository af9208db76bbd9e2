import type { Command } from 'commander';
import { type Comparison, comparePolicies, type PolicyResult } from '../../assurance/compare-policies.js';
import { KINDS } from '../../config/kinds.js';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { type Forecast, forecast } from '../../domain/schedule/forecast.js';
import { percent, sayGuarantee } from '../../domain/schedule/guarantee.js';
import type { Timing } from '../../domain/timing.js';
import { readStoredPlans, type StoredPlan } from '../../ledger/visit-plans.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { columns, paint, print, toJson } from '../output.js';
import { chooseSources, NO_SOURCE } from '../sources.js';

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
    .option(
      '--limit <limit>',
      'calls that the source allows, with --threads-per-day: 10/s, 300/min; a number is per second',
    )
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

const wrong = (option: string, takes: string, value: string | undefined): WaybillError =>
  new WaybillError(
    'UsageWrong',
    `${option} takes ${takes}${value === undefined ? ', and is missing' : `, not "${value}"`}.`,
  );

function readThreads(value: string | undefined): number {
  if (value !== undefined && /^\d+(\.\d+)?$/.test(value) && Number(value) <= 1e7) return Number(value);
  throw wrong('--threads-per-day', 'a number of at most 10 million', value);
}

interface Limit {
  /** As `WAYBILL_SOURCE_LIMIT` would have it. */
  text: string;
  /** Calls per second that are made under it: the half of one per second, 0.9 of a longer one. */
  ratePerSecond: number;
}

function readLimit(value: string | undefined): Limit {
  const text = value !== undefined && /^[\d.]+$/.test(value) ? `${value}/s` : (value ?? '');
  const read = KINDS.limit.safeParse(text);
  if (read.success) return { text, ratePerSecond: read.data };
  throw wrong('--limit', 'calls per s, min or h, as 100/s or 300/min, or a number per second', value);
}

/** The limit, in its own unit, under which so many calls per second are made. */
function limitFor(rateNeeded: number, { text, ratePerSecond }: Limit): string {
  const [amount = '', unit = 's'] = text.split('/');
  return `${Number(((Number(amount) * rateNeeded) / ratePerSecond).toPrecision(3))}/${unit}`;
}

function showForecast({ threadsPerDay, limit, json }: PlanFlags): void {
  const { timing } = processConfig();
  const allowed = readLimit(limit);
  const input = {
    threadsPerDay: readThreads(threadsPerDay),
    ratePerSecond: allowed.ratePerSecond,
    threadsPerPage: THREADS_PER_PAGE,
    timing,
  };
  const result = forecast(input);
  print(
    json
      ? toJson({
          threadsPerDay: input.threadsPerDay,
          limit: allowed.text,
          ratePerSecond: allowed.ratePerSecond,
          ...result,
        })
      : inWords(result, allowed, timing),
  );
  process.exitCode = result.guarantee.fits ? EXIT.ok : EXIT.finding;
}

const rate = (perSecond: number): string => `${Number(perSecond.toPrecision(3))}/s`;
const count = (value: number): string => Math.round(value).toLocaleString('en');

function inWords(
  { callsPerSecond, callsPerDay, messagesPerDay, guarantee, temporal }: Forecast,
  limit: Limit,
  timing: Timing,
): string {
  const { listings, replies, visits, all } = callsPerSecond;
  return columns([
    ['messages a day', `${count(messagesPerDay)}, taken from how long threads stay silent by default`],
    ['allowed', `${rate(limit.ratePerSecond)} at most, under a limit of ${limit.text}`],
    ['calls', `${rate(all)}: visits ${rate(visits)}, listings ${rate(listings)}, replies ${rate(replies)}`],
    ['calls a day', count(callsPerDay)],
    ['guarantee', sayGuarantee(guarantee.share, guarantee.wantedShare, timing)],
    [
      guarantee.fits ? 'fits from' : 'would fit with',
      `a limit of ${limitFor(guarantee.rateNeeded, limit)}${guarantee.fits ? ' on' : ''}, for ${percent(guarantee.wantedShare)} of the silence`,
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
  const config = processConfig();
  const comparisons = await withLedger(config, async (db) => {
    const results: Comparison[] = [];
    for (const name of await chooseSources(db, source))
      results.push(await comparePolicies(db, name, systemClock.now(), config.timing));
    return results;
  });
  if (json) print(toJson({ comparisons }));
  else if (comparisons.length === 0) print(NO_SOURCE);
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
