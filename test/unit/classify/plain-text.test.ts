import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decidingText, plainText } from '../../../src/classify/plain-text.js';

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

describe('decidingText', () => {
  const deciding = (text: string) => decidingText({ text, html: null });

  test.each([
    [
      'Gmail',
      'Thanks, and the refund?\n\nOn Mon, 2 Mar 2026 at 10:00, Help <help@example.org> wrote:\n> Your order left.',
    ],
    [
      'Outlook',
      'Thanks, and the refund?\n\nFrom: Help <help@example.org>\nSent: Monday\nTo: A\nSubject: Order\n\nYour order left.',
    ],
    [
      'German',
      'Thanks, and the refund?\n\nAm 02.03.2026 um 10:00 schrieb Help <help@example.org>:\n> Your order left.',
    ],
    ['a signature', 'Thanks, and the refund?\n\n-- \nA customer\nYour order left. Ltd'],
  ])('leaves out what %s adds', (_, text) => {
    expect(deciding(text)).toBe('Thanks, and the refund?');
  });

  test('keeps the questions of inline answers', () => {
    const text =
      'On Mon, 2 Mar 2026, Help <help@example.org> wrote:\n> Do you want a refund?\nYes\n> Or another one?\nno';
    expect(deciding(text)).toBe(text);
  });

  test('keeps what would be left empty', () => {
    const text = '> Where is my order?';
    expect(deciding(text)).toBe(text);
  });

  test('keeps a long text, and strips a long quote below a short answer', () => {
    const long = 'A sentence about my order.\n'.repeat(2_000).trim();
    expect(deciding(long)).toBe(long);
    expect(deciding(`Yes please.\n\nOn Mon, Help <help@example.org> wrote:\n${'> quoted\n'.repeat(5_000)}`)).toBe(
      'Yes please.',
    );
  });

  test.each(['Op schreef\n', '\n', 'jan. a skrev\n', 'On ', '> \n', '在a\n', 'W dniu x\n'])(
    'reads 200 kB of %j in less than a second',
    (unit) => {
      const text = unit.repeat(Math.ceil(200_000 / unit.length));
      const begun = performance.now();
      expect(deciding(`${text}end`)).toBeTypeOf('string');
      expect(performance.now() - begun).toBeLessThan(1_000);
    },
  );
});
