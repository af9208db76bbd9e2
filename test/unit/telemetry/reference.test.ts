import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EVENTS, SUBSYSTEMS, TEMPORAL_FIELDS } from '../../../src/telemetry/events.js';

const reference = readFileSync(new URL('../../../docs/reference/logs.md', import.meta.url), 'utf8');
const rows = reference.split('\n').filter((line) => /^\| `[a-z]+\.[a-z_]+` \|/.test(line));
const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');

describe('docs/reference/logs.md', () => {
  test('lists every event of the catalogue with its meaning and fields, in the same order, and no other', () => {
    expect(rows).toEqual(
      Object.entries(EVENTS).map(
        ([name, { doc, fields }]) => `| \`${name}\` | ${doc} | ${fields.length === 0 ? 'none' : code(fields)} |`,
      ),
    );
  });

  test('lists the subsystems and the fields of the Temporal SDK', () => {
    for (const [name, doc] of Object.entries(SUBSYSTEMS)) expect(reference).toContain(`| ${name} | ${doc} |`);
    expect(reference.replaceAll('\n', ' ')).toContain(code(TEMPORAL_FIELDS));
  });
});

describe('the catalogue of events', () => {
  test('names events as noun.past_participle and lists no field that could hold content', () => {
    const content =
      /^(body|text|html|subject|sender|recipient|address|email|name|headers?|message|answer|raw|token|password)$/i;
    for (const [name, { fields }] of Object.entries(EVENTS)) {
      expect(name).toMatch(/^[a-z]+\.[a-z_]+$/);
      expect(
        fields.filter((field) => content.test(field)),
        name,
      ).toEqual([]);
    }
  });
});
