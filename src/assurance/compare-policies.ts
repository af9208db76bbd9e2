import { unplanned } from '../domain/schedule/gaps.js';
import { percent } from '../domain/schedule/guarantee.js';
import { LateHistogram } from '../domain/schedule/late-histogram.js';
import { type Bound, type Policy, replayThread } from '../domain/schedule/replay-policy.js';
import type { Timing } from '../domain/timing.js';
import { knownArrivals } from '../ledger/arrivals.js';
import type { Sql } from '../ledger/database.js';
import { readVisitPlan } from '../ledger/visit-plans.js';

const DAY_MS = 86_400_000;
const WINDOW_DAYS = [1, 3, 7, 15, 30, 90, 365];
const SHARES = [0.05, 0.1, 0.17, 0.3, 0.5, 1];
const RECALLS = [0.5, 0.9, 0.99];

export interface PolicyResult {
  policy: string;
  /** Shares of the arrivals that it would have found, at the least and at the most; null where none was to be found yet. */
  coverage: { least: number; most: number } | null;
  /** Never found, at the least and at the most. */
  missed: { least: number; most: number };
  /** Milliseconds, between the bounds of the arrivals. */
  lateness: Record<'p50' | 'p90' | 'p99', { least: number | null; most: number | null }>;
  callsPerDay: number;
}

export interface Comparison {
  source: string;
  threads: number;
  /** Arrivals known to lie between a whole reading of their thread and the next. */
  arrivals: number;
  days: number;
  policies: PolicyResult[];
}

interface Tally {
  late: LateHistogram;
  missed: number;
  calls: number;
}

/** The policies that are tried: windows by creation date, other shares of the silence, the classes in force, hints. */
export async function policiesOf(db: Sql, source: string, timing: Timing): Promise<Policy[]> {
  const plan = await readVisitPlan(db, source, timing);
  return [
    ...WINDOW_DAYS.map((days): Policy => {
      return { name: `threads created in the last ${days} d, every 15 min`, kind: 'window', windowMs: days * DAY_MS };
    }),
    ...SHARES.map((share): Policy => {
      const own = { ...timing, visitSilenceShare: share };
      return {
        name: `visits, ${percent(share)} of the silence`,
        kind: 'visits',
        timing: own,
        plan: unplanned(own),
        hintRecall: 0,
      };
    }),
    { name: 'visits by the plan in force, with classes', kind: 'visits', timing, plan, hintRecall: 0 },
    ...RECALLS.map((hintRecall): Policy => {
      return { name: `the same, with hints for ${percent(hintRecall)}`, kind: 'visits', timing, plan, hintRecall };
    }),
  ];
}

/**
 * Replays what the ledger knows of arrivals under other policies, as each bound of the arrivals has it: the truth lies between. A
 * thread at a time; nothing but the tallies is kept in memory.
 */
export async function comparePolicies(db: Sql, source: string, now: Date, timing: Timing): Promise<Comparison> {
  const policies = await policiesOf(db, source, timing);
  const bounds: Bound[] = ['notBefore', 'notAfter'];
  const tallies = policies.map(() => bounds.map((): Tally => ({ late: new LateHistogram(), missed: 0, calls: 0 })));
  let [threads, arrivals, from] = [0, 0, now.getTime()];
  for await (const thread of knownArrivals(db, source, now)) {
    threads += 1;
    arrivals += thread.arrivals.length;
    from = Math.min(from, thread.from);
    for (const [index, policy] of policies.entries()) {
      for (const [which, bound] of bounds.entries()) {
        const tally = tallies[index]?.[which];
        const outcome = replayThread(thread, policy, bound, timing.visitMinGapMs);
        if (!tally) continue;
        tally.calls += outcome.calls;
        tally.missed += outcome.missed;
        for (const late of outcome.lateMs) tally.late.add(late);
      }
    }
  }
  const days = (now.getTime() - from) / DAY_MS;
  const results = policies.map(({ name }, index) => resultOf(name, tallies[index] ?? [], days));
  return { source, threads, arrivals, days, policies: results };
}

function resultOf(policy: string, tallies: readonly Tally[], days: number): PolicyResult {
  const band = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? { least: null, most: null } : { least: Math.min(...known), most: Math.max(...known) };
  };
  const shares = tallies.flatMap(({ late, missed }) =>
    late.total + missed > 0 ? [late.total / (late.total + missed)] : [],
  );
  const quantile = (share: number) => band(tallies.map(({ late }) => late.quantile(share)));
  const missed = tallies.map((tally) => tally.missed);
  const calls = tallies.reduce((sum, tally) => sum + tally.calls, 0) / Math.max(1, tallies.length);
  return {
    policy,
    coverage: shares.length > 0 ? { least: Math.min(...shares), most: Math.max(...shares) } : null,
    missed: { least: Math.min(...missed), most: Math.max(...missed) },
    lateness: { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99) },
    callsPerDay: days > 0 ? calls / days : 0,
  };
}
