import { styleText } from 'node:util';
import { forcesColour, noColour } from '../config/terminal.js';

const coloured = (process.stdout.isTTY === true || forcesColour) && !noColour;

export const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
  coloured ? styleText(style, text) : text;

/** Results go to standard output; everything about the run goes to standard error. */
export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

export const note = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** What somebody else wrote, with its control characters made visible: a terminal would obey them. */
export const visible = (text: string): string =>
  text.replace(/[^\P{Cc}\n\t]/gu, (one) => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);

/** JSON with instants as ISO strings and big numbers as strings. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) => (typeof one === 'bigint' ? one.toString() : one));

/** Names and values in two columns. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}
