import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FORM_COVERAGE } from '../../../src/domain/form-coverage.js';
import { FIELDS, FORM_REFUSALS, SUBMISSION_STATES, SUBMISSION_WAYS } from '../../../src/domain/forms.js';

const PAGE = readFileSync('docs/reference/forms.md', 'utf8');

/** Rows below the head of a table with this first column. */
function rowsUnder(head: string): string[][] {
  const lines = PAGE.split(`| ${head} | Meaning |`)[1]?.split('\n').slice(2) ?? [];
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(0, end).map((line) => line.slice(2, -2).replaceAll('`', '').split(' | '));
}

it.each([
  ['Field', FIELDS],
  ['Cause', FORM_REFUSALS],
  ['State', SUBMISSION_STATES],
  ['Way', SUBMISSION_WAYS],
  ['Coverage', FORM_COVERAGE],
])('docs/reference/forms.md has every row of the table of %s, and no other', (head, table) => {
  expect(rowsUnder(head)).toEqual(Object.entries(table));
});
