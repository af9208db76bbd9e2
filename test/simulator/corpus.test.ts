import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCsv, readCorpus } from '../../src/simulator/corpus.js';

describe('the CSV of a corpus', () => {
  it('is read by RFC 4180: quotes, commas, line ends inside fields, CRLF, no last line end', () => {
    expect(parseCsv('a,b\r\n"x, ""y""\r\nz",2\r\n,\r\nlast,"q"')).toEqual([
      ['a', 'b'],
      ['x, "y"\r\nz', '2'],
      ['', ''],
      ['last', 'q'],
    ]);
    expect(parseCsv('\uFEFFtext\nä\n')).toEqual([['text'], ['ä']]);
    expect(parseCsv('a,')).toEqual([['a', '']]);
    expect(parseCsv('')).toEqual([]);
  });

  it('is refused where a quote never closes, stands inside a field or is followed by text', () => {
    expect(() => parseCsv('a\n"open')).toThrow('the quote opened on line 2 is never closed');
    expect(() => parseCsv('a\nb"c')).toThrow('a quote stands inside an unquoted field on line 2');
    expect(() => parseCsv('a\n"b"c')).toThrow('text follows a quoted field on line 2');
  });

  const corpusOf = (content: string | Buffer): string[] => {
    const dir = mkdtempSync(join(tmpdir(), 'simulator-corpus-'));
    try {
      writeFileSync(join(dir, 'corpus.csv'), content);
      return readCorpus(join(dir, 'corpus.csv'));
    } finally {
      rmSync(dir, { recursive: true });
    }
  };

  it('gives the texts of its column text, wherever that stands', () => {
    expect(corpusOf('category,text\na,one\nb,two\nc,\n')).toEqual(['one', 'two']);
  });

  it('is refused in one sentence where it is no CSV, has no column text or holds nothing', () => {
    expect(() => corpusOf('id,body\n1,x\n')).toThrow(/has no column named text/);
    expect(() => corpusOf('text,b\none\n')).toThrow(/is no CSV: row 2 does not have 2 fields/);
    expect(() => corpusOf(Buffer.from([0x89, 0x50, 0, 1]))).toThrow(/is no CSV: it holds a zero byte/);
    expect(() => corpusOf(Buffer.from([0xff, 0xfe, 0x41]))).toThrow(/is no CSV: it is not UTF-8/);
    expect(() => corpusOf('text\n')).toThrow(/holds no text/);
    expect(() => readCorpus(join(tmpdir(), 'no-such-corpus.csv'))).toThrow(/cannot be read \(ENOENT\)/);
  });

  it('may hold thousands of rows: those of the file that the environment names, or rows made here', () => {
    const named = process.env.WAYBILL_TEST_CORPUS;
    const made = `text,category\n${'"a question, asked often",card\n'.repeat(3080)}`;
    expect(named === undefined ? corpusOf(made) : readCorpus(named)).toHaveLength(3080);
  });
});
