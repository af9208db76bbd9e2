import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { findActor } from '../../../src/ledger/tokens.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { cleanEnvironment } from '../../support/worker-process.js';

function run({ url }: TestLedger, ...args: string[]): { code: number; out: string } {
  const env = cleanEnvironment({ WAYBILL_DATABASE_URL: url });
  try {
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    const out = execFileSync(process.execPath, ['bin/waybill.mjs', ...args], {
      env,
      encoding: 'utf8',
      stdio: [...stdio],
    });
    return { code: 0, out };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return { code: status, out: stdout + stderr };
  }
}

const MINUTES = 60_000;

it(
  'waybill token makes, lists and revokes tokens, and waybill changes tells who did',
  async () => {
    const ledger = await testLedger();
    const made = run(ledger, 'token', 'create', 'console', '--role', 'operator');
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^wbt_\S+\n$/) });
    expect(await findActor(ledger.db, made.out.trim(), ledger.clock.now())).toEqual({
      name: 'console',
      role: 'operator',
    });
    expect(run(ledger, 'token', 'create', 'console', '--role', 'viewer')).toMatchObject({
      code: 2,
      out: 'There is a token named console already: revoke it first, or take another name.\n',
    });
    const listed = run(ledger, 'token', 'list', '--json');
    expect(JSON.parse(listed.out)).toMatchObject({ tokens: [{ name: 'console', role: 'operator', revokedAt: null }] });
    expect(listed.out).not.toContain(made.out.trim().slice(-43));
    expect(run(ledger, 'token', 'revoke', 'console', '--by', 'night')).toMatchObject({ code: 0 });
    expect(run(ledger, 'token', 'revoke', 'console')).toMatchObject({ code: 1 });

    const changes = JSON.parse(run(ledger, 'changes', '--json').out) as {
      changes: { actor: string; action: string }[];
    };
    expect(changes.changes.map(({ action }) => action)).toEqual(['token.revoke', 'token.create']);
    expect(changes.changes[0]?.actor).toBe('cli:night');
  },
  3 * MINUTES,
);
