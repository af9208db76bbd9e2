import { readFileSync } from 'node:fs';
import { SimulatorRefusal } from './refusal.js';

/**
 * Rows of RFC 4180: quoted fields may hold commas, line ends and doubled quotes. A quote inside an unquoted field, text
 * after a closing quote and a quote that never closes are errors, so that a file that is no CSV is refused.
 * @throws Error that names the line
 */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    let field = '';
    if (text[at] === '"') {
      const opened = line;
      at += 1;
      for (;;) {
        const close = text.indexOf('"', at);
        if (close < 0) throw new Error(`the quote opened on line ${opened} is never closed`);
        const part = text.slice(at, close);
        line += part.split('\n').length - 1;
        field += part;
        at = close + 1;
        if (text[at] !== '"') break;
        field += '"';
        at += 1;
      }
      if (at < text.length && !/[,\r\n]/.test(text[at] ?? ''))
        throw new Error(`text follows a quoted field on line ${line}`);
    } else {
      const start = at;
      while (at < text.length && !/[,\r\n]/.test(text[at] ?? '')) at += 1;
      field = text.slice(start, at);
      if (field.includes('"')) throw new Error(`a quote stands inside an unquoted field on line ${line}`);
    }
    row.push(field);
    if (text[at] === ',') {
      at += 1;
      if (at === text.length) row.push('');
      continue;
    }
    if (text[at] === '\r') at += 1;
    if (text[at] === '\n') at += 1;
    line += 1;
    rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push(row);
  return rows;
}

/** The texts of the column `text` of a CSV with a header line. @throws SimulatorRefusal with one sentence */
export function readCorpus(file: string): string[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new SimulatorRefusal(`The corpus ${file} cannot be read (${code}).`);
  }
  let rows: string[][];
  try {
    if (bytes.includes(0)) throw new Error('it holds a zero byte');
    rows = parseCsv(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const problem = cause instanceof TypeError ? 'it is not UTF-8' : (cause as Error).message;
    throw new SimulatorRefusal(`The corpus ${file} is no CSV: ${problem}.`);
  }
  const [header = [], ...body] = rows;
  const column = header.findIndex((name) => name.trim().toLowerCase() === 'text');
  if (column < 0) throw new SimulatorRefusal(`The corpus ${file} has no column named text in its first line.`);
  const ragged = body.findIndex((row) => row.length !== header.length && !(row.length === 1 && row[0] === ''));
  if (ragged >= 0) {
    throw new SimulatorRefusal(
      `The corpus ${file} is no CSV: row ${ragged + 2} does not have ${header.length} fields.`,
    );
  }
  const texts = body.map((row) => (row[column] ?? '').trim()).filter((text) => text !== '');
  if (texts.length === 0) throw new SimulatorRefusal(`The corpus ${file} holds no text in its column text.`);
  return texts;
}
