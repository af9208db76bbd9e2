import { escapeHtml } from './charts.js';
import { count } from './words.js';

export type Cell = string | number;

const cell = (value: Cell): string => (typeof value === 'number' ? count(value) : escapeHtml(value));

interface TableForm {
  /** Columns of text; all others are numbers. */
  words?: readonly number[];
  /** Whether its last row sums up the others. */
  summed?: boolean;
}

/** The first column names a row. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
  { words = [0], summed = false }: TableForm = {},
): string {
  const kind = (column: number): string => (words.includes(column) ? ' class="w"' : ' class="n"');
  const numbers = heads.filter((_, column) => !words.includes(column)).length;
  // On a narrow page a line of words goes below the numbers of its row.
  const kinds = [
    ...(heads.length === 0 ? ['bare'] : []),
    ...(words.length > 1 ? [numbers > 0 ? 'wordy' : 'stack'] : []),
  ];
  const form = `${kinds.length === 0 ? '' : ` class="${kinds.join(' ')}"`}${numbers > 0 ? ` style="--numbers:${numbers}"` : ''}`;
  const head = heads
    .map((name, column) => `<th scope="col"${column === 0 ? '' : kind(column)}>${escapeHtml(name)}</th>`)
    .join('');
  const body = rows.map((row, index) => {
    const cells = row.map((value, column) =>
      column === 0 ? `<th scope="row">${cell(value)}</th>` : `<td${kind(column)}>${cell(value)}</td>`,
    );
    return `<tr${summed && index === rows.length - 1 ? ' class="sum"' : ''}>${cells.join('')}</tr>`;
  });
  return `<div class="scroll"><table${form}>${heads.length === 0 ? '' : `<thead><tr>${head}</tr></thead>`}<tbody>${body.join('')}</tbody></table></div>`;
}

export const section = (title: string, lead: string, ...parts: string[]): string =>
  `<section><h2>${escapeHtml(title)}</h2>${lead === '' ? '' : `<p>${escapeHtml(lead)}</p>`}${parts.join('')}</section>`;
export const figure = (plot: string, legend: readonly (readonly [string, string])[] = []): string => {
  const key = legend.map(([kind, words]) => `<li><i class="${kind}"></i>${escapeHtml(words)}</li>`).join('');
  return `<figure>${plot}${key === '' ? '' : `<ul class="key">${key}</ul>`}</figure>`;
};
export const nothing = (words: string): string => `<p class="none">${escapeHtml(words)}</p>`;

export const definitions = (rows: readonly [string, string][]): string =>
  `<dl>${rows.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join('')}</dl>`;
