import { describe, expect, it } from 'vitest';
import { readSource } from '../../../src/ledger/sources.js';
import { DAY, HOUR, START } from '../../support/clock.js';
import { testLedger } from '../../support/ledger.js';

describe('binding a source', () => {
  it('starts a real source in observe, with no instant from which it answers', async () => {
    const ledger = await testLedger();
    expect(await ledger.bind()).toMatchObject({ mode: 'observe', answerFrom: null, answerFromExplicit: false });
  });

  it('refuses another origin under the same name in one sentence, and leaves what it had', async () => {
    const ledger = await testLedger();
    const first = await ledger.bind();
    await ledger.list([]);
    const other = ledger.bind({ origin: 'http://other.example.com', mode: 'live' });
    await expect(other).rejects.toMatchObject({
      type: 'SourceOriginConflict',
      retryable: false,
      message: expect.stringMatching(/dashboard\.example\.com.*other\.example\.com/),
    });
    expect(await readSource(ledger.db, 'dashboard')).toEqual(first);
  });

  it('a mistyped address that never answered does not bind the name, and its mode does not pass to the right one', async () => {
    const ledger = await testLedger();
    await ledger.bind({ origin: 'http://mistyped.example.com', mode: 'live', answerFrom: new Date(0) });
    ledger.clock.advance(HOUR);
    expect(await ledger.bind()).toMatchObject({
      origin: 'http://dashboard.example.com',
      mode: 'observe',
      answerFrom: null,
      answerFromExplicit: false,
    });
  });

  it('stores answerFrom when the source enters live, and later starts leave it alone', async () => {
    const ledger = await testLedger();
    await ledger.bind();
    ledger.clock.advance(HOUR);
    const entered = await ledger.bind({ mode: 'live' });
    expect(entered).toMatchObject({
      mode: 'live',
      answerFrom: new Date(START.getTime() + HOUR),
      answerFromExplicit: false,
    });
    ledger.clock.advance(DAY);
    for (const mode of ['live', null] as const)
      expect(await ledger.bind({ mode })).toMatchObject({ mode: 'live', answerFrom: entered.answerFrom });
  });

  it('stores it anew when the source leaves live and enters it again: the time between is not answered', async () => {
    const ledger = await testLedger();
    await ledger.bind({ mode: 'live' });
    ledger.clock.advance(DAY);
    expect(await ledger.bind({ mode: 'observe' })).toMatchObject({ mode: 'observe' });
    ledger.clock.advance(DAY);
    expect((await ledger.bind({ mode: 'live' })).answerFrom).toEqual(new Date(START.getTime() + 2 * DAY));
  });

  it('takes an answerFrom that the operator names, and keeps it as explicit at later starts', async () => {
    const ledger = await testLedger();
    const answerFrom = new Date(START.getTime() - 30 * DAY);
    const explicit = { mode: 'live', answerFrom, answerFromExplicit: true };
    expect(await ledger.bind({ mode: 'live', answerFrom })).toMatchObject(explicit);
    ledger.clock.advance(HOUR);
    expect(await ledger.bind({ mode: 'live' })).toMatchObject(explicit);
  });

  it('an explicit answerFrom of the past is gone when the source enters live anew without one', async () => {
    const ledger = await testLedger();
    await ledger.bind({ mode: 'live', answerFrom: new Date(START.getTime() - 30 * DAY) });
    await ledger.bind({ mode: 'observe' });
    ledger.clock.advance(DAY);
    expect(await ledger.bind({ mode: 'live' })).toMatchObject({
      answerFrom: new Date(START.getTime() + DAY),
      answerFromExplicit: false,
    });
  });

  it('never passes a mode to another source', async () => {
    const ledger = await testLedger();
    await ledger.bind({ name: 'simulator', firstMode: 'live', answerFrom: new Date(0) });
    expect(await ledger.bind({ name: 'dashboard' })).toMatchObject({ mode: 'observe', answerFrom: null });
    expect((await readSource(ledger.db, 'simulator')).mode).toBe('live');
  });

  it('the mode of the first start holds at the first start only', async () => {
    const ledger = await testLedger();
    await ledger.bind();
    ledger.clock.advance(HOUR);
    expect((await ledger.bind({ firstMode: 'live' })).mode).toBe('observe');
  });

  it('leaves a mark on the time axis for each change of mode, and none otherwise', async () => {
    const ledger = await testLedger();
    await ledger.bind();
    await ledger.bind({ mode: 'live' });
    await ledger.bind({ mode: 'live' });
    expect(await ledger.db.$queryRaw`SELECT kind, text FROM marker`).toEqual([
      { kind: 'setting', text: 'source dashboard: mode live' },
    ]);
  });

  it('two starts at once agree on one answerFrom', async () => {
    const ledger = await testLedger();
    const later = new Date(START.getTime() + 1);
    const both = await Promise.all([ledger.bind({ mode: 'live' }), ledger.bind({ mode: 'live', now: later })]);
    expect(both[0]?.answerFrom).toEqual(both[1]?.answerFrom);
  });
});
