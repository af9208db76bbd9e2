import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { HINT_REFUSALS, HINT_STATES } from '../../../src/domain/hints.js';

const PAGE = readFileSync('docs/reference/webhooks.md', 'utf8');
const rows = [...PAGE.matchAll(/^\| `([a-z_]+)` \| (.+) \|$/gm)].map(([, name, text]) => [name, text]);

it('docs/reference/webhooks.md has every state and every refusal of a hint, and no other', () => {
  expect(rows).toEqual([...Object.entries(HINT_REFUSALS), ...Object.entries(HINT_STATES)]);
});
