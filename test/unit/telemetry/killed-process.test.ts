import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import { afterAll, beforeAll, expect, test } from 'vitest';

const telemetry = fileURLToPath(new URL('../../../src/telemetry/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'waybill-logs-'));

/** The logger as a process of its own runs it: Node 20 strips no types, so the files are compiled one by one. */
beforeAll(() => {
  symlinkSync(fileURLToPath(new URL('../../../node_modules', import.meta.url)), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const name of readdirSync(telemetry)) {
    const source = readFileSync(join(telemetry, name), 'utf8');
    const options = { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } } as const;
    writeFileSync(join(folder, name.replace(/\.ts$/, '.js')), transformSync(source, options).code);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (format: string, end: string) =>
  spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `const { createLogger } = await import('./logger.js');
       const log = createLogger({ subsystem: 'worker', format: '${format}', destination: 'stderr' });
       for (let index = 0; index < 500; index += 1) log.info({ event: 'dispatch.ended', started: index });
       ${end}`,
    ],
    { cwd: folder, encoding: 'utf8' },
  );

test.each(['ndjson', 'pretty', 'auto'])(
  'every %s line is written before the call returns, even when the process is killed',
  (format) => {
    const { stderr, stdout, signal } = run(format, "process.kill(process.pid, 'SIGKILL');");
    expect(signal).toBe('SIGKILL');
    expect(stderr.trimEnd().split('\n')).toHaveLength(500);
    expect(stdout).toBe('');
  },
);

test('lines that go to a pipe are NDJSON unless another form is asked for', () => {
  const { stderr, status } = run('auto', 'process.exit(0);');
  expect(status).toBe(0);
  expect(JSON.parse(stderr.split('\n')[499] ?? '')).toMatchObject({ event: 'dispatch.ended', started: 499 });
});
