import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readExamples } from '../../../../src/classify/local/read-examples.js';

const COLUMNS = { text: 'text', label: 'category' };
const read = (csv: string) => readExamples(csv, COLUMNS, 'some.csv');

describe('labelled examples', () => {
  test('are read with quotes, commas, line ends and columns in any order', () => {
    expect(read('\uFEFFid,category,text\r\n1,a,"He said ""no"",\r\nthen left"\r\n\r\n2,b,plain\n')).toEqual([
      { label: 'a', text: 'He said "no",\r\nthen left' },
      { label: 'b', text: 'plain' },
    ]);
  });

  test('whatever text a row holds comes back as it was written', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', minLength: 1 }), { minLength: 1, maxLength: 8 }), (texts) => {
        const kept = texts.map((text) => text.trim()).filter((text) => text !== '');
        fc.pre(kept.length > 0);
        const csv = ['text,category', ...kept.map((text) => `"${text.replaceAll('"', '""')}",x`)].join('\n');
        expect(read(csv).map(({ text }) => text)).toEqual(kept);
      }),
    );
  });

  test.each([
    ['', 'some.csv:1: the file is empty'],
    ['text,intent\nhello,a\n', 'some.csv:1: there is no column "category"; there are text, intent'],
    ['text,category\n', 'some.csv:1: there is no row'],
    ['text,category\nhello,a\nhello\n', 'some.csv:3: this row has 1 fields, the first line names 2'],
    ['text,category\n"two\nlines",a\n,b\n', 'some.csv:4: the column "text" is empty'],
    ['text,category\nhello,\n', 'some.csv:2: the column "category" holds no name of a label'],
    ['text,category\nhello,"<b>"\n', 'some.csv:2: the column "category" holds no name'],
    ['text,category\nhello,a\n"open,b\n', 'some.csv:3: a quoted field that begins here has no end'],
    ['text,category\n"a" b,c\n', 'some.csv:2: text follows a closing quote'],
    ['text,category\na "b" c,d\n', 'some.csv:2: a quote stands in a field that is not quoted'],
  ])('%j is refused with its line', (csv, sentence) => {
    expect(() => read(csv)).toThrow(sentence);
  });
});
