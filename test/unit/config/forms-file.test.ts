import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../../src/config/config.js';

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const GOOD = `forms:
  contact:
    verify:
      scheme: standard-webhooks
      secrets: [{ env: CONTACT_SECRET }]
    fields:
      email: data.email
      message: answers[0].text
`;

function load(text: string, env: Record<string, string> = { CONTACT_SECRET: SECRET }) {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-forms-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'forms.yaml');
  writeFileSync(path, text);
  const read = () => loadConfig({ ...env, WAYBILL_FORMS: path }).forms;
  return { folder, path, read };
}

describe('the file of forms', () => {
  test('gives a form with its defaults: observed, in a source of its own, reconciled by nothing', () => {
    const [form] = load(GOOD).read();
    expect(form).toMatchObject({
      name: 'contact',
      source: 'form.contact',
      verification: { scheme: 'standard-webhooks', secrets: [SECRET] },
      fields: { email: 'data.email', message: 'answers[0].text' },
      mode: null,
      reconciliation: { by: 'none' },
    });
  });

  test('takes a secret from a file that the environment or the form names', () => {
    const { folder } = load(GOOD);
    writeFileSync(join(folder, 'secret'), `${SECRET}\n`);
    expect(load(GOOD, { CONTACT_SECRET_FILE: join(folder, 'secret') }).read()[0]?.verification.secrets).toEqual([
      SECRET,
    ]);
    const named = GOOD.replace('{ env: CONTACT_SECRET }', `{ file: ${join(folder, 'secret')} }`);
    expect(load(named, {}).read()[0]?.verification.secrets).toEqual([SECRET]);
  });

  test('is JSON as well', () => {
    const json = {
      forms: {
        contact: { verify: { scheme: 'hmac', header: 'X-Sig', secrets: [{ env: 'S' }] }, fields: { phone: 'p' } },
      },
    };
    expect(load(JSON.stringify(json), { S: 'x'.repeat(16) }).read()[0]?.verification).toMatchObject({
      header: 'x-sig',
      algorithm: 'sha256',
      timestampHeader: null,
    });
  });

  test.each([
    ['a field that is not known', `${GOOD}      color: x\n`, 9, 'forms.contact.fields.color is not known'],
    ['a path that cannot be read', GOOD.replace('data.email', 'a[[b'), 7, 'forms.contact.fields.email must be a path'],
    ['a scheme that is not known', GOOD.replace('standard-webhooks', 'none'), 4, 'forms.contact.verify.scheme'],
    ['a required field that is not mapped', `${GOOD}    required: [phone]\n`, 9, 'forms.contact.required names phone'],
    ['a broken file', `${GOOD}   : [`, 9, 'is no YAML'],
    ['a sequence that is not mapped', `${GOOD}    reconcile: { by: sequence }\n`, 7, 'must map sequence'],
    [
      'the mailer of another form',
      `${GOOD}    mailers: [web@example.org]\n${GOOD.replace('forms:\n', '').replace('contact:', 'other:')}    mailers: [Web@example.org]\n`,
      17,
      'forms.other.mailers.0 is a mailer of the form contact as well',
    ],
    ['another tolerance', `${GOOD}    tolerance_seconds: 3600\n`, 9, 'is 300 for every form'],
    ['nobody to answer', GOOD.replace('email: data.email', 'name: n'), 7, 'must map email or phone'],
  ])('names file and line of %s', (_, text, line, words) => {
    const { path, read } = load(text);
    expect(read).toThrow(`${path}:${line} `);
    expect(read).toThrow(words);
  });

  test('names a secret that is not there, and never shows one', () => {
    expect(load(GOOD, {}).read).toThrow(/:5 forms\.contact\.verify\.secrets\.0 names CONTACT_SECRET, and neither/);
    const bad = load(GOOD, { CONTACT_SECRET: 'planted-secret' }).read;
    expect(bad).toThrow('holds no secret of Standard Webhooks');
    expect(bad).not.toThrow('planted-secret');
  });
});
