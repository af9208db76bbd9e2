import { listingGapMs } from '../coverage.js';
import type { Timing } from '../timing.js';
import { priorHazard } from './hazards.js';
import { type Cell, solvePlan } from './plan.js';
import { BIN_COUNT, binEndMs, binStartMs } from './silence-bins.js';
import { FIRST_CLASS } from './visit-class.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DAY_SECS = 86_400;

export interface ForecastInput {
  threadsPerDay: number;
  /** Calls per second that we make at most: what is left of the limit of the source, not the limit itself. */
  ratePerSecond: number;
  /** Rows of a full page of a listing. */
  threadsPerPage: number;
  timing: Timing;
}

export interface Forecast {
  messagesPerDay: number;
  callsPerSecond: { listings: number; replies: number; visits: number; all: number };
  callsPerDay: number;
  guarantee: {
    /** c that fits the rate, and c as it is wished for. */
    share: number;
    wantedShare: number;
    fits: boolean;
    /** Rate with which the wished guarantee fits. */
    rateNeeded: number;
  };
  temporal: { actionsPerDay: number; eventsPerDay: number };
}

/** How threads fall silent by the prior: messages per thread, and threads by bin of silence once a steady state is reached. */
function steadyState(threadsPerDay: number, timing: Timing): { messagesPerThread: number; population: Cell[] } {
  const spans: { bin: number; threadDays: number }[] = [];
  let silent = 1;
  for (let bin = 0; bin < BIN_COUNT && binStartMs(bin) < timing.horizonMs; bin++) {
    const minutes = (Math.min(binEndMs(bin), timing.horizonMs) - binStartMs(bin)) / MINUTE_MS;
    const hazard = priorHazard(bin, timing);
    const left = Math.exp(-hazard * minutes);
    spans.push({ bin, threadDays: (silent * (1 - left)) / hazard / 1_440 });
    silent *= left;
  }
  const messagesPerThread = 1 / silent;
  const population = spans.map(({ bin, threadDays }): Cell => {
    return { visitClass: FIRST_CLASS, bin, threads: threadsPerDay * messagesPerThread * threadDays, callsPerVisit: 1 };
  });
  return { messagesPerThread, population };
}

/** Calls of the listings in a day: the moving edge each period, every older day by its age. */
function listingCalls({ threadsPerDay, threadsPerPage, timing }: ForecastInput): number {
  const pagesPerDay = threadsPerDay / threadsPerPage;
  let calls = DAY_MS / timing.pollEveryMs;
  for (let age = 0; age * DAY_MS < timing.horizonMs; age++) {
    // Days that are owed together are listed together, so that an old one costs its share of a page.
    const pages = age === 0 ? Math.max(1, pagesPerDay) : Math.max(DAY_MS / timing.listingWidthMs, pagesPerDay);
    calls += (DAY_MS / listingGapMs(age * DAY_MS, timing)) * pages;
  }
  return calls;
}

/** Per answered message: the look and the send. */
const CALLS_OF_A_REPLY = 2;
/** Measured on Temporal 1.29.1 and SDK 1.24, at one call per second. Source: DESIGN "Workflows". */
const EVENTS_OF_A_CALL = 6;
const EVENTS_OF_A_LIFECYCLE = 15;
const EVENTS_OF_A_RUN = 20;
/** A start and one activity; local activities of one task count once. */
const ACTIONS_OF_A_LIFECYCLE = 4;
/** What a Schedule costs to fire, the start that follows, and the steps that open, plan and close. */
const ACTIONS_OF_A_RUN = 6;

/**
 * What a source will cost before anything is installed, once a year of its threads is known: calls, the guarantee that its rate carries,
 * work for Temporal. Estimates: threads are taken to fall silent as the prior of the hazards says, each message to be answered.
 */
export function forecast(input: ForecastInput): Forecast {
  const { threadsPerDay, ratePerSecond, timing } = input;
  const { messagesPerThread, population } = steadyState(threadsPerDay, timing);
  const messagesPerDay = threadsPerDay * messagesPerThread;
  const listings = listingCalls(input) / DAY_SECS;
  const replies = (CALLS_OF_A_REPLY * messagesPerDay) / DAY_SECS;
  const budgetPerSecond = timing.visitBudgetShare * Math.max(0, ratePerSecond - listings - replies);
  const plan = solvePlan({ population, histogram: {}, budgetPerSecond, hintedShare: 0, timing });
  const all = listings + replies + plan.predictedPerSecond;
  const runs = DAY_MS / timing.pollEveryMs + DAY_MS / timing.visitEveryMs + DAY_MS / timing.dispatchEveryMs;
  return {
    messagesPerDay,
    callsPerSecond: { listings, replies, visits: plan.predictedPerSecond, all },
    callsPerDay: all * DAY_SECS,
    guarantee: {
      share: plan.share,
      wantedShare: plan.wantedShare,
      fits: plan.share <= plan.wantedShare,
      rateNeeded: listings + replies + plan.neededPerSecond / timing.visitBudgetShare,
    },
    temporal: {
      actionsPerDay: all * DAY_SECS + runs * ACTIONS_OF_A_RUN + messagesPerDay * ACTIONS_OF_A_LIFECYCLE,
      eventsPerDay: all * DAY_SECS * EVENTS_OF_A_CALL + runs * EVENTS_OF_A_RUN + messagesPerDay * EVENTS_OF_A_LIFECYCLE,
    },
  };
}
