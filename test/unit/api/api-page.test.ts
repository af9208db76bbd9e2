import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PROBLEM_STATUS, PROBLEMS, type ProblemCode } from '../../../src/api/problems.js';
import { ROLES } from '../../../src/domain/access.js';

const page = readFileSync('docs/reference/api.md', 'utf8');
const rowsOf = (title: string): string[] =>
  (page.split(/^## /m).find((section) => section.startsWith(title)) ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| `'));

it('docs/reference/api.md has every role and every error with its status and meaning, and no other', () => {
  expect(rowsOf('Roles')).toEqual(Object.entries(ROLES).map(([role, doc]) => `| \`${role}\` | ${doc} |`));
  const errors = Object.entries(PROBLEMS) as [ProblemCode, string][];
  expect(rowsOf('Answers')).toEqual(errors.map(([code, doc]) => `| \`${code}\` | ${PROBLEM_STATUS[code]} | ${doc} |`));
});
