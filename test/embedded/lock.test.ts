import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withLock } from '../../src/embedded/lock.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-lock-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('one holder at a time works under a lock, and nothing is left of it', async () => {
  const path = join(folder, 'lock');
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(path, 10_000, work)));
  expect(most).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});

it('the lock of an ended process is taken over', async () => {
  const path = join(folder, 'lock');
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(path, JSON.stringify({ pid, startTime: 'long ago' }));
  expect(await withLock(path, 10_000, async () => 'done')).toBe('done');
});

it('a lock that is kept too long is refused with the number of its owner', async () => {
  const path = join(folder, 'lock');
  await withLock(path, 1_000, async () => {
    await expect(withLock(path, 60, async () => undefined)).rejects.toThrow(`process ${process.pid} has held`);
    expect(existsSync(path)).toBe(true);
  });
});

it('a lock is released when its work fails', async () => {
  const path = join(folder, 'lock');
  const failing = withLock(path, 1_000, () => Promise.reject(new Error('broken')));
  await expect(failing).rejects.toThrow('broken');
  expect(existsSync(path)).toBe(false);
});
