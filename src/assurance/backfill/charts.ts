import type { Claim } from '../../domain/backfill-figures.js';
import { claimInWords, count } from './words.js';

/** Units of every plot; a page scales it, and what is written in it with it. */
const WIDTH = 460;
const LINE = 15;

/** For text and attributes alike: ids and words of a provider stand in these pages. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (one) => `&#${one.codePointAt(0)};`);

const svg = (label: string, height: number, body: string): string =>
  `<svg role="img" aria-label="${escapeHtml(label)}" viewBox="0 0 ${WIDTH} ${height}" xmlns="http://www.w3.org/2000/svg">${body}</svg>`;
const text = (x: number, y: number, words: string, extra = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${extra}>${escapeHtml(words)}</text>`;
const rect = (x: number, y: number, w: number, h: number, kind: string): string =>
  `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${Math.max(0, w).toFixed(1)}" height="${Math.max(0, h).toFixed(1)}" class="${kind}"/>`;

/** A round number at or above: 1, 2, 2.5 or 5 times a power of ten. */
export function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((one) => one * power >= value) ?? 10;
  return step * power;
}

const short = (value: number): string => {
  if (value >= 1e6) return `${Number((value / 1e6).toFixed(1))}M`;
  return value >= 1e4 ? `${Number((value / 1e3).toFixed(1))}k` : String(Number(value.toFixed(1)));
};

export interface Column {
  /** As 2026-01. */
  month: string;
  /** From the bottom up. */
  parts: readonly { value: number; kind: string }[];
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const [LEFT, TOP, PLOT, FOOT] = [52, 12, 150, 38];

/** Columns along the months. Every month of the plot that nothing is known of stands empty in its place. */
export function monthColumns(
  label: string,
  columns: readonly Column[],
  { unit, most }: { unit?: string; most?: number } = {},
): string {
  const highest =
    most ?? niceCeiling(Math.max(0, ...columns.map((one) => one.parts.reduce((sum, { value }) => sum + value, 0))));
  const step = (WIDTH - LEFT) / Math.max(1, columns.length);
  const yOf = (value: number): number => TOP + PLOT - (value / highest) * PLOT;
  const lines = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const y = yOf(share * highest);
    const words = `${short(share * highest)}${unit ?? ''}`;
    return `<line x1="${LEFT}" x2="${WIDTH}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" class="grid"/>${text(LEFT - 6, y + 4, words, ' text-anchor="end"')}`;
  });
  const every = Math.ceil(28 / step);
  const bars = columns.map(({ month, parts }, index) => {
    const x = LEFT + index * step;
    let base = 0;
    const rects = parts.map(({ value, kind }) => {
      const [low, high] = [yOf(base), yOf(base + value)];
      base += value;
      return rect(x + step * 0.12, high, step * 0.76, low - high, kind);
    });
    const [year = '', number = ''] = month.split('-');
    const middle = x + step / 2;
    const name =
      index % every === 0
        ? text(middle, TOP + PLOT + 17, MONTHS[Number(number) - 1] ?? month, ' text-anchor="middle"')
        : '';
    const isFirst = index === 0 || (number === '01' && index % every === 0);
    return `${rects.join('')}${name}${isFirst ? text(middle, TOP + PLOT + 33, year, ' text-anchor="middle"') : ''}`;
  });
  return svg(label, TOP + PLOT + FOOT, `${lines.join('')}${bars.join('')}`);
}

export interface Bar {
  name: string;
  value: number;
  words: string;
}

/** Bars one below the other, each under its name: a name may be as long as the plot is wide. */
export function bars(label: string, rows: readonly Bar[], kind: string, most?: number): string {
  const highest = most ?? Math.max(1, ...rows.map((one) => one.value));
  const room = WIDTH - 110;
  const each = LINE * 2 + 10;
  const body = rows.map(({ name, value, words }, index) => {
    const y = index * each;
    const length = (value / highest) * room;
    return `${text(0, y + 13, name)}${rect(0, y + 19, room, 12, 'track')}${rect(0, y + 19, length, 12, kind)}${text(room + 8, y + 29, words)}`;
  });
  return svg(label, Math.max(1, rows.length) * each, body.join(''));
}

export interface Pair {
  name: string;
  before: Claim;
  after: Claim;
}

/** Shares before and after, two bars each. An upper end is drawn as what it is: open, and hatched. */
export function claimPairs(label: string, pairs: readonly Pair[]): string {
  const room = WIDTH - 186;
  const each = 62;
  const bar = (claim: Claim, when: string, kind: string, y: number): string => {
    const drawn = claim.state === 'unknown' ? 0 : claim.share * room;
    const fill = claim.state === 'exact' ? kind : 'open';
    return `${rect(60, y, room, 13, 'track')}${rect(60, y, drawn, 13, fill)}${text(0, y + 11, when)}${text(room + 66, y + 11, claimInWords(claim))}`;
  };
  const body = pairs.map(({ name, before, after }, index) => {
    const y = index * each;
    return `${text(0, y + 13, name, ' class="strong"')}${bar(before, 'before', 'ours', y + 19)}${bar(after, 'after', 'both', y + 37)}`;
  });
  const hatch =
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="3" height="6" class="ours"/></pattern></defs>';
  return svg(label, Math.max(1, pairs.length) * each, `${hatch}${body.join('')}`);
}

/** Month names in a row without a hole, from the first to the last. */
export function monthsBetween(from: Date, to: Date): string[] {
  const months: string[] = [];
  const last = new Date(to.getTime() - 1).toISOString().slice(0, 7);
  for (let at = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth())); ; ) {
    const month = at.toISOString().slice(0, 7);
    if (month > last) return months;
    months.push(month);
    at = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1));
  }
}

export const barOf = (name: string, value: number, words = count(value)): Bar => ({ name, value, words });
