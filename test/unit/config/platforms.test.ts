import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../../src/config/config.js';

const SECRET = `whsec_${'a'.repeat(43)}=`;
const TOKEN = 'a-token-of-24-characters';

/** Reads a configuration with this file of platforms. */
function load(text: string, env: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-platforms-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'platforms.yaml'), text);
  writeFileSync(join(folder, 'token'), `${TOKEN}\n`);
  const values = { WAYBILL_PLATFORMS: 'platforms.yaml', KEY: SECRET, ...env };
  return loadConfig(values, { cwd: folder });
}

const one = (more: string) => `platforms:\n  - name: n8n\n    url: https://n8n.example.com/webhook/waybill\n${more}`;

it('a platform has its secret from where the file says, and defaults for the rest', () => {
  const { platforms } = load(one('    secret: { env: KEY }\n'));
  expect(platforms).toEqual([
    {
      name: 'n8n',
      url: 'https://n8n.example.com/webhook/waybill',
      secret: SECRET,
      token: null,
      outcomeWithinMs: 86_400_000,
      ratePerSecond: 1,
      withContent: false,
      reportTo: 'http://127.0.0.1:8080',
    },
  ]);
  expect(loadConfig({}).platforms).toEqual([]);
});

it('JSON is taken as well, and a file for the token', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-token-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'token');
  writeFileSync(file, `${TOKEN}\n`);
  const platform = { name: 'n8n', url: 'http://127.0.0.1:5678/x', secret: { env: 'KEY' }, token: { file } };
  const { platforms } = load(JSON.stringify({ reportTo: 'https://waybill.example.com/', platforms: [platform] }));
  expect(platforms).toMatchObject([{ token: TOKEN, reportTo: 'https://waybill.example.com' }]);
});

it.each([
  [
    'a secret in the file itself',
    one(`    secret: ${SECRET}\n`),
    'platforms.0.secret: must be {env: NAME} or {file: PATH}',
  ],
  [
    'a variable that is not set',
    one('    secret: { env: NOTHING }\n'),
    'platform n8n: secret names the variable NOTHING, which is not set',
  ],
  ['a secret that signs nothing', one('    secret: { env: WEAK }\n'), 'platform n8n: secret must be whsec_'],
  [
    'a token that can be guessed',
    one('    secret: { env: KEY }\n    token: { env: WEAK }\n'),
    'platform n8n: token must be at least 24',
  ],
  ['a file that is not there', one('    secret: { file: /nowhere/at/all }\n'), 'cannot be read (ENOENT)'],
  ['an unknown setting', one('    secret: { env: KEY }\n    withContents: true\n'), 'Unrecognized key: "withContents"'],
  ['text that is no YAML', 'platforms: [', 'names a file that cannot be read (line'],
  [
    'a name twice',
    `${one('    secret: { env: KEY }\n')}  - { name: n8n, url: "http://x.example.com", secret: { env: KEY } }\n`,
    'names the platform n8n twice',
  ],
  [
    'the name of a source',
    one('    secret: { env: KEY }\n').replace('n8n\n', 'dashboard\n'),
    'is the name of a source of messages',
  ],
])('%s is refused in one sentence', (_, text, said) => {
  expect(() => load(text, { WEAK: 'weak' })).toThrow(said);
});

it('no refusal shows a secret', () => {
  const refused = () => load(one(`    secret: ${SECRET}\n`));
  expect(refused).toThrow('WAYBILL_PLATFORMS');
  expect(refused).not.toThrow(SECRET);
});
