import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const PAGES = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];
const VERBS = [...readFileSync('docs/reference/cli.md', 'utf8').matchAll(/^\| `([a-z -]+)` +\| +\|/gm)].map(
  ([, verb]) => verb ?? '',
);

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(page, 'utf8');

  it('links to files that are there', () => {
    const links = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#]+)/g)].map(([, link]) => link ?? '');
    expect(links.filter((link) => !existsSync(join(dirname(page), link)))).toEqual([]);
  });

  it('names files of this repository that are there', () => {
    const files = [...text.matchAll(/`((?:src|test|docs|scripts|prisma)\/[\w./-]+\.(?:ts|mjs|md|sql|yaml|prisma))`/g)];
    expect(files.map(([, file]) => file ?? '').filter((file) => !existsSync(file))).toEqual([]);
  });

  it('names verbs that the command has', () => {
    const named = [...text.matchAll(/`(?:npx )?waybill ([a-z-]+)(?: ([a-z]+))?/g)].map(([, verb = '', part = '']) => ({
      verb,
      part,
    }));
    const isKnown = ({ verb, part }: { verb: string; part: string }) => {
      const parts = VERBS.filter((one) => one.startsWith(`${verb} `)).map((one) => one.slice(verb.length + 1));
      return VERBS.includes(verb) || (part === '' ? parts.length > 0 : parts.includes(part));
    };
    expect(named.filter((one) => !isKnown(one))).toEqual([]);
  });
});
