import type { BackfillPace } from './backfill.js';

const DAY_MS = 86_400_000;
/** By the contract of the dashboard. */
const THREADS_PER_PAGE = 100;
const MESSAGES_PER_PAGE = 25;
/** Widths of its listings, in days: as narrow as covers, as wide as any. */
const NARROWEST_DAYS = 1;
const WIDEST_DAYS = 30;
/** An empty interval where nobody looked before is given so often. */
const EMPTIES = 3;

/** Where no audit has measured what is missing, so many messages may stand for each that is held. */
export const UNAUDITED_GROWTH = 4;
/** Where nobody but the listings knows of threads, so many may stand for each that is held. */
export const UNWITNESSED_GROWTH = 1.5;

/** What the ledger knows of a creation interval, and how fast its source may be called. */
export interface KnownVolume {
  widthMs: number;
  /** Threads held, by how many messages are held of each. */
  sizes: readonly { messages: number; threads: number }[];
  /** Share of the interval that exhausted listings cover. */
  listedShare: number;
  /** Upper end of the share of messages of known threads that is missing, by the newest audit; null where there is none. */
  lossUpper: number | null;
  /** Upper end of the share of threads that no listing names, by the newest audit; null where it is unknown. */
  frameUpper: number | null;
  /** Calls per second that its budget allows, and that other work makes of them. */
  allowedPerSecond: number;
  takenPerSecond: number;
  pace: BackfillPace;
}

/** Ends of a range. The upper one is null where nothing is known that could bound it. */
export interface Range {
  least: number;
  most: number | null;
}

export interface BackfillEstimate {
  threads: Range;
  messages: Range;
  listPages: Range;
  messagePages: Range;
  calls: Range;
  /** Calls per second, the slower one while other work takes what it took. */
  perSecond: { least: number; most: number };
  durationMs: Range;
  /** What the ends rest on, a sentence each. */
  restsOn: string[];
}

/** What is beyond all numbers bounds nothing. */
const scale = (value: number, factor: number | null): number | null =>
  factor === null || !Number.isFinite(value * factor) ? null : value * factor;
const plus = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? null : one + other;

/** Pages of one thread, the confirming one included. */
export function pagesOfThread(messages: number): number {
  const pages = Math.max(1, Math.ceil(messages / MESSAGES_PER_PAGE));
  return pages > 1 || messages === 0 ? pages + 1 : pages;
}

/**
 * How many calls a backfill will make and how long it takes, before anything is called. The lower ends are what is held already; the
 * upper ones what the audits leave open, or an allowance where there was none. Where nothing was ever listed there is no upper end.
 */
export function estimateCalls(known: KnownVolume): BackfillEstimate {
  const { sizes, listedShare, lossUpper, frameUpper, pace } = known;
  const held = sizes.reduce((sum, one) => sum + one.threads, 0);
  const messagesHeld = sizes.reduce((sum, one) => sum + one.threads * one.messages, 0);
  const unseen =
    listedShare === 0 ? null : 1 / listedShare / (frameUpper === null ? 1 / UNWITNESSED_GROWTH : 1 - frameUpper);
  const threadGrowth = unseen !== null && Number.isFinite(unseen) ? unseen : null;
  const growth = lossUpper === null ? UNAUDITED_GROWTH : lossUpper >= 1 ? null : 1 / (1 - lossUpper);
  const threads = { least: held, most: held === 0 && listedShare < 1 ? null : scale(held, threadGrowth) };
  const messages = {
    least: messagesHeld,
    most: scale(messagesHeld, growth === null ? null : scale(growth, threadGrowth)),
  };
  const pagesAt = (factor: number) =>
    sizes.reduce((sum, one) => sum + one.threads * pagesOfThread(Math.ceil(one.messages * factor)), 0);
  const messagePages = {
    // A thread that we hold nothing of costs two pages only if it stays so.
    least: sizes.reduce((sum, one) => sum + one.threads * pagesOfThread(Math.max(1, one.messages)), 0),
    most: threads.most === null || growth === null ? null : scale(Math.max(pagesAt(1), pagesAt(growth)), threadGrowth),
  };
  const listPages = listPagesOf(known.widthMs, threads);
  const calls = { least: listPages.least + messagePages.least, most: plus(listPages.most, messagePages.most) };
  const perSecond = ratesOf(known);
  const pausesOf = (count: number) => Math.floor(count / pace.batchThreads) * pace.batchPauseMs;
  const durationMs = {
    least: (calls.least / perSecond.most) * 1000 + pausesOf(threads.least),
    most:
      calls.most === null || threads.most === null
        ? null
        : (calls.most / perSecond.least) * 1000 + pausesOf(threads.most),
  };
  return rounded({
    threads,
    messages,
    listPages,
    messagePages,
    calls,
    perSecond,
    durationMs,
    restsOn: restsOn(known, held),
  });
}

/** Wide listings of full pages at the best; at the worst one a day, each of several pages seen twice, and as many empty as can be. */
function listPagesOf(widthMs: number, threads: Range): Range {
  const days = Math.max(1, Math.ceil(widthMs / DAY_MS));
  const least = Math.max(Math.ceil(days / WIDEST_DAYS), Math.ceil(threads.least / THREADS_PER_PAGE));
  if (threads.most === null) return { least, most: null };
  const intervals = Math.ceil(days / NARROWEST_DAYS);
  const full = Math.ceil(threads.most / intervals / THREADS_PER_PAGE);
  const filled = Math.min(intervals, Math.ceil(threads.most));
  return { least, most: filled * Math.max(1, 2 * full - 1) + (intervals - filled) * EMPTIES };
}

/** Live work goes first: what it takes is not there. A tenth of the budget is always left to it in the end. */
function ratesOf({ allowedPerSecond, takenPerSecond, pace }: KnownVolume): { least: number; most: number } {
  const ceiling = pace.perSecond ?? Number.POSITIVE_INFINITY;
  const left = Math.max(allowedPerSecond - takenPerSecond, allowedPerSecond / 10);
  return { least: Math.min(ceiling, left), most: Math.min(ceiling, allowedPerSecond) };
}

function restsOn({ listedShare, lossUpper, frameUpper }: KnownVolume, held: number): string[] {
  const share = (value: number) => `${(value * 100).toPrecision(2)} %`;
  return [
    `${held.toLocaleString('en-US')} threads of the interval are held; listings cover ${Math.floor(listedShare * 1000) / 10} % of it`,
    lossUpper === null
      ? `no audit has measured what is missing of them: ${UNAUDITED_GROWTH} messages are allowed for each that is held`
      : `by the newest audit at most ${share(lossUpper)} of their messages are missing`,
    frameUpper === null
      ? `threads never listed are unknown: half as many again are allowed for`
      : `by the newest audit at most ${share(frameUpper)} of threads were never listed`,
    ...(listedShare === 0 ? ['none of it was ever listed, so nothing bounds it from above'] : []),
  ];
}

function rounded(estimate: BackfillEstimate): BackfillEstimate {
  const whole = ({ least, most }: Range): Range => ({
    least: Math.floor(least),
    most: most === null ? null : Math.ceil(most),
  });
  const { threads, messages, listPages, messagePages, calls, durationMs } = estimate;
  return {
    ...estimate,
    threads: whole(threads),
    messages: whole(messages),
    listPages: whole(listPages),
    messagePages: whole(messagePages),
    calls: whole(calls),
    durationMs: whole(durationMs),
  };
}
