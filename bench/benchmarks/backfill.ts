import { setTimeout as pause } from 'node:timers/promises';
import type { BackfillPace } from '../../src/domain/backfill.js';
import type { Rig } from '../../test/support/assemble-rig.js';
import { SWIFT } from '../../test/support/backfills.js';
import { eventually } from '../../test/support/eventually.js';
import { type Bench, type BenchContext, goal } from '../report.js';
import { liveTraffic, p95, shareUsed, type WalkFigures, walkYear, withYear } from '../support/backfill-year.js';
import { type ProofServers, withServers } from '../support/servers.js';

const THREADS = 20_000;
/** The largest rate that the product can be configured for; the simulator's own limit is lifted. */
const LARGEST = 1_000;
/** The original's pace with its rate's period and its sleeps divided by a thousand. */
const COURTESY = { perSecond: 1_000, batchThreads: 100, batchPauseMs: 5 };
/** Half of what the simulator takes by default: a token bucket may release two seconds' worth at once. */
const BUDGET = 50;
/** Threads that are read at one call a second. */
const SLOW_THREADS = 90;
const LIVE_EVERY_MS = 500;
const ALONE_MS = 90_000;
const DAY_MS = 86_400_000;

export const bench: Bench = {
  describe:
    'a year of 20,000 threads: calls to the least number, budget used, live lateness beside it, history, memory',
  run: (context) => measureBackfill(context, { threads: THREADS, slowThreads: SLOW_THREADS, aloneMs: ALONE_MS }),
};

export interface Sizes {
  threads: number;
  slowThreads: number;
  /** How long live traffic is watched without a backfill, ms. */
  aloneMs: number;
}

export const measureBackfill = ({ seed, say }: BenchContext, { threads, slowThreads, aloneMs }: Sizes) =>
  withServers(async (servers) => {
    const walk = (rate: number, pace: BackfillPace, days?: number) =>
      withYear(servers, { threads, rate, seed }, (rig) => walkYear(rig, pace, days === undefined ? {} : { days }));
    const slow = await walk(1, SWIFT, (365 * slowThreads) / threads);
    say(`1 a second: ${slow.eventsPerCall.toFixed(2)} events a call, ${slow.report.calls.all} calls`);
    const largest = await walk(LARGEST, SWIFT);
    say(
      `largest rate: ${largest.callsPerSecond.toFixed(0)} calls a second, ${largest.eventsPerCall.toFixed(2)} events a call`,
    );
    const courtesy = await walk(LARGEST, COURTESY);
    say(`courtesy, a thousandth: ${courtesy.callsPerSecond.toFixed(0)} calls a second`);
    const beside = await besideLive(servers, { threads: threads / 4, aloneMs, seed, say });
    const fast = [largest, courtesy];
    const worst = (pick: (one: WalkFigures) => number) => Math.max(...fast.map(pick));
    const { calls } = largest.report;
    return {
      goals: [
        goal(
          'message calls to the least number',
          worst((one) => one.report.calls.ratio.messages ?? 9),
          'x',
          '<= 1.01',
        ),
        goal(
          'all calls to the least number',
          worst((one) => one.report.calls.ratio.all ?? 9),
          'x',
          '<= 1.02',
        ),
        goal(`of ${BUDGET} calls a second used`, (beside.used ?? 0) * 100, '%', '>= 95'),
        goal('live p95 lateness with it to without', beside.with / beside.without, 'x', '<= 1.2'),
        goal('events of history a call at 1 a second', slow.eventsPerCall, 'events', '<= 7'),
        goal(
          'events of history a call at the largest rate',
          worst((one) => one.eventsPerCall),
          'events',
          '<= 4',
        ),
        goal('a run past the suggestion to continue as new', worst((one) => one.chain.past) * 100, '%', '<= 5'),
        goal(
          'memory, last quarter to second',
          worst((one) => Math.abs(one.memory.last / one.memory.second - 1)) * 100,
          '%',
          '<= 5',
        ),
      ],
      details: {
        threads,
        messages: largest.report.messages.shown,
        calls,
        slow: brief(slow),
        largest: brief(largest),
        courtesy: brief(courtesy),
        beside,
      },
    };
  });

const brief = ({ report, chain, seconds, callsPerSecond, eventsPerCall, memory }: WalkFigures) => ({
  seconds: round(seconds),
  callsPerSecond: round(callsPerSecond),
  eventsPerCall: round(eventsPerCall),
  calls: report.calls.all,
  bound: report.calls.bound,
  ratio: report.calls.ratio,
  whole: report.whole,
  runs: chain.runs,
  longestRun: Math.max(...chain.lengths),
  suggestedAt: chain.suggestedAt,
  memoryMib: { second: round(memory.second), last: round(memory.last) },
});

interface Beside {
  threads: number;
  aloneMs: number;
  seed: number;
  say(line: string): void;
}

/** Live traffic alone, and the same while a backfill takes what is left of the budget. p95 of the lateness, ms. */
const besideLive = (servers: ProofServers, { threads, aloneMs, seed, say }: Beside) =>
  withYear(
    servers,
    // The live intake looks a day back, so that the year is the backfill's alone.
    {
      threads,
      rate: BUDGET,
      seed,
      timing: { pollEveryMs: 5_000, visitEveryMs: 2_000, horizonMs: DAY_MS, lookbackMs: DAY_MS },
    },
    async (rig) => {
      await rig.worker.stop();
      await rig.worker.start();
      await eventually('its own first day is read', async () => isQuiet(rig), { withinMs: 180_000 });
      const alone = await liveTraffic(rig, { everyMs: LIVE_EVERY_MS, until: pause(aloneMs) });
      say(`live alone: p95 ${p95(alone)} ms of ${alone.length} messages`);
      const walk = walkYear(rig, SWIFT);
      const both = await liveTraffic(rig, { everyMs: LIVE_EVERY_MS, until: walk });
      const figures = await walk;
      const used = await shareUsed(rig, figures.report.backfill.id, BUDGET);
      say(`beside a backfill: p95 ${p95(both)} ms of ${both.length} messages`);
      return {
        without: p95(alone),
        with: p95(both),
        used,
        messages: [alone.length, both.length],
        walk: brief(figures),
      };
    },
  );

async function isQuiet(rig: Rig): Promise<boolean> {
  const [row] = await rig.query<{ listed: number; unread: number }>`
    SELECT (SELECT count(*)::int FROM listing) AS listed, (SELECT count(*)::int FROM thread WHERE read_whole_at IS NULL) AS unread`;
  return (row?.listed ?? 0) > 0 && row?.unread === 0;
}

const round = (value: number): number => Math.round(value * 100) / 100;
