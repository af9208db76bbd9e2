import { describe, expect, it } from 'vitest';
import { checkBalance } from '../../../src/assurance/balance.js';
import type { IncomingMessage, IncomingThread } from '../../../src/domain/message.js';
import { recordMessagePage } from '../../../src/ledger/record-messages.js';
import { isStopped, resumeSource } from '../../../src/ledger/stopped-sources.js';
import { closeRound, openRound } from '../../../src/ledger/visits.js';
import { closeWindow, openWindow } from '../../../src/ledger/windows.js';
import { DAY, HOUR } from '../../support/clock.js';
import { incomingMessage, incomingThread, page, type Row, unreadableRow } from '../../support/incoming.js';
import { testLedger } from '../../support/ledger.js';

const broken = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => unreadableRow(`{"id":"x${from + index}"}`, `x${from + index}`));
const threads = (count: number): Row<IncomingThread>[] =>
  Array.from({ length: count }, (_, index) => incomingThread(`t${index + 1}`));
const messages = (count: number): Row<IncomingMessage>[] =>
  Array.from({ length: count }, (_, index) => incomingMessage(`m${index + 1}`));

async function ledger() {
  const made = await testLedger();
  await made.bind();
  const { db, clock } = made;
  const state = async () => {
    const rows = await db.$queryRaw<object[]>`
      SELECT stopped_at AS at, stopped_reason AS reason, (SELECT answer FROM provider_call WHERE id = stopped_call_id) AS answer
      FROM source`;
    return rows[0];
  };
  const resume = (parkFreelyUntil: Date | null = null) =>
    resumeSource(db, { source: 'dashboard', by: 'operator', parkFreelyUntil, now: clock.now() });
  return { ...made, state, resume };
}

describe('a page of which too much cannot be read', () => {
  it('stops the source with an alarm: nothing of the page is taken, and nothing of it counts as read [loss case 39]', async () => {
    const { db, list, clock, count, state } = await ledger();
    await expect(list([...threads(15), ...broken(1, 5)])).rejects.toMatchObject({
      type: 'SourceStopped',
      retryable: true,
    });
    expect(await state()).toMatchObject({ at: clock.now(), reason: 'mass_parking' });
    for (const table of ['thread', 'park', 'listing']) expect(await count(table), table).toBe(0);
    expect(await db.$queryRaw`SELECT kind, source, subject, state FROM alarm`).toEqual([
      { kind: 'mass_parking', source: 'dashboard', subject: 'listThreads', state: 'open' },
    ]);
    expect(await db.$queryRaw`SELECT failure, rows FROM provider_call`).toEqual([
      { failure: 'SourceAnswerUnreadable', rows: null },
    ]);
    expect((await checkBalance(db)).balanced).toBe(true);
  });

  it('keeps the answer as it came', async () => {
    const { db, list, openReading, messageContext, state } = await ledger();
    await list(threads(1));
    const call = await openReading('t1');
    const answer = { ...page([...messages(2), ...broken(1, 6)]), answer: '{"messages":["as it came"]}' };
    await expect(recordMessagePage(db, call, answer, await messageContext('t1'))).rejects.toMatchObject({
      callId: call.id,
    });
    expect(await state()).toMatchObject({ answer: '{"messages":["as it came"]}' });
  });

  it('a few bad rows among many are parked, and the page counts', async () => {
    const { list, state, count } = await ledger();
    expect(await list([...threads(20), ...broken(1, 5)])).toMatchObject({ stored: 20, parked: 5, next: 'end' });
    expect(await state()).toMatchObject({ at: null });
    expect(await count('listing')).toBe(1);
  });

  it('short threads show it together where none shows it alone', async () => {
    const { list, read, state } = await ledger();
    await list(threads(6));
    const outcomes: string[] = [];
    for (let thread = 1; thread <= 5; thread++)
      outcomes.push(
        await read(`t${thread}`, broken(thread * 10, 1)).then(
          ({ next }) => next,
          () => 'stopped',
        ),
      );
    expect(outcomes).toEqual(['end', 'end', 'end', 'end', 'stopped']);
    expect(await state()).toMatchObject({ reason: 'mass_parking' });
  });
});

describe('a stopped source', () => {
  async function stopped() {
    const made = await ledger();
    await made.list(threads(1));
    await made.list([...threads(1), ...broken(1, 9)]).catch(() => undefined);
    return made;
  }

  it('takes no call from anybody', async () => {
    const { openReading } = await stopped();
    await expect(openReading('t1')).rejects.toMatchObject({ type: 'SourceStopped', retryable: true });
  });

  it('its windows owe everything and ask for nothing, and windows and rounds close saying so', async () => {
    const { db, clock, timing } = await stopped();
    const window = { source: 'dashboard', scheduledAt: clock.now(), now: clock.now(), timing };
    const { id, owed } = await openWindow(db, { ...window, runId: 'while stopped' });
    expect(owed).toEqual([]);
    expect(await closeWindow(db, id, clock.now(), timing)).toMatchObject({ outcome: 'open', stopped: true });
    const round = await openRound(db, 'dashboard', 'round', clock.now());
    const account = { threads: 0, calls: 0, stored: 0, known: 0, parked: 0, gone: 0, failed: 0 };
    await closeRound(db, round, account, clock.now());
    expect(await db.$queryRaw`SELECT account ->> 'stopped' AS stopped FROM visit_round`).toEqual([{ stopped: 'true' }]);
  });

  it('is started again by a person: the alarm is quenched, a marker says who, and what was owed is owed', async () => {
    const { db, clock, timing, resume, list } = await stopped();
    expect(await resume()).toMatchObject({ reason: 'mass_parking' });
    expect(await isStopped(db, 'dashboard')).toBe(false);
    expect(await resume()).toBeNull();
    expect(await db.$queryRaw`SELECT state FROM alarm`).toEqual([{ state: 'quenched' }]);
    expect(await db.$queryRaw`SELECT text FROM marker WHERE text LIKE '%operator%'`).toHaveLength(1);
    clock.advance(DAY);
    const window = { source: 'dashboard', runId: 'after', scheduledAt: clock.now(), now: clock.now(), timing };
    expect((await openWindow(db, window)).owed).not.toEqual([]);
    expect(await list(threads(10))).toMatchObject({ next: 'end', stored: 9 });
  });

  it('stops again at the same answer, unless a person lets it be parked; then it never stops at those rows again', async () => {
    const { db, clock, resume, list } = await stopped();
    await resume();
    await expect(list([...threads(1), ...broken(1, 9)])).rejects.toMatchObject({ type: 'SourceStopped' });
    await resume(new Date(clock.now().getTime() + HOUR));
    expect(await list([...threads(1), ...broken(1, 9)])).toMatchObject({ parked: 9, next: 'end' });
    clock.advance(2 * HOUR);
    expect(await list([...threads(1), ...broken(1, 9)])).toMatchObject({ parked: 9, next: 'end' });
    await expect(list([...threads(1), ...broken(50, 9)])).rejects.toMatchObject({ type: 'SourceStopped' });
    expect((await checkBalance(db)).balanced).toBe(true);
  });

  it('a source that does not exist cannot be started', async () => {
    const { db, clock } = await ledger();
    const unknown = { source: 'nobody', by: 'operator', parkFreelyUntil: null, now: clock.now() };
    await expect(resumeSource(db, unknown)).rejects.toMatchObject({ type: 'UsageWrong' });
  });
});
