import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const CASES = 42;

const page = new Map(
  [...readFileSync('docs/reference/loss-cases.md', 'utf8').matchAll(/^\| \[(\d+)\]\(.+?\) \| .+ \| (.+) \|$/gm)].map(
    ([, number = '', here = '']) => [Number(number), here],
  ),
);

const tagged = new Set(
  readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .flatMap((name) => [...readFileSync(join('test', name), 'utf8').matchAll(/\[loss case (\d+)\]/g)])
    .map(([, number]) => Number(number)),
);

describe('docs/reference/loss-cases.md', () => {
  it('has every case once', () => {
    expect([...page.keys()]).toEqual(Array.from({ length: CASES }, (_, index) => index + 1));
  });

  it('calls tested what a test is named after, and says of every other case why it cannot arise', () => {
    const tested = [...page].filter(([, here]) => here === 'tested').map(([number]) => number);
    expect(tested).toEqual([...tagged].sort((a, b) => a - b));
    for (const [, here] of page) expect(here).toMatch(/^(tested|cannot arise: \S.{20,})$/);
  });
});
