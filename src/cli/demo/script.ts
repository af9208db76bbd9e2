import type { styleText } from 'node:util';
import {
  badShare,
  claimInWords,
  count,
  day,
  duration,
  goodShare,
  timesInWords,
} from '../../assurance/backfill/words.js';
import type { IncidentAccount, Week, WitnessAct } from '../../demo/incident.js';
import { BACKFILL_CAUSES } from '../../domain/backfill.js';
import { paint } from '../output.js';
import { bar, sparkline } from './charts.js';

/** Characters of one side of the panel, and of its charts. */
const SIDE = 38;
const CHART = 26;
/** The share of a few messages jumps about: automation is told over the last weeks, as a dashboard would. */
const SHARE_WEEKS = 4;

type Style = Parameters<typeof styleText>[0];
const cell = (text: string, style?: Style): string => {
  const padded = text.padEnd(SIDE);
  return style ? paint(style, padded) : padded;
};

const sumOf = (weeks: readonly Week[], pick: (week: Week) => number): number =>
  weeks.reduce((sum, week) => sum + pick(week), 0);

const rolling = (weeks: readonly Week[], part: (week: Week) => number, of: (week: Week) => number): number[] =>
  weeks.map((_, index) => {
    const last = weeks.slice(Math.max(0, index + 1 - SHARE_WEEKS), index + 1);
    return sumOf(last, part) / Math.max(1, sumOf(last, of));
  });

/** What is known up to a week: the dashboard of the naive intake on one side, what the provider holds on the other. */
export function panel(weeks: readonly Week[]): string[] {
  const last = weeks.at(-1);
  const automation = rolling(
    weeks,
    (week) => week.automated,
    (week) => week.takenInbound,
  );
  const reach = rolling(
    weeks,
    (week) => week.taken,
    (week) => week.held,
  );
  const [taken, held, seen] = [sumOf(weeks, (w) => w.taken), sumOf(weeks, (w) => w.held), sumOf(weeks, (w) => w.seen)];
  const chart = (values: readonly number[], said: string) => `${sparkline(values, CHART).padEnd(CHART)} ${said}`;
  const rows: [string, Style | undefined, string, Style | undefined][] = [
    ['WHAT THE DASHBOARD SHOWS', 'bold', 'WHAT THE PROVIDER HOLDS', 'bold'],
    ['messages a week', undefined, 'messages a week', undefined],
    [
      chart(
        weeks.map((w) => w.taken),
        count(last?.taken ?? 0),
      ),
      'green',
      chart(
        weeks.map((w) => w.held),
        count(last?.held ?? 0),
      ),
      'cyan',
    ],
    ['share that automation carries', undefined, 'share of them that was taken in', undefined],
    [chart(automation, goodShare(automation.at(-1) ?? 0)), 'green', chart(reach, goodShare(reach.at(-1) ?? 0)), 'red'],
    [`${count(taken)} taken in so far`, 'green', `${count(held)} so far; ${count(held - taken)} never came`, 'red'],
    [
      `polls ${count(sumOf(weeks, (w) => w.polls))}, each to its end`,
      'green',
      `Waybill beside it has seen ${count(seen)}`,
      'cyan',
    ],
  ];
  return rows.map(([left, leftStyle, right, rightStyle]) =>
    `${cell(left, leftStyle)} │ ${cell(right, rightStyle)}`.trimEnd(),
  );
}

const at = (instant: string): string => `${instant.slice(0, 16).replace('T', ' ')} UTC`;

export function witnessLines({ readings, pointers, trace }: WitnessAct): string[] {
  const { threads, lacking, figure, witness } = readings;
  const lines = [
    'Operations say that work grows. The charts say that all is well. So the provider is asked, not the dashboard:',
    `${threads} known threads at random, each by its id: ${paint('red', `${lacking} hold messages that never reached us`)}.`,
    `Of the messages of known threads ${badShare(figure.lower)} to ${badShare(figure.upper)} are missing (95 %).`,
    `By our own books alone ${count(pointers.holes)} of ${count(pointers.checked)} replies of people answer nothing that we hold.`,
  ];
  if (!witness || !trace) return lines;
  return [
    ...lines,
    '',
    paint('bold', 'THE FIRST WITNESS, AND WHERE ITS MESSAGE DISAPPEARED'),
    `${witness.replyId}: a person answered on ${at(witness.repliedAt)}, in ${witness.providerThreadId},`,
    `what a customer wrote on ${at(witness.writtenAt)}: ${witness.messageId}, of which our ledger knows nothing.`,
    `In the day after it was written we made ${trace.listings} listings; ${trace.showing} of them showed the thread` +
      `${trace.lastShownAt === null ? '.' : `, last shown on ${at(trace.lastShownAt)}.`}`,
    `${trace.naming} answers of ours name the message; asked for directly, the provider shows it.`,
    paint(
      'bold',
      `Verdict: ${trace.verdict}${trace.verdict.startsWith('the') ? ': its list shows what was created, not what was active' : ''}.`,
    ),
  ];
}

export function endLines(account: IncidentAccount): string[] {
  const { truth, waybill, naive, contradictions } = account;
  const { report, calls, virtualMs } = account.backfill;
  const { messages, threads, coverage, automation, months, found, multiplier } = report;
  const least = report.calls.bound.all;
  const causes = found.causes
    .filter(({ found: n }) => n > 0)
    .map((one) => `  ${count(one.found).padStart(7)}  ${one.cause}: ${BACKFILL_CAUSES[one.cause]}`);
  const rows = months
    .filter(({ month }) => month >= account.from.slice(0, 7) && month <= account.to.slice(0, 7))
    .map(
      ({ month, shown, known, missedShare }) =>
        `  ${month} ${count(shown).padStart(7)} ${count(known).padStart(7)}  ${paint('red', bar(missedShare ?? 0, 20))} ${badShare(missedShare)}`,
    );
  const others = months.length - rows.length;
  return [
    paint('bold', 'ITS REPORT'),
    `${count(threads.read)} threads read in ${count(calls)} calls (at least ${count(least)} are needed), ${duration(virtualMs)} at one call a second.`,
    paint('red', `${count(messages.missed)} messages had never been taken in.`),
    ...causes,
    '',
    '  month      held  was ours  missed',
    ...rows,
    ...(others > 0 ? [`  and ${others} months that only a wrong clock names`] : []),
    '',
    paint('bold', 'BEFORE AND AFTER'),
    `  messages of the provider that are ours   ${claimInWords(coverage.messages.before)} -> ${paint('green', claimInWords(coverage.messages.after))}`,
    `  share that automation carried            ${goodShare(automation.claimed)} on the dashboard, ${paint('red', claimInWords(automation.truth))} in truth`,
    `  provider to ledger                       ${timesInWords(multiplier)}; by the truth of the simulator ${timesInWords(truth.multiplier)}`,
    `  Waybill over the same year               ${count(waybill.messages)} of ${count(truth.messages)} seen, ${waybill.notDueYet} not due yet, 95 % within ${duration(waybill.p95LateMs)}`,
    `  requests of the year                     ${count(naive.requests)} by the poller, ${count(waybill.requests)} by Waybill`,
    '',
    contradictions.length === 0
      ? paint('green', 'Every figure of the report equals the truth, month by month.')
      : paint('red', `The report contradicts the truth: ${contradictions.join('; ')}.`),
  ];
}

export const opening = (story: {
  threads: number;
  from: Date;
  to: Date;
  rollOut: readonly { playbook: string; at: number }[];
}): string[] => [
  `A year of ${count(story.threads)} simulated threads, ${day(story.from)} to ${day(story.to)}, on a virtual clock.`,
  'Every 15 minutes a poller asks for the threads of the last day, which it takes for the active ones, and reads them.',
  `Its automation is turned on step by step: ${story.rollOut.map(({ playbook, at: on }) => `${playbook} on ${day(new Date(on))}`).join(', ')}.`,
];
