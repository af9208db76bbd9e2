import { inPercent } from '../../domain/backfill-figures.js';
import { barOf, bars, claimPairs, escapeHtml, monthColumns, monthsBetween } from './charts.js';
import { type Cell, definitions, figure, nothing, section, table } from './html-parts.js';
import { STYLE } from './html-style.js';
import type { BackfillReport, MonthRow } from './report.js';
import {
  about,
  automationRows,
  badShare,
  callNotes,
  callRows,
  claimInWords,
  count,
  coverageRows,
  day,
  duration,
  headline,
  minute,
  routeShare,
  timesInWords,
} from './words.js';

/**
 * The report as one page that can be handed on: no script, nothing that is fetched, light or dark as the reader has it, and each number
 * of a plot in the table below it.
 */
export function backfillHtml(report: BackfillReport): string {
  const { backfill, asOf } = report;
  const title = `What ${backfill.source} held: ${day(backfill.from)} to ${day(backfill.to)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header><h1>What ${escapeHtml(backfill.source)} held</h1><p>In threads created from <span class="whole">${day(backfill.from)}</span> to <span class="whole">${day(backfill.to)}</span></p><p class="lead">${escapeHtml(headline(report))}</p>${tiles(report)}${marks(report)}</header>
${byMonth(report)}
${byCause(report)}
${byAge(report)}
${coverage(report)}
${automation(report)}
${byRoute(report)}
${largestGaps(report)}
${samples(report)}
${callsUsed(report)}
${section('About this report', '', definitions(about(report)))}
<footer>Waybill, as of ${minute(asOf)}. Every figure is counted from the ledger.</footer>
</main>
</body>
</html>
`;
}

function tiles({ messages, multiplier, coverage: { messages: share }, backfill, whole }: BackfillReport): string {
  const tile = (value: string, name: string, kind = '') =>
    `<div class="tile ${kind}"><b>${escapeHtml(value)}</b><span>${escapeHtml(name)}</span></div>`;
  return `<div class="tiles">${tile(count(messages.shown), whole ? 'messages the provider holds' : 'messages in the threads that were read')}${tile(count(messages.known), 'were ours before')}${tile(count(messages.missed), backfill.mode === 'report' ? 'are missing' : 'had been missed', 'bad')}${tile(timesInWords(multiplier).replace(' times', ' ×'), 'as many as were ours before')}${tile(claimInWords(share.before), 'coverage before')}${tile(claimInWords(share.after), 'coverage after')}</div>`;
}

const marks = (report: BackfillReport): string =>
  `<aside${report.whole && report.finished ? '' : ' class="warn"'}><h2>How far these figures go</h2><ul>${report.marks.map((one) => `<li>${escapeHtml(one)}</li>`).join('')}</ul></aside>`;

/** Months in the life of the interval; what is stamped before or after it stands in the table alone. */
function plotted({ backfill, asOf, months }: BackfillReport): MonthRow[] {
  const known = new Map(months.map((row) => [row.month, row]));
  const last = months
    .map(({ month }) => month)
    .filter((month) => month <= asOf.toISOString().slice(0, 7))
    .at(-1);
  const end = last === undefined ? backfill.to : new Date(Math.max(backfill.to.getTime(), Date.parse(`${last}-02`)));
  return monthsBetween(backfill.from, end).map(
    (month) =>
      known.get(month) ?? {
        month,
        shown: 0,
        known: 0,
        shownInbound: 0,
        knownInbound: 0,
        missed: 0,
        missedInbound: 0,
        missedShare: null,
        after: 0,
      },
  );
}

function byMonth(report: BackfillReport): string {
  if (report.months.length === 0) return section('By month', '', nothing('No thread has been read whole yet.'));
  const plot = plotted(report);
  const held = plot.map(({ month, known, after, shown }) => ({
    month,
    parts: [
      { value: known, kind: 'ours' },
      { value: after - known, kind: 'taken' },
      { value: shown - after, kind: 'lost' },
    ],
  }));
  const share = plot.map(({ month, missedShare }) => ({
    month,
    parts: [{ value: 100 * (missedShare ?? 0), kind: 'lost' }],
  }));
  const sum = (of: (row: MonthRow) => number) => report.months.reduce((total, row) => total + of(row), 0);
  const all: Cell[] = [
    'all',
    report.messages.shown,
    report.messages.known,
    sum((row) => row.after),
    report.messages.missed,
  ];
  const rows: Cell[][] = report.months.map((row) => [
    row.month,
    row.shown,
    row.known,
    row.after,
    row.missed,
    badShare(row.missedShare),
    badShare(row.shownInbound === 0 ? null : row.missedInbound / row.shownInbound),
  ]);
  rows.push([
    ...all,
    badShare(report.messages.shown === 0 ? null : report.messages.missed / report.messages.shown),
    badShare(report.inbound.shown === 0 ? null : report.inbound.missed / report.inbound.shown),
  ]);
  const isStored = report.messages.after > report.messages.known;
  const isLacking = report.messages.after < report.messages.shown;
  const legend: [string, string][] = [
    ['ours', 'ours before'],
    ...(isStored ? [['taken', 'ours since'] as [string, string]] : []),
    ...(isLacking ? [['lost', 'still missing'] as [string, string]] : []),
  ];
  return section(
    'By month',
    'Messages of threads that were read whole, by the month of their stamp (UTC).',
    '<div class="pair">',
    figure(monthColumns('messages by month: ours before, ours since, still missing', held), legend),
    figure(monthColumns('share of messages that had been missed, by month', share, { unit: '%', most: 100 }), [
      ['lost', 'share that had been missed'],
    ]),
    '</div>',
    table(['month', 'provider', 'ours before', 'ours after', 'missed', 'share', 'of inbound'], rows, { summed: true }),
  );
}

function byCause({ found }: BackfillReport): string {
  if (found.all === 0) return section('Why', '', nothing('Nothing had been missed.'));
  return section(
    'Why',
    'What can be told from the ledger and from what the provider shows; where two stories fit, it says so.',
    figure(
      bars(
        'messages found, by cause',
        found.causes.map((one) => barOf(one.cause.replaceAll('_', ' '), one.found)),
        'lost',
      ),
    ),
    table(
      ['cause', 'meaning', 'found', 'inbound', 'share'],
      found.causes.map((one) => [one.cause, one.meaning, one.found, one.inbound, inPercent(one.share, 'down')]),
      { words: [0, 1] },
    ),
  );
}

function byAge({ found }: BackfillReport): string {
  const rows = found.ages.filter((one) => one.found + one.ours > 0);
  if (rows.length === 0) return '';
  return section(
    'By age of the thread',
    'How old its thread was when a message was written, by its stamp: a poller that looks at young threads alone misses the rest.',
    figure(
      bars(
        'missed share by age of the thread',
        rows.map((one) => barOf(one.meaning, one.missedShare ?? 0, badShare(one.missedShare))),
        'lost',
        1,
      ),
      [['lost', 'share that had been missed']],
    ),
    table(
      ['age of the thread', 'ours before', 'missed', 'share'],
      rows.map((one) => [one.meaning, one.ours, one.found, badShare(one.missedShare)]),
    ),
  );
}

function coverage(report: BackfillReport): string {
  const { messages, inbound, threads } = report.coverage;
  const pairs = [
    { name: 'messages', ...messages },
    { name: 'inbound messages', ...inbound },
    { name: 'threads', ...threads },
  ];
  const isBounded = pairs.some(({ before, after }) => before.state === 'at_most' || after.state === 'at_most');
  return section(
    'Coverage before and after',
    'The share of what the provider showed that was ours. Where part of it was not seen there is no point, only an upper end or nothing.',
    figure(
      claimPairs('coverage before and after', pairs),
      isBounded ? [['open', 'at most: the true share may be lower']] : [],
    ),
    table(['of what the provider shows', 'before', 'after'], coverageRows(report)),
  );
}

const automation = (report: BackfillReport): string =>
  section(
    'What it means for automation',
    'A share of the messages that arrived here flatters; the customers wrote all that the provider holds.',
    table([], automationRows(report)),
  );

const byRoute = ({ found }: BackfillReport): string =>
  found.routes.length === 0
    ? ''
    : section(
        'By route',
        'The way each would have gone, or why none. A range where the way of messages that we hold was never decided.',
        table(
          ['route', 'meaning', 'ours before', 'missed', 'missed share'],
          found.routes.map((one) => [one.route, one.meaning, one.ours, one.found, routeShare(one)]),
          { words: [0, 1] },
        ),
      );

function largestGaps({ gaps, threads }: BackfillReport): string {
  const runs = gaps.days.map((one) => [
    one.from === one.to ? one.from : `${one.from} to ${one.to}`,
    one.days,
    one.ours,
    one.missed,
  ]);
  const parts = [
    runs.length === 0
      ? nothing('On no day was more missed than was ours.')
      : `<h3>Days on which more was missed than was ours</h3>${table(['days', 'how many', 'ours before', 'missed'], runs)}`,
  ];
  if (gaps.unlisted.length > 0) {
    const rows = gaps.unlisted.map((one) => [
      `${minute(one.from)} to ${minute(one.to)}`,
      duration(one.to.getTime() - one.from.getTime()),
      one.because,
    ]);
    parts.push(
      `<h3>Creation time that could not be listed</h3>${table(['interval', 'length', 'because'], rows, { words: [0, 2] })}`,
    );
  }
  if (threads.unread > 0) {
    const rows = gaps.unread.map((one) => [one.threadId ?? 'not ours', minute(one.createdAt), one.because]);
    parts.push(
      `<h3>Threads that could not be read whole (${count(threads.unread)})</h3>${table(['thread', 'created', 'because'], rows, { words: [0, 1, 2] })}`,
    );
  }
  return section('The largest gaps', '', ...parts);
}

const samples = ({ samples: rows }: BackfillReport): string =>
  rows.length === 0
    ? ''
    : section(
        'Samples',
        'A few of each cause. The command tells the story of one message.',
        table(
          ['cause', 'direction', 'month', 'command'],
          rows.map((one) => [one.cause, one.direction, one.month, one.trace]),
          { words: [0, 1, 2, 3] },
        ),
      );

const callsUsed = (report: BackfillReport): string =>
  section(
    'Calls',
    'The bound is the least that the task takes with full pages, confirming readings included. Calls that failed count as used.',
    table(['calls', 'used', 'bound', 'ratio'], callRows(report)),
    `<p>${escapeHtml(callNotes(report))}.</p>`,
  );
