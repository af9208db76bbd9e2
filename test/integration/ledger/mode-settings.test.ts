import { describe, expect, it } from 'vitest';
import type { Mode } from '../../../src/domain/states.js';
import { type ModeChange, readModes, setMode } from '../../../src/ledger/mode-settings.js';
import { modeOf } from '../../../src/ledger/modes.js';
import { readSource } from '../../../src/ledger/sources.js';
import { DAY, START } from '../../support/clock.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

const set = ({ db, clock }: TestLedger, mode: Mode | null, more: Partial<ModeChange> = {}) =>
  setMode(db, {
    source: 'dashboard',
    route: null,
    playbook: null,
    answerFrom: null,
    actor: 'cli:test',
    now: clock.now(),
    mode,
    ...more,
  });

describe('modes below that of a source', () => {
  it('count by how narrow they are, and not at all below observe', async () => {
    const ledger = await testLedger();
    await ledger.bind({ mode: 'shadow' });
    await set(ledger, 'live', { route: 'email' });
    await set(ledger, 'approve', { playbook: 'refund' });
    await set(ledger, 'observe', { route: 'email', playbook: 'refund' });
    const inForce = (route: 'email' | 'form', playbook: string | null) =>
      modeOf(ledger.db, { source: 'dashboard', route, playbook });
    const all = async () => [
      await inForce('form', null),
      await inForce('email', 'other'),
      await inForce('form', 'refund'),
      await inForce('email', 'refund'),
    ];
    expect(await all()).toEqual(['shadow', 'live', 'approve', 'observe']);
    expect(await set(ledger, null, { route: 'email', playbook: 'refund' })).toEqual({ before: 'observe' });
    expect(await inForce('email', 'refund')).toBe('approve');
    await set(ledger, 'observe');
    expect(await all()).toEqual(['observe', 'observe', 'observe', 'observe']);
    expect(await readModes(ledger.db)).toMatchObject([
      { source: 'dashboard', mode: 'observe', narrower: [{ playbook: 'refund' }, { route: 'email' }] },
    ]);
  });

  it('are refused for an unknown source and below observe, and a source keeps a mode of its own', async () => {
    const ledger = await testLedger();
    await ledger.bind();
    await expect(set(ledger, 'live', { source: 'nobody' })).rejects.toThrow('There is no source "nobody".');
    await expect(set(ledger, 'live', { route: 'email' })).rejects.toThrow('set its own mode to shadow first');
    await expect(set(ledger, null)).rejects.toThrow('A source always has a mode');
    expect(await ledger.count('change')).toBe(0);
  });

  it('do not pass to another server under the same name', async () => {
    const ledger = await testLedger();
    await ledger.bind({ mode: 'shadow' });
    await set(ledger, 'live', { route: 'email' });
    await ledger.bind({ origin: 'http://another.example.com' });
    expect(await readModes(ledger.db)).toMatchObject([{ mode: 'observe', answerFrom: null, narrower: [] }]);
  });

  it('write down who changed what', async () => {
    const ledger = await testLedger();
    await ledger.bind({ mode: 'shadow' });
    await set(ledger, 'approve', { route: 'email' });
    expect(
      await ledger.db.$queryRaw`SELECT actor, action, subject, detail FROM change WHERE actor = 'cli:test'`,
    ).toEqual([
      {
        actor: 'cli:test',
        action: 'mode.set',
        subject: 'source/dashboard/route/email',
        detail: { from: null, mode: 'approve' },
      },
    ]);
  });
});

describe('answerFrom', () => {
  const at = (days: number) => new Date(START.getTime() + days * DAY);

  it('is set when the first scope may answer, wherever that is, and left alone by later ones', async () => {
    const ledger = await testLedger();
    await ledger.bind();
    const steps: [Mode, Partial<ModeChange>, number | null][] = [
      ['shadow', {}, 1],
      ['approve', { route: 'email' }, 2],
      ['live', { playbook: 'refund' }, 2],
      ['live', {}, 2],
      ['shadow', {}, 2],
      ['live', { route: 'form' }, 2],
      ['observe', {}, 2],
      ['live', {}, 8],
    ];
    for (const [mode, more, day] of steps) {
      ledger.clock.advance(DAY);
      await set(ledger, mode, more);
      const { answerFrom } = await readSource(ledger.db, 'dashboard');
      expect(answerFrom, `${mode} ${JSON.stringify(more)}`).toEqual(day === null ? null : at(day));
    }
  });

  it('is what the operator names, and stays so until the source may answer anew', async () => {
    const ledger = await testLedger();
    await ledger.bind({ mode: 'shadow' });
    await set(ledger, 'live', { answerFrom: at(-30) });
    expect(await readSource(ledger.db, 'dashboard')).toMatchObject({ answerFrom: at(-30), answerFromExplicit: true });
    await ledger.bind({ mode: 'live' });
    expect(await readSource(ledger.db, 'dashboard')).toMatchObject({ answerFrom: at(-30), answerFromExplicit: true });
  });
});
