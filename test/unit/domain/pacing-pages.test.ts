import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALARM_KINDS, ALARM_STATES } from '../../../src/domain/alarms.js';
import { BREAKER_STATES, PACE_REASONS } from '../../../src/domain/pacing.js';

const rowsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, name = '', meaning = '']) => [name, meaning]),
  );
const sectionOf = (page: string, title: string): string =>
  page.split(/^## /m).find((one) => one.startsWith(`${title}\n`)) ?? '';

describe('docs/reference/alarms.md', () => {
  const page = readFileSync('docs/reference/alarms.md', 'utf8');

  it('has every kind of alarm with its meaning and what to do, in order, and no other', () => {
    const sections = sectionOf(page, 'Kinds').split(/^### /m).slice(1);
    const shown = sections.map((section) => {
      const [title = '', meaning = '', advice = ''] = section.split('\n\n');
      return [title.trim(), meaning.replaceAll('\n', ' '), advice.startsWith('What to do: ') && advice.length > 40];
    });
    const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
    expect(shown).toEqual(Object.entries(ALARM_KINDS).map(([kind, meaning]) => [kind, sentence(meaning), true]));
  });

  it('has every state of an alarm with its meaning', () => {
    expect(rowsOf(page)).toEqual(ALARM_STATES);
  });
});

describe('docs/reference/pacing.md', () => {
  const page = readFileSync('docs/reference/pacing.md', 'utf8');

  it('has every state of the breaker and every reason of a rate, and no other', () => {
    expect(rowsOf(sectionOf(page, 'Breaker'))).toEqual(BREAKER_STATES);
    expect(rowsOf(sectionOf(page, 'Reasons'))).toEqual(PACE_REASONS);
  });
});
