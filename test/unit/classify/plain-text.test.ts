import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainText } from '../../../src/classify/plain-text.js';

describe('plainText', () => {
  test('is the text where there is one, else the words of the HTML, else empty', () => {
    expect(plainText({ text: ' Hello \r\nyou ', html: '<p>other</p>' })).toBe('Hello\nyou');
    expect(
      plainText({ text: ' ', html: '<p>Where is <b>my</b> order?</p><script>x()</script><img alt="no" src="x">' }),
    ).toBe('Where is my order?');
    expect(plainText({ text: null, html: '<a href="https://example.com/track">Track it</a> &amp; tell me' })).toBe(
      'Track it & tell me',
    );
    expect(plainText({ text: null, html: null })).toBe('');
    expect(plainText({ text: '', html: '' })).toBe('');
  });

  test('cuts long lines and long texts', () => {
    const lines = plainText({ text: `${'x'.repeat(5_000)}\nend`, html: null }).split('\n');
    expect(lines.map((line) => line.length)).toEqual([1000, 3]);
    expect(plainText({ text: 'y\n'.repeat(500_000), html: null }).length).toBeLessThanOrEqual(200_000);
  });

  test.each([
    ['nested a hundred thousand deep', `${'<div>'.repeat(100_000)}deep${'</div>'.repeat(100_000)}`],
    ['one long table', `<table>${'<tr><td>cell</td></tr>'.repeat(20_000)}</table>`],
    ['tags that never close', '<a '.repeat(100_000)],
    ['entities without end', '&amp;'.repeat(100_000)],
    ['a megabyte of blanks', ' \n'.repeat(500_000)],
  ])('HTML that is %s is read in about a second, without an error', (_, html) => {
    const started = performance.now();
    expect(plainText({ text: null, html })).toBeTypeOf('string');
    expect(performance.now() - started).toBeLessThan(3000);
  });

  test('no HTML makes it throw', () => {
    const parts = fc.constantFrom(
      '<',
      '>',
      '</',
      'div',
      'table',
      '<td>',
      '"',
      '&',
      '&#x0;',
      '<!--',
      ']]>',
      ' style="',
      'a',
      ' ',
      '\n',
      '\0',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 60 }), (list) => {
        expect(plainText({ text: null, html: list.join('') })).toBeTypeOf('string');
      }),
    );
  });
});
