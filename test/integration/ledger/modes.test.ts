import { describe, expect, it } from 'vitest';
import type { SourceBinding } from '../../../src/ledger/sources.js';
import { closeWindow } from '../../../src/ledger/windows.js';
import { DAY, HOUR, iso, MINUTE } from '../../support/clock.js';
import { incomingMessage, incomingThread, outgoingMessage } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

const STAMPS: Record<string, string | null> = {
  'a year ago': iso(-360 * DAY),
  'a week ago': iso(-7 * DAY),
  'in another zone': '2026-02-20T23:30:00+11:00',
  1970: '1970-01-01T00:00:00Z',
  2099: '2099-12-31T23:59:59Z',
  unreadable: null,
};

/** The first enumeration of a source full of old threads: each stamp there is, answered and unanswered. */
async function enumerated(binding: Partial<SourceBinding>): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind(binding);
  const names = Object.keys(STAMPS);
  const ids = names.flatMap((name) => [name, `alone ${name}`]);
  const { windowId } = await ledger.list(ids.map((id) => incomingThread(id, { createdAt: iso(-361 * DAY) })));
  for (const name of names) {
    const originAt = STAMPS[name] ?? null;
    await ledger.read(name, [outgoingMessage(`reply to ${name}`, { originAt }), incomingMessage(name, { originAt })]);
    await ledger.read(`alone ${name}`, [incomingMessage(`alone ${name}`, { originAt })]);
  }
  await closeWindow(ledger.db, windowId, ledger.clock.now(), ledger.timing);
  return ledger;
}

const endings = async ({ db }: TestLedger): Promise<Record<string, number>> => {
  const rows = await db.$queryRaw<{ ending: string; count: number }[]>`
    SELECT concat_ws(' ', state, disposition, reason) AS ending, count(*)::int AS count
    FROM message WHERE direction = 'inbound' GROUP BY 1`;
  return Object.fromEntries(rows.map((row) => [row.ending, row.count]));
};

describe('a source in observe', () => {
  it('full of old threads opens nothing: every message ends in the transaction that records it', async () => {
    const ledger = await enumerated({});
    expect(await endings(ledger)).toEqual({ 'ended ignored observed_only': 12 });
    expect([await ledger.count('case'), await ledger.count('outbox')]).toEqual([0, 0]);
  });

  it('opens nothing for what is written later either', async () => {
    const ledger = await enumerated({});
    ledger.clock.advance(DAY);
    await ledger.read('a week ago', [incomingMessage('new', { originAt: iso(DAY - MINUTE) })]);
    expect(await endings(ledger)).toEqual({ 'ended ignored observed_only': 13 });
  });
});

describe('a source that starts in live', () => {
  it('full of old threads, some of 1970 and 2099, opens no message and no case', async () => {
    const ledger = await enumerated({ mode: 'live' });
    const found = await endings(ledger);
    expect(Object.keys(found).filter((ending) => !ending.startsWith('ended ignored'))).toEqual([]);
    expect([await ledger.count('case'), await ledger.count('outbox')]).toEqual([0, 0]);
  });

  it('carries what is written afterwards, on an old thread as well', async () => {
    const ledger = await enumerated({ mode: 'live' });
    ledger.clock.advance(DAY);
    const written = incomingMessage('new', { originAt: iso(DAY - MINUTE) });
    expect(await ledger.read('a week ago', [written])).toMatchObject({ stored: 1, open: 1 });
    expect(await ledger.message('new')).toMatchObject({ state: 'recorded', hold: null });
  });

  it('never answers by itself what comes later with a stamp of 1970 or 2099', async () => {
    const ledger = await enumerated({ mode: 'live' });
    ledger.clock.advance(DAY);
    await ledger.list([incomingThread('young', { createdAt: iso(DAY - HOUR) })]);
    await ledger.read('young', [
      incomingMessage('later 1970', { originAt: STAMPS['1970'] ?? null, messageIdHeader: null }),
    ]);
    await ledger.read('young', [
      incomingMessage('later 2099', { originAt: STAMPS['2099'] ?? null, messageIdHeader: null }),
    ]);
    expect(await ledger.message('later 1970')).toMatchObject({ state: 'recorded', hold: 'origin_implausible' });
    expect(await ledger.message('later 2099')).toMatchObject({ state: 'recorded', hold: 'origin_implausible' });
  });

  it('holds what arrives while the source is enumerated for a person', async () => {
    const ledger = await testLedger();
    await ledger.bind({ mode: 'live' });
    ledger.clock.advance(MINUTE);
    await ledger.list([incomingThread('t1', { createdAt: iso() })]);
    await ledger.read('t1', [incomingMessage('m1', { originAt: iso(30_000) })]);
    expect(await ledger.message('m1')).toMatchObject({ state: 'recorded', hold: 'first_enumeration' });
  });

  it('answers its whole world where the operator named a long past instant', async () => {
    const ledger = await enumerated({ mode: 'live', answerFrom: new Date(0) });
    expect(await endings(ledger)).toEqual({ recorded: 12 });
  });
});
