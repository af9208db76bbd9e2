import { WaybillError } from '../../domain/failures.js';
import type { Example } from './train-model.js';

export interface ExampleColumns {
  text: string;
  label: string;
}

/** A label goes to the ledger and is shown: a name, not a text. */
const LABEL = /^[\p{L}\p{N}][\p{L}\p{N} _.,:()&/?'+-]{0,79}$/u;

/**
 * Reads labelled examples from CSV as RFC 4180 writes it, with the names of the columns on the first line.
 * @throws WaybillError UsageWrong, which names file and line
 */
export function readExamples(csv: string, { text, label }: ExampleColumns, file: string): Example[] {
  const refuse = (line: number, detail: string) =>
    new WaybillError('UsageWrong', `${file}:${line}: ${detail}`, { retryable: false });
  const [head, ...rows] = readRows(csv, refuse);
  if (!head) throw refuse(1, 'the file is empty; its first line names the columns.');
  const at = { text: head.cells.indexOf(text), label: head.cells.indexOf(label) };
  for (const [role, column] of Object.entries(at))
    if (column < 0) {
      const name = role === 'text' ? text : label;
      throw refuse(head.line, `there is no column "${name}"; there are ${head.cells.join(', ').slice(0, 200)}.`);
    }
  const examples = rows.map(({ line, cells }) => {
    if (cells.length !== head.cells.length)
      throw refuse(line, `this row has ${cells.length} fields, the first line names ${head.cells.length}.`);
    const example = { text: (cells[at.text] ?? '').trim(), label: (cells[at.label] ?? '').trim() };
    if (example.text === '') throw refuse(line, `the column "${text}" is empty.`);
    if (!LABEL.test(example.label)) throw refuse(line, `the column "${label}" holds no name of a label.`);
    return example;
  });
  if (examples.length === 0) throw refuse(head.line, 'there is no row below the names of the columns.');
  return examples;
}

const FIELD_END = /[,\r\n]/g;

interface Row {
  /** Line of the file on which it begins, from 1. */
  line: number;
  cells: string[];
}

function readRows(csv: string, refuse: (line: number, detail: string) => WaybillError): Row[] {
  const text = csv.startsWith('\uFEFF') ? csv.slice(1) : csv;
  const rows: Row[] = [];
  let [at, line] = [0, 1];
  while (at < text.length) {
    const row: Row = { line, cells: [] };
    for (;;) {
      const quoted = text[at] === '"';
      if (quoted) {
        const begun = line;
        let cell = '';
        for (at++; ; at++) {
          const end = text.indexOf('"', at);
          if (end < 0) throw refuse(begun, 'a quoted field that begins here has no end.');
          const part = text.slice(at, end);
          line += part.split('\n').length - 1;
          cell += part;
          at = end + 1;
          if (text[at] !== '"') break;
          cell += '"';
        }
        row.cells.push(cell);
        if (at < text.length && !/[,\r\n]/.test(text[at] ?? '')) throw refuse(line, 'text follows a closing quote.');
      } else {
        FIELD_END.lastIndex = at;
        const cell = text.slice(at, FIELD_END.exec(text)?.index ?? text.length);
        if (cell.includes('"')) throw refuse(line, 'a quote stands in a field that is not quoted.');
        row.cells.push(cell);
        at += cell.length;
      }
      if (text[at] !== ',') break;
      at++;
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    line++;
    if (row.cells.length > 1 || row.cells[0] !== '') rows.push(row); // a blank line is no row
  }
  return rows;
}
