import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** Each line of the product that logs, as the text of its fields. */
const logged = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => readFileSync(join('src', file), 'utf8').match(/\{\s*event: '[a-z]+\.[a-z_]+'[^{}]*/g) ?? []);

describe('the catalogue of events', () => {
  test('names no event and no field that is never written', () => {
    const never = Object.entries(EVENTS).flatMap(([name, { fields }]) => {
      const lines = logged.filter((line) => line.includes(`event: '${name}'`));
      if (lines.length === 0) return name === 'sdk.reported' ? [] : [name];
      if (lines.some((line) => line.includes('...'))) return [];
      return fields
        .filter((field) => !lines.some((line) => new RegExp(`\\b${field}\\b\\s*(:|,|$)`).test(line)))
        .map((field) => `${name} ${field}`);
    });
    expect(never).toEqual([]);
  });

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
