import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { oxlintConfigText } from '../../scripts/check/oxlint-config.mjs';

it('.oxlintrc.json is what the table of layers makes (node scripts/check/oxlint-config.mjs --write)', () => {
  expect(readFileSync(new URL('../../.oxlintrc.json', import.meta.url), 'utf8')).toBe(oxlintConfigText());
});
