import type { BackfillReport } from '../assurance/backfill/report.js';
import {
  about,
  automationRows,
  badShare,
  callNotes,
  callRows,
  claimInWords,
  count,
  coverageRows,
  duration,
  headline,
  minute,
  routeShare,
  timesInWords,
} from '../assurance/backfill/words.js';
import type { BackfillEstimate, Range } from '../domain/backfill-estimate.js';
import { paint, visible } from './output.js';

const WIDTH = 80;

/** Columns as wide as they have to be; the first is text, all others are numbers unless `words` names them. */
function table(heads: readonly string[], rows: readonly (readonly string[])[], words: readonly number[] = [0]): string {
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        words.includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [paint('dim', line(heads)), ...rows.map(line)].map((one) => `  ${one}`).join('\n');
}

/** Breaks a sentence at its words, and sets what follows its first line in. */
function wrapped(sentence: string, indent = 2): string {
  const lines: string[] = [];
  let line = '';
  for (const word of sentence.split(/ (?!%)/)) {
    if (line !== '' && line.length + 1 + word.length > WIDTH - indent) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one) => ' '.repeat(indent) + one).join('\n');
}

/** Names and values in two columns, a long value going on below itself. */
function facts(rows: readonly (readonly [string, string])[]): string {
  const indent = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, value]) => name.padEnd(indent) + wrapped(value, indent).trimStart()).join('\n');
}

const block = (title: string, ...parts: string[]): string => [paint('bold', title), ...parts].join('\n');

/** The report for a terminal of 80 columns. */
export function backfillTables(report: BackfillReport): string {
  const { messages, multiplier, coverage, found } = report;
  const summary = facts([
    ...about(report).map(([name, value]): [string, string] => [name, visible(value)]),
    ['provider holds', `${count(messages.shown)} messages in ${count(report.threads.read)} threads`],
    ['ours before', count(messages.known)],
    ['missed', `${count(messages.missed)}, ${count(report.inbound.missed)} of them inbound`],
    ['multiplier', timesInWords(multiplier)],
    ['coverage', `${claimInWords(coverage.messages.before)} before, ${claimInWords(coverage.messages.after)} after`],
  ]);
  const blocks = [
    block(wrapped(visible(headline(report)), 0)),
    summary,
    block('How far these figures go', ...report.marks.map((one) => wrapped(one))),
    block('By month', monthTable(report)),
    ...(found.all === 0 ? [] : [block('Why', ...causeLines(report)), block('By route', routeTable(report))]),
    block('By age of the thread', ageTable(report)),
    block('Coverage', table(['of what the provider shows', 'before', 'after'], coverageRows(report))),
    block('Automation', ...automationRows(report).map(([name, value]) => `  ${name.padEnd(40)} ${value}`)),
    block('The largest gaps', ...gapLines(report)),
    ...(report.samples.length === 0 ? [] : [block('Samples', ...sampleLines(report))]),
    block('Calls', table(['', 'used', 'bound', 'ratio'], callRows(report)), wrapped(callNotes(report))),
  ];
  return blocks.join('\n\n');
}

function monthTable({ months, messages }: BackfillReport): string {
  const share = (missed: number, shown: number) => badShare(shown === 0 ? null : missed / shown);
  const rows = months.map((row) => [
    row.month,
    count(row.shown),
    count(row.known),
    count(row.after),
    count(row.missed),
    share(row.missed, row.shown),
    '#'.repeat(Math.round(20 * (row.missedShare ?? 0))),
  ]);
  const { shown, known, after, missed } = messages;
  const all = ['all', count(shown), count(known), count(after), count(missed), share(missed, shown), ''];
  return table(['month', 'provider', 'before', 'after', 'missed', 'share', ''], [...rows, all], [0, 6]);
}

const causeLines = ({ found }: BackfillReport): string[] =>
  found.causes.flatMap((one) => [
    `  ${count(one.found).padStart(9)}  ${one.cause} (${count(one.inbound)} inbound)`,
    wrapped(one.meaning, 13),
  ]);

const routeTable = ({ found }: BackfillReport): string =>
  table(
    ['route', 'before', 'missed', 'missed share'],
    found.routes.map((one) => [visible(one.route), count(one.ours), count(one.found), routeShare(one)]),
  );

const ageTable = ({ found }: BackfillReport): string =>
  table(
    ['age', 'before', 'missed', 'share'],
    found.ages
      .filter((one) => one.found + one.ours > 0)
      .map((one) => [one.meaning, count(one.ours), count(one.found), badShare(one.missedShare)]),
  );

function gapLines({ gaps, threads }: BackfillReport): string[] {
  const lines = gaps.days.map(
    (one) =>
      `  ${one.from} to ${one.to}: ${count(one.missed)} missed, ${count(one.ours)} ours, ${count(one.days)} ${one.days === 1 ? 'day' : 'days'}`,
  );
  if (lines.length === 0) lines.push('  On no day was more missed than was ours.');
  for (const one of gaps.unlisted)
    lines.push(wrapped(`not listed: ${minute(one.from)} to ${minute(one.to)}, ${visible(one.because)}`));
  for (const one of gaps.unread)
    lines.push(
      wrapped(`not read: thread ${one.threadId ?? '(not ours)'} of ${minute(one.createdAt)}, ${visible(one.because)}`),
    );
  if (threads.unread > gaps.unread.length)
    lines.push(`  and ${count(threads.unread - gaps.unread.length)} threads more`);
  return lines;
}

const sampleLines = ({ samples }: BackfillReport): string[] =>
  samples.map((one) => `  ${one.cause.padEnd(15)}  ${one.month}  ${visible(one.trace)}`);

/** What a backfill would cost, in words: ranges, and what they rest on. */
export function backfillEstimate(estimate: BackfillEstimate): string {
  const { threads, messages, listPages, messagePages, calls, perSecond, durationMs, restsOn } = estimate;
  const range = ({ least, most }: Range, say: (value: number) => string = count): string => {
    if (most === null) return `at least ${say(least)}; nothing bounds it from above`;
    return say(least) === say(most) ? say(most) : `${say(least)} to ${say(most)}`;
  };
  const rate = (value: number): string => `${Number(value.toPrecision(3))}/s`;
  const ranges = facts([
    ['threads', range(threads)],
    ['messages', range(messages)],
    ['pages of listings', range(listPages)],
    ['pages of threads', range(messagePages)],
    ['calls', range(calls)],
    [
      'rate',
      rate(perSecond.least) === rate(perSecond.most)
        ? rate(perSecond.most)
        : `${rate(perSecond.least)} to ${rate(perSecond.most)}`,
    ],
    ['takes', range(durationMs, duration)],
  ]);
  return [ranges, ...restsOn.map((one) => wrapped(`rests on: ${one}`, 0))].join('\n');
}
