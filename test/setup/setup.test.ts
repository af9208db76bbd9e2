import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { build } from '../../scripts/setup/build.mjs';
import { withLock } from '../../scripts/setup/lock.mjs';
import { checkNodeVersion, isAtLeast } from '../../scripts/setup/node-version.mjs';
import { countTests } from '../../scripts/test.mjs';
import { type PlantedTree, plantTree } from '../checks/planted-tree.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('the build', () => {
  let tree: PlantedTree;
  const output = (name: string) => join(tree.root, 'dist', name);

  beforeEach(() => {
    tree = plantTree({ 'tsconfig.build.json': readFileSync(join(ROOT, 'tsconfig.build.json'), 'utf8') });
  });
  afterEach(() => tree.remove());

  it('compiles when a source changed, and does nothing otherwise', async () => {
    await build(tree.root);
    const first = statSync(output('cli/main.js')).ino;
    await build(tree.root);
    expect(statSync(output('cli/main.js')).ino).toBe(first);
    writeFileSync(join(tree.root, 'src/domain/later.ts'), "export const later = 'yes';\n");
    await build(tree.root);
    expect(existsSync(output('domain/later.js'))).toBe(true);
  });

  it('leaves nothing of a source that was deleted', async () => {
    writeFileSync(join(tree.root, 'src/domain/gone.ts'), 'export const gone = 1;\n');
    await build(tree.root);
    rmSync(join(tree.root, 'src/domain/gone.ts'));
    await build(tree.root);
    expect(existsSync(output('domain/gone.js'))).toBe(false);
  });

  it('keeps the last good output when a source is broken, and says what is wrong', async () => {
    await build(tree.root);
    writeFileSync(join(tree.root, 'src/domain/broken.ts'), "export const n: number = 'text';\n");
    await expect(build(tree.root)).rejects.toThrow(/compiling src\/ failed: mend the errors.*TS2322/s);
    expect(existsSync(output('cli/main.js'))).toBe(true);
  });
});

describe('the lock of set-up', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'waybill-setup-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('lets one set-up at a time work', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => withLock(join(folder, 'lock'), work)));
    expect(most).toBe(1);
  });

  it('is taken over from a set-up that was killed', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid, startTime: 'long ago' }));
    expect(await withLock(join(folder, 'lock'), async () => 'done')).toBe('done');
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });
});

it('versions are compared by number, part by part', () => {
  expect(isAtLeast('20.20.2', '>=20.20.2')).toBe(true);
  expect(isAtLeast('20.9.0', '20.20.2')).toBe(false);
  expect(isAtLeast('24.0.0', '20.20.2')).toBe(true);
});

it('an older Node is refused in one sentence', () => {
  expect(() => checkNodeVersion(ROOT, '18.19.0')).toThrow(
    /^Waybill needs Node >=20\.20\.2 and this is 18\.19\.0: install/,
  );
});

it('an unknown step of set-up ends in one sentence and exit code 1', () => {
  const script = join(ROOT, 'scripts', 'setup.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, '--only', 'everything'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^waybill: there is no step "everything": [^\n]+\n$/),
  });
});

it('a test file that could not be loaded counts as one failed test', () => {
  const passed = { status: 'passed', assertionResults: [{ status: 'passed' }] };
  const failed = { status: 'failed', assertionResults: [{ status: 'failed' }, { status: 'passed' }] };
  const broken = { status: 'failed', assertionResults: [] };
  const report = { numPassedTests: 2, numFailedTests: 1, testResults: [passed, failed, broken] };
  expect(countTests(report)).toEqual({ passed: 2, failed: 2 });
});
