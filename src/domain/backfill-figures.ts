import { gaps, type Interval, union, width } from './interval.js';

const DAY_MS = 86_400_000;

/** What a thread that was read whole showed of one month. Written when it is closed. */
export interface MonthCounts {
  shown: number;
  /** Of those, ours right before. */
  known: number;
  shownInbound: number;
  knownInbound: number;
}

export const NO_MONTH: MonthCounts = { shown: 0, known: 0, shownInbound: 0, knownInbound: 0 };

const addCounts = (one: MonthCounts, other: MonthCounts): MonthCounts => ({
  shown: one.shown + other.shown,
  known: one.known + other.known,
  shownInbound: one.shownInbound + other.shownInbound,
  knownInbound: one.knownInbound + other.knownInbound,
});

export const totalOf = (months: Readonly<Record<string, MonthCounts>>): MonthCounts =>
  Object.values(months).reduce(addCounts, NO_MONTH);

/** A share of what the provider holds, as far as it can be said. An upper end is no point: nothing is said of the lower one. */
export type Claim =
  | { state: 'exact'; share: number }
  | { state: 'at_most'; share: number }
  | { state: 'unknown'; share: null };

export const UNKNOWN: Claim = { state: 'unknown', share: null };

/**
 * What `part` of `of` says of the whole. Where parts of it were not seen, the best that can be is that the provider holds nothing there
 * but the `beside` messages that are ours; what it really holds there nobody has counted.
 */
export function claimOf(part: number, of: number, { whole, beside }: { whole: boolean; beside: number }): Claim {
  if (whole) return of === 0 ? UNKNOWN : { state: 'exact', share: Math.min(1, part / of) };
  const most = of + beside === 0 ? 1 : (part + beside) / (of + beside);
  if (most >= 1) return UNKNOWN;
  return { state: most === 0 ? 'exact' : 'at_most', share: most };
}

/** Part of a number; null of nothing. */
export const shareOf = (part: number, of: number): number | null => (of === 0 ? null : part / of);

/** How old its thread was when a message was written, in whole days begun. */
export const THREAD_AGES = {
  under_1_day: 'less than a day',
  days_1_to_7: '1 to 7 days',
  days_8_to_15: '8 to 15 days',
  days_16_to_30: '16 to 30 days',
  days_31_to_90: '31 to 90 days',
  days_91_to_365: '91 to 365 days',
  over_365_days: 'more than 365 days',
  unknown: 'unknown: its stamp proves nothing',
} as const;
export type ThreadAge = keyof typeof THREAD_AGES;

/** Where the second and each later class begins, ms. */
export const THREAD_AGE_BOUNDS_MS = [1, 8, 16, 31, 91, 366].map((days) => days * DAY_MS);

const AGES = Object.keys(THREAD_AGES) as ThreadAge[];

/** The class of a bucket of `width_bucket(age, THREAD_AGE_BOUNDS_MS)`; null is no age. */
export const ageOfBucket = (bucket: number | null): ThreadAge =>
  bucket === null ? 'unknown' : (AGES[bucket] ?? 'unknown');

export interface DayCounts {
  /** UTC, as 2026-01-31. */
  day: string;
  missed: number;
  ours: number;
}

export interface LossRun extends Omit<DayCounts, 'day'> {
  /** First and last day. */
  from: string;
  to: string;
  days: number;
}

/** Runs of days in a row on which more was missed than was ours, those of most missed messages first. */
export function lossRuns(counts: readonly DayCounts[]): LossRun[] {
  const runs: LossRun[] = [];
  const bad = counts.filter((one) => one.missed > one.ours).sort((a, b) => (a.day < b.day ? -1 : 1));
  for (const { day, missed, ours } of bad) {
    const last = runs.at(-1);
    if (last && Date.parse(day) - Date.parse(last.to) === DAY_MS) {
      last.to = day;
      last.days += 1;
      last.missed += missed;
      last.ours += ours;
    } else runs.push({ from: day, to: day, days: 1, missed, ours });
  }
  return runs.sort((a, b) => b.missed - a.missed || (a.from < b.from ? -1 : 1));
}

/** Creation time that no listing of the walk stands for, ms: tried in vain, and not come to yet. */
export function notListed(
  whole: Interval,
  { listed, unlisted }: { listed: readonly Interval[]; unlisted: readonly Interval[] },
): { unlistedMs: number; aheadMs: number } {
  const sum = (parts: readonly Interval[]) => parts.reduce((total, part) => total + width(part), 0);
  const failed = union(unlisted).flatMap((part) => gaps(part, listed));
  return { unlistedMs: sum(failed), aheadMs: sum(gaps(whole, [...listed, ...failed])) };
}

/**
 * A share in per cent with one decimal, never better than it is: `down` for what is good, `up` for what is bad. So 100 % and 0 % mean
 * all and nothing.
 */
export function inPercent(share: number, round: 'down' | 'up'): string {
  const tenths = share * 1000;
  const whole = round === 'down' ? Math.floor(tenths + 1e-9) : Math.ceil(tenths - 1e-9);
  return `${(whole / 10).toFixed(whole % 1000 === 0 ? 0 : 1)} %`;
}
