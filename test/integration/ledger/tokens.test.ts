import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { adminTokenPlace, ensureAdminToken } from '../../../src/cli/up/admin-token.js';
import { createToken, findActor, listTokens, revokeToken } from '../../../src/ledger/tokens.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

describe('tokens', () => {
  it('are made once where two make one of the same name at the same time', async () => {
    const { db, clock, count } = await testLedger();
    const one = { name: 'console', role: 'viewer', by: 'cli:test', now: clock.now() } as const;
    const made = await Promise.all(Array.from({ length: 5 }, () => createToken(db, one)));
    expect(made.filter((each) => each !== null)).toHaveLength(1);
    expect(await count('token')).toBe(1);
    expect(await count('change')).toBe(1);
  });

  it('are revoked by name or id, once, and leave nobody in', async () => {
    const { db, clock } = await testLedger();
    const now = clock.now();
    const made = await createToken(db, { name: 'console', role: 'operator', by: 'cli:test', now });
    expect(await findActor(db, made?.text ?? '', now)).toEqual({ name: 'console', role: 'operator' });
    expect(await revokeToken(db, 'another', 'cli:test', now)).toBeNull();
    expect(await revokeToken(db, 'console', 'cli:test', now)).toMatchObject({ revokedAt: now, revokedBy: 'cli:test' });
    expect(await revokeToken(db, made?.token.id ?? '', 'cli:test', now)).toBeNull();
    expect(await findActor(db, made?.text ?? '', now)).toBeNull();
    expect(await listTokens(db)).toEqual([]);
    expect(await listTokens(db, { all: true })).toHaveLength(1);
  });
});

describe('the first admin token of an installation', () => {
  function tokenFile(): string {
    const folder = mkdtempSync(join(tmpdir(), 'waybill-token-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return join(folder, 'admin-token');
  }
  const actorIn = ({ db, clock }: TestLedger, file: string) =>
    findActor(db, readFileSync(file, 'utf8').trim(), clock.now());

  it('is written for its owner alone and left alone by later starts', async () => {
    const ledger = await testLedger();
    const file = tokenFile();
    await ensureAdminToken(ledger.db, file, ledger.clock.now());
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await actorIn(ledger, file)).toEqual({ name: 'admin', role: 'admin' });
    const text = readFileSync(file, 'utf8');
    await ensureAdminToken(ledger.db, file, ledger.clock.now());
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(await ledger.count('token')).toBe(1);
    expect(adminTokenPlace(file)).toBe(file);
  });

  it('replaces what a start that ended in between has left, whatever its mode', async () => {
    const ledger = await testLedger();
    const file = tokenFile();
    writeFileSync(file, 'wbt_void\n', { mode: 0o644 });
    writeFileSync(`${file}.unfinished`, 'wbt_', { mode: 0o644 });
    await ensureAdminToken(ledger.db, file, ledger.clock.now());
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(existsSync(`${file}.unfinished`)).toBe(false);
    expect(await actorIn(ledger, file)).toEqual({ name: 'admin', role: 'admin' });
  });

  it('is not made again once its file was taken away or it was revoked', async () => {
    const ledger = await testLedger();
    const file = tokenFile();
    await ensureAdminToken(ledger.db, file, ledger.clock.now());
    rmSync(file);
    await revokeToken(ledger.db, 'admin', 'cli:test', ledger.clock.now());
    await ensureAdminToken(ledger.db, file, ledger.clock.now());
    expect(existsSync(file)).toBe(false);
    expect(await ledger.count('token')).toBe(1);
    expect(adminTokenPlace(file)).toContain('waybill token create');
  });
});
