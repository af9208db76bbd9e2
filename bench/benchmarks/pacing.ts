import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../../src/ledger/database.js';
import type { RigServers } from '../../test/support/assemble-rig.js';
import { perMinute, perSecond } from '../../test/support/paced-world.js';
import { type Bench, type BenchContext, goal } from '../report.js';
import { type LimitedSource, type SeenRequest, withLimitedSource } from '../support/limited-source.js';
import { withServers } from '../support/servers.js';

const SECOND = 1_000;
const HIGH = 100;
const LOW = 25;
/** What the operator would set for a limit of 100 a second: half of it. */
const PER_SECOND = { rate: HIGH / 2, beforeSeconds: 45, lowSeconds: 110, backSeconds: 125 };
const PER_MINUTE = { limit: 300, rate: 10, steadySeconds: 180 };
const RUN_SECONDS = PER_SECOND.beforeSeconds + PER_SECOND.lowSeconds + PER_SECOND.backSeconds;
const RECENT_SECONDS = 10;

export const bench: Bench = {
  describe: 'calls against a hidden limit that drops from 100 to 25 per second and comes back, and one per minute',
  run: (context) =>
    withServers(async (servers) => {
      const [second, minute] = await Promise.all([dropAndReturn(servers, context), everyMinute(servers, context)]);
      return {
        goals: [
          goal('calls answered 429, limit per second', second.refusedPercent, '%', '< 1'),
          goal('calls answered 429, limit per minute', minute.refusedPercent, '%', '< 1'),
          goal(
            'calls started after a Retry-After was received',
            second.startedInPause + minute.startedInPause,
            'calls',
            '= 0',
          ),
          goal('until 90 % of the rate is back', second.backAfterSeconds, 's', '<= 120'),
          goal('share used of a limit per minute', minute.usedPercent, '%', '>= 85'),
        ],
        details: { second: second.details, minute: minute.details },
      };
    }),
};

async function dropAndReturn(servers: RigServers, { say }: BenchContext) {
  let limit = HIGH;
  const options = { limit: perSecond(() => limit), rate: PER_SECOND.rate, workers: 2, threads: 600 };
  return withLimitedSource(servers, options, async (source) => {
    await flowing(source.requests, 0.8 * PER_SECOND.rate);
    const begun = Date.now();
    say(`two workers make ${round(rateOver(source.requests, begun - 5 * SECOND, begun))} calls a second`);
    await pause(PER_SECOND.beforeSeconds * SECOND);
    const before = rateOver(source.requests, begun, Date.now());
    limit = LOW;
    const dropped = Date.now();
    say(`the limit drops to ${LOW} a second, from ${round(before)} in use`);
    await pause(PER_SECOND.lowSeconds * SECOND);
    limit = HIGH;
    const back = Date.now();
    say(`the limit is back, ${round(rateOver(source.requests, dropped, back))} a second were used`);
    await pause(PER_SECOND.backSeconds * SECOND);
    const found = await findings(source);
    return {
      ...found,
      backAfterSeconds: backAfter(source.requests, back, 0.9 * before),
      details: {
        ...found.details,
        before: round(before),
        low: round(rateOver(source.requests, dropped + 20 * SECOND, back)),
        after: round(rateOver(source.requests, Date.now() - 20 * SECOND, Date.now())),
        perTenSeconds: series(source.requests, begun),
      },
    };
  });
}

async function everyMinute(servers: RigServers, { say }: BenchContext) {
  const { limit, rate, steadySeconds } = PER_MINUTE;
  const options = { limit: perMinute(limit), rate, workers: 1, threads: 200 };
  return withLimitedSource(servers, options, async (source) => {
    await flowing(source.requests, 1);
    const begun = Date.now();
    await pause((RUN_SECONDS + 20) * SECOND);
    // Whole minutes of the provider's clock, the last ones.
    const end = Math.floor(Date.now() / 60_000) * 60_000;
    const used = rateOver(source.requests, end - steadySeconds * SECOND, end) * 60;
    say(`of ${limit} calls a minute ${round(used)} were used`);
    const found = await findings(source);
    return {
      ...found,
      usedPercent: (used / limit) * 100,
      details: { ...found.details, perTenSeconds: series(source.requests, begun) },
    };
  });
}

/** What ledger and provider say of the 429s and of the calls around them. */
async function findings({ db, requests }: LimitedSource) {
  const refused = requests.filter((request) => request.retryAfterMs > 0);
  return {
    refusedPercent: (refused.length / requests.length) * 100,
    startedInPause: await startedInPause(db),
    details: {
      calls: requests.length,
      refused: refused.length,
      lastToReachTheProvider: reachedInPause(requests),
    },
  };
}

/**
 * Calls whose row was opened, and whose request was made, after the row of a 429 was closed and before its Retry-After, counted from
 * the opening of that call on, had passed.
 */
async function startedInPause(db: Database): Promise<number> {
  const [found] = await db.$queryRaw<{ n: number }[]>`
    SELECT count(DISTINCT started.id)::int AS n
    FROM provider_call refused JOIN provider_call started
      ON started.opened_at > refused.finished_at
     AND started.opened_at < refused.opened_at + refused.retry_after_ms * interval '1 millisecond'
    WHERE refused.failure = 'SourceRateLimited' AND started.failure IS DISTINCT FROM 'SourceBlocked'`;
  return found?.n ?? 0;
}

/** Requests that came while a pause ran, which had left before it could be known: how many, and the latest after its 429, in ms. */
function reachedInPause(requests: readonly SeenRequest[]): { requests: number; latestMs: number } {
  let [count, latestMs] = [0, 0];
  let [from, until] = [0, 0];
  for (const { at, retryAfterMs } of requests) {
    if (at < until) {
      count += 1;
      latestMs = Math.max(latestMs, at - from);
    }
    if (retryAfterMs > 0 && at >= until) [from, until] = [at, at + retryAfterMs];
  }
  return { requests: count, latestMs };
}

/** Answered requests per second in [from, to). */
const rateOver = (requests: readonly SeenRequest[], from: number, to: number): number =>
  requests.filter(({ at, retryAfterMs }) => retryAfterMs === 0 && at >= from && at < to).length /
  ((to - from) / SECOND);

/** Seconds from `back` to the end of the first ten seconds in which the rate was reached; the length of the run where none was. */
function backAfter(requests: readonly SeenRequest[], back: number, rate: number): number {
  for (let seconds = RECENT_SECONDS; seconds < PER_SECOND.backSeconds; seconds++) {
    const to = back + seconds * SECOND;
    if (rateOver(requests, to - RECENT_SECONDS * SECOND, to) >= rate) return seconds;
  }
  return PER_SECOND.backSeconds;
}

async function flowing(requests: readonly SeenRequest[], rate: number): Promise<void> {
  const limit = Date.now() + 120 * SECOND;
  while (rateOver(requests, Date.now() - 10 * SECOND, Date.now()) < rate) {
    if (Date.now() > limit) throw new Error(`the workers do not reach ${rate} calls a second on this machine`);
    await pause(500);
  }
}

function series(requests: readonly SeenRequest[], from: number): number[] {
  const steps = Math.floor((Date.now() - from) / (10 * SECOND));
  return Array.from({ length: steps }, (_, step) =>
    round(rateOver(requests, from + step * 10 * SECOND, from + (step + 1) * 10 * SECOND)),
  );
}

const round = (value: number): number => Math.round(value * 10) / 10;
