import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ALL_VARIABLES } from '../../../src/config/all-variables.js';
import { loadConfig } from '../../../src/config/config.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';

const reference = readFileSync(new URL('../../../docs/reference/configuration.md', import.meta.url), 'utf8');

/** Name, kind, default and text of every row of the tables of variables in the reference. */
const rows = reference
  .split('\n')
  .filter((line) => /^\| `[A-Z]/.test(line))
  .map((line) => line.slice(2, -2).split(' | '));

const expected = [...ALL_VARIABLES].map(([name, variable]) => [
  `\`${name}\``,
  variable.secret ? `${variable.kind}, secret` : variable.kind,
  variable.default === null ? 'unset' : `\`${variable.default}\``,
  variable.doc,
]);

describe('docs/reference/configuration.md', () => {
  test('every variable is documented with its kind, its default and its meaning', () => {
    expect(rows).toEqual(expect.arrayContaining(expected));
  });

  test('every documented variable exists, once', () => {
    expect(expected).toEqual(expect.arrayContaining(rows));
    expect(rows).toHaveLength(expected.length);
  });

  test('every kind that a variable has is explained', () => {
    for (const kind of new Set([...ALL_VARIABLES.values()].map((variable) => variable.kind))) {
      expect(reference, kind).toContain(`\n| ${kind} | `);
    }
  });

  test('the defaults of the table are the ones that an empty environment gets', () => {
    const config = loadConfig({});
    for (const { name, value, origin } of config.settings) {
      expect({ name, value, origin }).toEqual({ name, value: ALL_VARIABLES.get(name)?.default, origin: 'default' });
    }
    expect(config.timing).toEqual(DEFAULT_TIMING);
  });
});
