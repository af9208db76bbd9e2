import { expect, it } from 'vitest';
import { demandFullReading } from '../../../src/ledger/sources.js';
import { openWindow } from '../../../src/ledger/windows.js';
import { testLedger } from '../../support/ledger.js';

const SECOND = 1_000;

it('a window ends at the instant it was scheduled for, or at a demand made since, and never in the future', async () => {
  const { db, clock, timing, bind } = await testLedger();
  await bind();
  const scheduledAt = clock.now();
  const open = async (runId: string) =>
    (await openWindow(db, { source: 'dashboard', runId, scheduledAt, now: clock.now(), timing })).endAt.getTime();
  clock.advance(10 * SECOND);
  expect(await open('before the demand')).toBe(scheduledAt.getTime());
  const demandedAt = new Date(clock.now().getTime() - 4 * SECOND);
  await demandFullReading(db, 'dashboard', demandedAt);
  expect(await open('after the demand')).toBe(demandedAt.getTime());
  expect(await open('before the demand')).toBe(scheduledAt.getTime()); // a retried step reads what its run has frozen
  await demandFullReading(db, 'dashboard', new Date(clock.now().getTime() + 60 * SECOND));
  expect(await open('a demand ahead')).toBe(clock.now().getTime());
});
