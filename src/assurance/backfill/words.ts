import { BACKFILL_STATES } from '../../domain/backfill.js';
import { type Claim, inPercent } from '../../domain/backfill-figures.js';
import type { RouteRow } from './found.js';
import type { BackfillReport } from './report.js';

export const count = (value: number): string => value.toLocaleString('en-US');
export const day = (at: Date): string => at.toISOString().slice(0, 10);
export const minute = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** A share of what is good; an upper end is rounded up, so that it stays one. */
export function claimInWords(claim: Claim): string {
  if (claim.state === 'unknown') return 'unknown';
  return claim.state === 'exact' ? inPercent(claim.share, 'down') : `at most ${inPercent(claim.share, 'up')}`;
}

export const goodShare = (share: number | null): string => (share === null ? '-' : inPercent(share, 'down'));
export const badShare = (share: number | null): string => (share === null ? '-' : inPercent(share, 'up'));

export function routeShare({ missedShare }: RouteRow): string {
  if (missedShare === null) return 'unknown';
  const [least, most] = [badShare(missedShare.least), badShare(missedShare.most)];
  return least === most ? most : `${least} to ${most}`;
}

/** Cut, not rounded: 1.99 is not twice. */
export const timesInWords = (times: number | null): string =>
  times === null ? 'none was ours' : `${(Math.floor(times * 100 + 1e-9) / 100).toFixed(2)} times`;

const UNITS = [
  ['day', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

export function duration(ms: number): string {
  const [unit, size] = UNITS.find(([, one]) => ms >= 2 * one) ?? ['s', 1_000];
  const value = Number((ms / size).toFixed(1));
  return `${value} ${unit === 'day' && value !== 1 ? 'days' : unit}`;
}

/** The one sentence that a reader takes away. */
export function headline(report: BackfillReport): string {
  const { messages, threads, backfill, whole } = report;
  const verb = backfill.mode === 'report' ? 'are missing' : 'had been missed';
  const scope = whole ? '' : ', as far as it was read';
  const share = badShare(messages.shown === 0 ? null : messages.missed / messages.shown);
  return `Of ${count(messages.shown)} messages that ${backfill.source} holds in ${count(threads.read)} threads${scope}, ${count(messages.missed)} ${verb} (${share}).`;
}

/** What a report is of: interval, mode, state and time. */
export function about({ backfill, calls, asOf }: BackfillReport): [string, string][] {
  const { begunAt, endedAt, state } = backfill;
  const ran = begunAt ? `${minute(begunAt)} to ${minute(endedAt ?? asOf)}, ${duration(calls.tookMs)}` : 'not begun yet';
  return [
    ['backfill', `${backfill.name} (${backfill.id})`],
    ['interval', `threads created from ${day(backfill.from)} to ${day(backfill.to)}`],
    ['mode', backfill.mode],
    ['state', `${state}: ${BACKFILL_STATES[state]}`],
    ['ran', ran],
  ];
}

/** Coverage before and after, a row each. */
export function coverageRows({ coverage, listed }: BackfillReport): [string, string, string][] {
  const row = (name: string, { before, after }: { before: Claim; after: Claim }): [string, string, string] => [
    name,
    claimInWords(before),
    claimInWords(after),
  ];
  return [
    row('messages', coverage.messages),
    row('inbound messages', coverage.inbound),
    row('threads', coverage.threads),
    ['creation time listed', goodShare(listed.before), goodShare(listed.after)],
  ];
}

/** What it does to the share of customers' messages that were answered automatically. */
export function automationRows({ automation, inbound }: BackfillReport): [string, string][] {
  return [
    ['answered automatically before', count(automation.answered)],
    ['of the inbound that was ours', goodShare(automation.claimed)],
    ['of the inbound that the provider shows', `${claimInWords(automation.truth)} of ${count(inbound.shown)}`],
    ['with what is answered by now', `${claimInWords(automation.now)} (${count(automation.answeredNow)})`],
  ];
}

/** Calls beside the least that the task takes, a row each. */
export function callRows({ calls }: BackfillReport): [string, string, string, string][] {
  const ratio = (one: number | null): string => (one === null ? '-' : (Math.ceil(one * 1000 - 1e-9) / 1000).toFixed(3));
  const lists = calls.bound.listPages === 0 ? null : calls.listPages / calls.bound.listPages;
  return [
    ['pages of listings', count(calls.listPages), count(calls.bound.listPages), ratio(lists)],
    ['pages of threads', count(calls.messagePages), count(calls.bound.messagePages), ratio(calls.ratio.messages)],
    ['all', count(calls.all), count(calls.bound.all), ratio(calls.ratio.all)],
  ];
}

export function callNotes({ calls }: BackfillReport): string {
  const { confirming, failed, refused, perSecond, budgetShare, madeShare } = calls;
  const rate = perSecond === null ? '' : `; ${Number(perSecond.toPrecision(2))} a second`;
  const budget = budgetShare === null ? '' : `, ${badShare(budgetShare)} of what the rate of the source allows`;
  const made = madeShare === null ? '' : `, ${badShare(madeShare)} of all calls that it got in that time`;
  return `${count(confirming)} confirmed a reading; ${count(failed)} failed, ${count(refused)} of them refused with 429${rate}${budget}${made}`;
}
