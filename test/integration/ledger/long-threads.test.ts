import { describe, expect, it } from 'vitest';
import { remainingSince } from '../../../src/assurance/completion.js';
import { FIRST_CLASS } from '../../../src/domain/schedule/visit-class.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';
import { nextVisitAt, type Standing } from '../../../src/domain/visit-schedule.js';
import type { OpenCall } from '../../../src/ledger/calls.js';
import { waitMessage } from '../../../src/ledger/lifecycles.js';
import { recordConfirmingPage } from '../../../src/ledger/record-messages.js';
import { demandFullReading } from '../../../src/ledger/sources.js';
import { readThread } from '../../../src/ledger/visits.js';
import { DAY, HOUR, iso, MINUTE, START } from '../../support/clock.js';
import { incomingMessage, incomingThread, page } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

/** Ten pages of one message each, newest first, a day apart: ranges are [0, 4), [4, 8) and [8, 10). */
const TEN = Array.from({ length: 10 }, (_, index) => `m${index}`);

async function ledgerWithThread(): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind();
  await ledger.list([incomingThread('t1', { createdAt: iso(-20 * DAY) })]);
  return ledger;
}
const messageOf = (id: string) => {
  const days = Number(id.slice(1)) + 1;
  return incomingMessage(id, { originAt: iso(-days * DAY) });
};

/** Reads the thread as a visit does, a message a page: gives how the visit ended and how many pages it took. */
async function visit(ledger: TestLedger, ids: readonly string[] = TEN) {
  let after: OpenCall | undefined;
  for (let index = 0; ; index++) {
    const rows = [messageOf(ids[index] ?? '')];
    const nextCursor = index + 1 < ids.length ? `after ${index}` : null;
    const { next, call } = await ledger.read('t1', rows, { nextCursor, ...(after ? { after } : {}) });
    after = call;
    if (next === 'more') continue;
    if (next !== 'confirm') return { next, pages: index + 1 };
    const confirming = await ledger.openReading('t1');
    const context = await ledger.messageContext('t1');
    const first = page([messageOf(ids[0] ?? '')]);
    const confirmed = await recordConfirmingPage(ledger.db, confirming, first, call, context);
    return { next: confirmed.next, pages: index + 1 };
  }
}
const readWholeAt = async (ledger: TestLedger) =>
  (await readThread(ledger.db, await ledger.threadId('t1'))).readWholeAt;
const dueAt = async ({ db }: TestLedger) =>
  (await db.$queryRaw<{ at: Date }[]>`SELECT due_at AS at FROM thread_due`)[0]?.at;
const ranges = ({ db }: TestLedger) =>
  db.$queryRaw<{ depth: number; begun: Date; activity: Date; due: Date | null }[]>`
    SELECT depth, begun_at AS begun, last_activity_at AS activity, due_at AS due FROM thread_range ORDER BY depth`;
const at = (ms: number) => new Date(START.getTime() + ms);

/** When a range is due that was read at an instant and last active so long before or after the start; by the plan, where given. */
const dueFrom = (read: Date, activityMs: number, standing?: Standing): Date =>
  new Date(nextVisitAt(read.getTime(), at(activityMs).getTime(), DEFAULT_TIMING, standing) ?? Number.NaN);

describe('a thread of more than four pages', () => {
  it('is read whole the first time, and each range is due by its own last activity', async () => {
    const ledger = await ledgerWithThread();
    expect(await visit(ledger)).toEqual({ next: 'end', pages: 10 });
    expect(await readWholeAt(ledger)).toEqual(START);
    expect(await ranges(ledger)).toEqual([
      { depth: 0, begun: START, activity: at(-DAY), due: dueFrom(START, -DAY) },
      { depth: 1, begun: START, activity: at(-5 * DAY), due: dueFrom(START, -5 * DAY) },
      { depth: 2, begun: START, activity: at(-9 * DAY), due: dueFrom(START, -9 * DAY) },
    ]);
    expect(await dueAt(ledger)).toEqual(dueFrom(START, -DAY));
  });

  it('is read down to its newest four until a deeper range is due, and is whole as of its oldest [loss case 19]', async () => {
    const ledger = await ledgerWithThread();
    await visit(ledger);
    ledger.clock.advance(0.2 * DAY);
    expect(await visit(ledger)).toEqual({ next: 'end', pages: 4 });
    expect(await readWholeAt(ledger)).toEqual(START);
    ledger.clock.advance(0.35 * DAY);
    expect(await visit(ledger)).toEqual({ next: 'end', pages: 8 });
    expect(await readWholeAt(ledger)).toEqual(START);
    expect((await ranges(ledger)).map(({ begun }) => begun)).toEqual([at(0.55 * DAY), at(0.55 * DAY), START]);
    ledger.clock.advance(0.4 * DAY);
    expect(await visit(ledger)).toEqual({ next: 'end', pages: 10 });
    expect(await readWholeAt(ledger)).toEqual(at(0.95 * DAY));
  });

  it('has its ranges due by the plan of its source, as the thread itself', async () => {
    const ledger = await ledgerWithThread();
    await ledger.db.$executeRaw`
      INSERT INTO visit_plan (source, planned_at, share, stated_share, wanted_share, factors, tightened, threads, budget_per_second,
                              needed_per_second, predicted_per_second, other_per_second)
      VALUES ('dashboard', ${START}, 0.05, 0.05, 0.17, '{}', '{}', 1, 1, 1, 1, 0)`;
    await visit(ledger);
    const standing = { visitClass: FIRST_CLASS, plan: { share: 0.05, factors: null } };
    const dues = [-DAY, -5 * DAY, -9 * DAY].map((ms) => dueFrom(START, ms, standing));
    expect((await ranges(ledger)).map(({ due }) => due)).toEqual(dues);
  });

  it('is due when its deepest range is due, even where its newest pages can wait longer', async () => {
    const ledger = await ledgerWithThread();
    await visit(ledger);
    await ledger.db.$executeRaw`UPDATE thread_range SET due_at = ${at(HOUR)} WHERE depth = 2`;
    ledger.clock.advance(MINUTE);
    await visit(ledger);
    expect(await dueAt(ledger)).toEqual(at(HOUR));
  });

  it('late mail in the middle of a deep range is found at the due time of that range [loss case 7]', async () => {
    const ledger = await ledgerWithThread();
    await visit(ledger);
    const late = [...TEN.slice(0, 6), 'm60', ...TEN.slice(6)];
    ledger.clock.advance(0.2 * DAY);
    await visit(ledger, late);
    expect(await ledger.count('message')).toBe(10);
    ledger.clock.advance(0.35 * DAY);
    await visit(ledger, late);
    expect(await ledger.count('message')).toBe(11);
    const [, second] = await ranges(ledger);
    expect(second).toMatchObject({ activity: at(0.55 * DAY), due: at(0.55 * DAY + 15 * MINUTE) });
  });

  it('what new messages push below the newest pages is due by its own silence, not by that of what lay there', async () => {
    const ledger = await ledgerWithThread();
    await visit(ledger);
    const more = ['m90', ...TEN];
    ledger.clock.advance(0.2 * DAY);
    await visit(ledger, more);
    const [, second] = await ranges(ledger);
    expect(second).toMatchObject({ begun: START, activity: at(-4 * DAY) });
    expect(second?.due?.getTime()).toBe(
      Math.min(dueFrom(START, -5 * DAY).getTime(), dueFrom(at(0.2 * DAY), -4 * DAY).getTime()),
    );
  });

  it('a demand for everything is met only by a reading of all its ranges', async () => {
    const ledger = await ledgerWithThread();
    await visit(ledger);
    const demanded = ledger.clock.advance(HOUR);
    await demandFullReading(ledger.db, 'dashboard', demanded);
    const unread = async () => (await remainingSince(ledger.db, 'dashboard', demanded, ledger.timing)).threadsUnread;
    expect(await unread()).toBe(1);
    ledger.clock.advance(1_000);
    expect(await visit(ledger)).toEqual({ next: 'end', pages: 10 });
    expect(await unread()).toBe(0);
    ledger.clock.advance(HOUR);
    expect(await visit(ledger)).toEqual({ next: 'end', pages: 4 });
  });

  it('is read down to a message that waits for its body', async () => {
    const ledger = await testLedger();
    await ledger.bind({ firstMode: 'live', answerFrom: new Date(0) });
    await ledger.list([incomingThread('t1', { createdAt: iso(-20 * DAY) })]);
    await visit(ledger);
    const message = await ledger.carry('m6');
    await waitMessage(ledger.db, message, 'body', at(MINUTE), START);
    ledger.clock.advance(MINUTE);
    expect(await visit(ledger)).toMatchObject({ pages: 8 });
  });

  it('is compared with what we hold only where it was read to its end', async () => {
    const ledger = await ledgerWithThread();
    await visit(ledger);
    ledger.clock.advance(MINUTE);
    const less = TEN.filter((id) => id !== 'm9' && id !== 'm2');
    expect(await visit(ledger, less)).toMatchObject({ next: 'end', pages: 4 });
    expect(await ledger.db.$queryRaw`SELECT 1 FROM message WHERE missed_at IS NOT NULL`).toEqual([]);
    ledger.clock.advance(DAY);
    expect(await visit(ledger, less)).toEqual({ next: 'shifted', pages: 8 });
    ledger.clock.advance(1_000);
    expect(await visit(ledger, less)).toEqual({ next: 'end', pages: 8 });
    expect(
      await ledger.db.$queryRaw`SELECT provider_message_id AS id FROM message WHERE gone_at IS NOT NULL ORDER BY 1`,
    ).toEqual([{ id: 'm2' }, { id: 'm9' }]);
  });

  it('that has shrunk to four pages has no ranges any more', async () => {
    const ledger = await ledgerWithThread();
    await visit(ledger, TEN.slice(0, 5));
    expect(await ranges(ledger)).toHaveLength(2);
    for (let reading = 0; reading < 2; reading++) {
      ledger.clock.advance(DAY);
      await visit(ledger, TEN.slice(0, 4));
    }
    expect(await ranges(ledger)).toEqual([]);
  });

  it('whose cursors lead in a circle is not followed for ever, and is not read whole', async () => {
    const ledger = await ledgerWithThread();
    const first = await ledger.read('t1', [messageOf('m0')], { nextCursor: 'a' });
    const second = await ledger.read('t1', [messageOf('m1')], { nextCursor: 'b', after: first.call });
    expect(second.next).toBe('more');
    expect(await ledger.read('t1', [messageOf('m2')], { nextCursor: 'a', after: second.call })).toMatchObject({
      next: 'shifted',
    });
    const again = await ledger.read('t1', [messageOf('m0')], { nextCursor: 'c' });
    expect(await ledger.read('t1', [messageOf('m0')], { nextCursor: 'd', after: again.call })).toMatchObject({
      next: 'shifted',
    });
    expect(await readWholeAt(ledger)).toBeNull();
  });

  it('that breaks on its second page was not read whole, and what its first page showed is kept [loss case 20]', async () => {
    const ledger = await ledgerWithThread();
    await ledger.read('t1', [messageOf('m0')], { nextCursor: 'a' });
    expect(await readWholeAt(ledger)).toBeNull();
    expect(await ledger.count('message')).toBe(1);
    expect(await dueAt(ledger)).toEqual(START);
  });
});
