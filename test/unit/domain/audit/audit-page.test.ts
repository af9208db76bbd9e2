import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FIND_CAUSES, FIND_VERDICTS } from '../../../../src/domain/audit/finds.js';

const page = readFileSync('docs/reference/audit.md', 'utf8');

it.each([
  ['verdict', 'Where a found message counts', FIND_VERDICTS],
  ['cause', 'Cause', FIND_CAUSES],
])('docs/reference/audit.md says of each %s what its table says', (_, heading, table) => {
  const [, rest = ''] = page.split(`| ${heading} | Meaning |\n| --- | --- |\n`);
  const rows = (rest.split('\n\n')[0] ?? '').trim().split('\n');
  expect(rows).toEqual(Object.entries(table).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`));
});
