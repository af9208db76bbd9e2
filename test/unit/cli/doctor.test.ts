import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Check, examine, fine, warning } from '../../../src/cli/doctor/findings.js';
import { lookAtFiles, lookAtNode } from '../../../src/cli/doctor/host-checks.js';
import { WaybillError } from '../../../src/domain/failures.js';

const look = (checks: Check[], limitMs = 1_000) => examine(checks, { limitMs, done: () => {} });

describe('the doctor', () => {
  it('gives what each check found in the order of the checks, and one that fails hides no other', async () => {
    const found = await look([
      { name: 'breaks', look: () => Promise.reject(new Error('a wire is loose')) },
      { name: 'refused', look: () => Promise.reject(new WaybillError('PrerequisiteMissing', 'Start it.')) },
      { name: 'two', look: async () => [fine('one'), warning('other', 'do')] },
    ]);
    expect(found.map(({ check, level, what }) => [check, level, what])).toEqual([
      ['breaks', 'problem', 'It failed: a wire is loose.'],
      ['refused', 'problem', 'Start it.'],
      ['two', 'ok', 'one'],
      ['two', 'warning', 'other'],
    ]);
  });

  it('says of a check that hangs that it did not answer in its time', async () => {
    const found = await look([{ name: 'hangs', look: () => new Promise(() => {}) }], 20);
    expect(found).toEqual([expect.objectContaining({ level: 'problem', what: 'It did not answer within 0.02 s.' })]);
  });

  it('tells a Node that is too old from one that is not maintained any more', () => {
    expect(lookAtNode('20.9.0', '>=20.20.2').level).toBe('problem');
    expect(lookAtNode('20.20.2', '>=20.20.2').level).toBe('warning');
    expect(lookAtNode('24.1.0', '>=20.20.2').level).toBe('ok');
  });

  const folder = mkdtempSync(join(tmpdir(), 'waybill-doctor-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('names a file with secrets that others can read, and says how to close it', () => {
    const file = join(folder, 'admin-token');
    writeFileSync(file, 'a secret', { mode: 0o600 });
    expect(lookAtFiles([file, join(folder, 'absent')]).level).toBe('ok');
    chmodSync(file, 0o644);
    expect(lookAtFiles([file])).toEqual({
      level: 'problem',
      what: `Other users of this machine can read ${file}.`,
      todo: `Run chmod 600 ${file}.`,
    });
  });
});
