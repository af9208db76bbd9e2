import { BACKFILL_HOLDS } from '../../domain/backfill.js';
import type { BackfillReport } from './report.js';

const DAY_MS = 86_400_000;

const plural = (n: number, one: string): string => `${n.toLocaleString('en-US')} ${n === 1 ? one : `${one}s`}`;
const days = (ms: number): string => plural(Number((ms / DAY_MS).toFixed(1)), 'day');

/** What a reader has to know before the figures are believed: what was left out, and what no backfill can see. */
export function marksOf(report: Omit<BackfillReport, 'marks'>): string[] {
  const { backfill, finished, threads, messages, found, gaps, calls } = report;
  const { state, mode, hold } = backfill;
  const marks: string[] = [];
  if (!finished) {
    const standing =
      state === 'running' ? `still running${hold ? `, and on hold: ${BACKFILL_HOLDS[hold]}` : ''}` : state;
    marks.push(`These are the figures of an unfinished run (${standing}): they speak of what is behind it.`);
  }
  if (gaps.aheadMs > 0) marks.push(`${days(gaps.aheadMs)} of creation time are not listed yet.`);
  if (gaps.unlistedMs > 0)
    marks.push(
      `${days(gaps.unlistedMs)} of creation time could not be listed: what the provider holds of them is unknown.`,
    );
  if (threads.unread > 0)
    marks.push(`${plural(threads.unread, 'thread')} could not be read whole: how many messages they hold is unknown.`);
  if (finished && threads.open > 0) marks.push(`${plural(threads.open, 'thread')} were listed and not read.`);
  if (threads.gone > 0)
    marks.push(`${plural(threads.gone, 'thread')} were listed and are gone when asked for; they hold nothing.`);
  if (messages.parked > 0)
    marks.push(
      `${plural(messages.parked, 'row')} could not be read; kept as they came, or counted alone, they are in no figure.`,
    );
  if (found.beside > 0)
    marks.push(
      `${plural(found.beside, 'message')} found are in no month: their threads are not read whole, or no longer show them.`,
    );
  if (mode === 'report')
    marks.push('Nothing was taken in: this backfill only compared, so "after" is what was ours before.');
  if (calls.expired > 0)
    marks.push(`At least ${plural(calls.expired, 'call')} are past their time of keeping and not counted.`);
  marks.push("What the provider's list never shows is in no figure: whether there is any is unknown.");
  return marks;
}
