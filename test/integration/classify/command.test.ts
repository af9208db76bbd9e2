import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { testDatabase } from '../../support/servers.js';
import { cleanEnvironment } from '../../support/worker-process.js';
import { madeUpExamples } from '../../unit/classify/local/made-up-examples.js';

const csvOf = (count: number, seed: number): string =>
  ['words,intent', ...madeUpExamples(count, seed).map(({ text, label }) => `"${text}",${label}`)].join('\n');

async function installation() {
  const { url, drop } = await testDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'waybill-classifier-'));
  onTestFinished(async () => {
    rmSync(folder, { recursive: true });
    await drop();
  });
  writeFileSync(join(folder, 'train.csv'), csvOf(400, 1));
  writeFileSync(join(folder, 'test.csv'), csvOf(100, 2));
  writeFileSync(join(folder, 'bad.csv'), 'words,intent\nhello,a\nhello\n');
  const env = cleanEnvironment({ WAYBILL_DATABASE_URL: url, WAYBILL_DATA_DIR: join(folder, 'data') });
  return (...words: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const args = [join(process.cwd(), 'dist', 'cli', 'main.js'), 'classifier', ...words];
      const child = execFile(process.execPath, args, { env, cwd: folder }, (_error, out, err) =>
        resolve({ code: child.exitCode ?? -1, out, err }),
      );
    });
}

it('trains, evaluates, explains, lists and puts in force from the command line, and refuses what it cannot use', async () => {
  const classifier = await installation();
  const columns = ['--text', 'words', '--label', 'intent'];
  expect(await classifier('explain', 'where is my parcel')).toMatchObject({
    code: 1,
    err: expect.stringContaining('No trained classifier'),
  });
  const trained = await classifier('train', 'train.csv', ...columns, '--name', 'support', '--json');
  expect([trained.code, trained.err]).toEqual([0, '']);
  expect(JSON.parse(trained.out)).toMatchObject({
    model: {
      name: 'support',
      version: 1,
      active: false,
      labels: ['invoice', 'parcel', 'password', 'refund'],
      figures: { examples: 400 },
    },
  });
  const judged = await classifier('evaluate', 'test.csv', ...columns, '--model', 'support', '--json');
  expect(JSON.parse(judged.out)).toMatchObject({ model: 'support@1', texts: 100, accuracy: expect.closeTo(1, 1) });
  expect(await classifier('activate', 'support@7')).toMatchObject({ code: 1 });
  const activated = await classifier('activate', 'support', '--by', 'somebody');
  expect(activated).toMatchObject({ code: 0, err: expect.stringContaining('WAYBILL_CLASSIFIER does not name local') });
  const explained = JSON.parse((await classifier('explain', 'please reset my password', '--json')).out);
  expect(explained).toMatchObject({ label: 'password', abstains: false, grams: expect.arrayContaining([]) });
  expect((await classifier('explain', 'please reset my password')).out).toContain('so it decides');
  expect((await classifier('list')).out).toMatch(/^support@1 \(in force\)/);
  expect(JSON.parse((await classifier('status', '--json')).out)).toMatchObject({
    chain: ['rules'],
    understood: 0,
    active: { name: 'support' },
  });

  expect(await classifier('train', 'bad.csv', ...columns)).toEqual({
    code: 2,
    out: '',
    err: 'bad.csv:3: this row has 1 fields, the first line names 2.\n',
  });
  expect(await classifier('train', 'none.csv')).toMatchObject({ code: 2, err: 'none.csv cannot be read.\n' });
  expect(await classifier('train', 'train.csv', ...columns, '--precision', '1')).toMatchObject({ code: 2 });
  expect(await classifier('explain')).toMatchObject({ code: 2, err: 'Give one text, or --message.\n' });
}, 120_000);
