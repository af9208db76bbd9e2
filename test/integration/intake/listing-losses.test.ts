import { describe, expect, it } from 'vitest';
import { readCoverage } from '../../../src/assurance/coverage.js';
import { dueThreads, noteThreadAbsent } from '../../../src/ledger/visits.js';
import { openWindow } from '../../../src/ledger/windows.js';
import { DAY, HOUR, MINUTE, START } from '../../support/clock.js';
import { incomingMessage } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { failure, ListedWorld, type ListRule } from '../../support/listed-world.js';
import { pollOnce } from '../../support/polling.js';

/** What listings lost in other systems (LOSS-CASES), against the rules of the polling window on a clock of our own. */

const ago = (ms: number): Date => new Date(START.getTime() - ms);

async function intake(): Promise<{ ledger: TestLedger; world: ListedWorld; poll: () => ReturnType<typeof pollOnce> }> {
  const ledger = await testLedger();
  await ledger.bind();
  const world = new ListedWorld(() => ledger.clock.now());
  return { ledger, world, poll: () => pollOnce(ledger, world) };
}

const heldIds = async ({ db }: TestLedger): Promise<string[]> =>
  (await db.$queryRaw<{ id: string }[]>`SELECT provider_thread_id AS id FROM thread ORDER BY 1`).map((row) => row.id);

const openAlarms = ({ db }: TestLedger) =>
  db.$queryRaw<{ subject: string; evidence: Record<string, string>; state: string }[]>`
    SELECT subject, evidence, state FROM alarm WHERE kind = 'listing_gap' AND state = 'open' ORDER BY subject`;

const frame = async ({ db, timing, clock }: TestLedger, at: Date = clock.now()) => {
  const [one] = await readCoverage(db, { source: 'dashboard', at, timing });
  if (!one) throw new Error('no coverage');
  return one;
};

/** Fails every page of listings that hold the instant and are wider than a width. */
const failing =
  (instant: Date, type: Parameters<typeof failure>[0], { page = 0, wider = 0 } = {}): ListRule =>
  ({ from, to, cursor }, answer) => {
    const isHit = from <= instant && instant < to && to.getTime() - from.getTime() > wider;
    if (isHit && Number(cursor ?? 0) >= page) throw failure(type);
    return answer();
  };

describe('a polling window', () => {
  it('reads a burst of ten pages to its end, not the newest page alone [loss case 5]', async () => {
    const { ledger, world, poll } = await intake();
    await poll();
    ledger.clock.advance(3 * HOUR);
    for (let index = 0; index < 950; index++) world.add(`burst ${index}`, new Date(START.getTime() + index * 10_000));
    await poll();
    expect(await heldIds(ledger)).toHaveLength(950);
  });

  it('finds what was created before its end and listed after it: the end of a window is no watermark [loss case 8]', async () => {
    const { ledger, world, poll } = await intake();
    await poll();
    for (let index = 0; index < 14; index++)
      world.add(`t${index}`, new Date(START.getTime() + index * 1_000), {
        listedFrom: new Date(START.getTime() + (index % 3 === 0 ? 90_000 : 0)),
      });
    ledger.clock.advance(MINUTE);
    await poll();
    expect((await heldIds(ledger)).length).toBeLessThan(14);
    ledger.clock.advance(MINUTE);
    await poll();
    expect(await heldIds(ledger)).toHaveLength(14);
  });

  it('whose page fails leaves the interval owed and says so, and the next one reads it [loss case 9]', async () => {
    const { ledger, world, poll } = await intake();
    for (let index = 0; index < 120; index++) world.add(`t${index}`, ago(index * HOUR));
    world.rule = failing(ago(HOUR), 'SourceTrouble', { page: 100 });
    const account = await poll();
    expect(account).toMatchObject({ outcome: 'open', gaps: [{ because: 'SourceTrouble' }] });
    expect(await openAlarms(ledger)).toMatchObject([{ evidence: { because: 'SourceTrouble' } }]);
    expect((await frame(ledger)).frame).toBe('unknown');
    world.rule = (_call, answer) => answer();
    ledger.clock.advance(MINUTE);
    expect(await poll()).toMatchObject({ outcome: 'balanced' });
    expect(await heldIds(ledger)).toHaveLength(120);
    expect(await openAlarms(ledger)).toEqual([]);
    expect((await frame(ledger)).frame).toBe('listed');
  });

  it('that does not run for a day is seen in the coverage, from the last listing on [loss case 10]', async () => {
    const { ledger, poll } = await intake();
    await poll();
    expect(await frame(ledger)).toMatchObject({ frame: 'listed', gaps: [] });
    ledger.clock.advance(DAY);
    const dead = await frame(ledger);
    expect(dead.frame).toBe('unknown');
    expect(dead.gaps).toEqual([
      {
        from: START.toISOString(),
        to: new Date(START.getTime() + DAY).toISOString(),
        since: null,
        because: 'no window has read it yet',
      },
    ]);
    expect((await frame(ledger, START)).frame).toBe('listed'); // as it was known then
  });

  it('refused with 429 in the middle of a listing keeps the older end owed [loss case 12]', async () => {
    const { ledger, world, poll } = await intake();
    await poll();
    for (let index = 0; index < 250; index++) world.add(`t${index}`, new Date(START.getTime() + index * 1_000));
    ledger.clock.advance(10 * MINUTE);
    world.rule = failing(START, 'SourceRateLimited', { page: 100 });
    await poll();
    expect(await heldIds(ledger)).toHaveLength(100); // the newest page came; nothing closed over the rest
    expect((await frame(ledger)).notReadAgain).toHaveLength(1);
    world.rule = (_call, answer) => answer();
    ledger.clock.advance(MINUTE);
    await poll();
    expect(await heldIds(ledger)).toHaveLength(250);
  });

  it('whose cursor expires reads the interval in halves and never goes on from now [loss case 15]', async () => {
    const { ledger, world, poll } = await intake();
    for (let index = 0; index < 1_200; index++) world.add(`t${index}`, ago((index + 1) * 7 * HOUR));
    world.rule = ({ from, to, cursor }, answer) => {
      if (cursor !== null && to.getTime() - from.getTime() > 8 * DAY) throw failure('CursorExpired');
      return answer();
    };
    world.pageSize = 25;
    expect(await poll()).toMatchObject({ outcome: 'balanced', gaps: [] });
    expect(await heldIds(ledger)).toHaveLength(1_200);
    expect((await frame(ledger)).gaps).toEqual([]);
  });

  it('that no longer shows archived threads keeps them and has them visited, and calls nothing gone [loss case 16]', async () => {
    const { ledger, world, poll } = await intake();
    for (let index = 0; index < 10; index++) world.add(`t${index}`, ago(130 * DAY + index * HOUR));
    await poll();
    const ids = await heldIds(ledger);
    for (const id of ids) await ledger.read(id, [incomingMessage(`m of ${id}`, { providerThreadId: id })]);
    for (const id of ids.slice(0, 4)) world.add(id, world.threads.get(id)?.createdAt ?? START, { isArchived: true });
    ledger.clock.advance(40 * DAY);
    await poll();
    expect(await heldIds(ledger)).toEqual(ids);
    expect(await ledger.db.$queryRaw`SELECT count(*)::int AS gone FROM thread WHERE gone_at IS NOT NULL`).toEqual([
      { gone: 0 },
    ]);
    const missing = await Promise.all(ids.slice(0, 4).map((id) => ledger.threadId(id)));
    const due = await dueThreads(ledger.db, 'dashboard', ledger.clock.now(), 100);
    expect(due).toEqual(expect.arrayContaining(missing));
    expect((await frame(ledger)).frame).toBe('listed');
  });

  it('finds a thread that the list shows hours after its creation, by reading the interval again [loss case 17]', async () => {
    const { ledger, world, poll } = await intake();
    world.add('late', ago(30 * MINUTE), { listedFrom: new Date(START.getTime() + 5 * HOUR) });
    await poll();
    for (let hour = 0; hour < 7; hour++) {
      ledger.clock.advance(HOUR);
      await poll();
    }
    expect(await heldIds(ledger)).toEqual(['late']);
  });

  it('finds a row that was committed under an instant which was read long ago, within a day in the look-back [loss case 18]', async () => {
    const { ledger, world, poll } = await intake();
    await poll();
    world.add('committed late', ago(10 * DAY));
    ledger.clock.advance(DAY);
    await poll();
    expect(await heldIds(ledger)).toEqual(['committed late']);
  });

  it('that is cut off keeps what it exhausted: the next one owes the rest alone [loss case 21]', async () => {
    const { ledger, world, poll } = await intake();
    const cutOff = new Error('the process was killed');
    world.rule = ({ to }, answer) => {
      if (to.getTime() < ago(100 * DAY).getTime()) throw cutOff;
      return answer();
    };
    await expect(poll()).rejects.toBe(cutOff);
    const next = await openWindow(ledger.db, {
      source: 'dashboard',
      runId: 'the next run',
      scheduledAt: START,
      now: START,
      timing: ledger.timing,
    });
    expect(next.owed.length).toBeGreaterThan(5);
    for (const { to } of next.owed) expect(Date.parse(to)).toBeLessThan(ago(80 * DAY).getTime());
  });

  it('names an interval that cannot be exhausted at the least width, and only that one [loss case 23]', async () => {
    const { ledger, world, poll } = await intake();
    for (let index = 0; index < 40; index++) world.add(`t${index}`, ago(index * 9 * DAY + HOUR));
    const poison = ago(40 * DAY);
    world.rule = failing(poison, 'CursorExpired');
    const { gaps } = await poll();
    expect(gaps).toHaveLength(1);
    const [alarm] = await openAlarms(ledger);
    expect(alarm?.evidence).toMatchObject({ because: 'CursorExpired', from: gaps[0]?.from, to: gaps[0]?.to });
    const { frame: read, gaps: missing } = await frame(ledger);
    expect(read).toBe('unknown');
    expect(missing).toEqual([
      { from: gaps[0]?.from, to: gaps[0]?.to, since: START.toISOString(), because: 'CursorExpired' },
    ]);
    expect(Date.parse(missing[0]?.to ?? '') - Date.parse(missing[0]?.from ?? '')).toBeLessThan(2 * DAY);
    ledger.clock.advance(MINUTE);
    expect((await poll()).gaps).toMatchObject([{ from: gaps[0]?.from, to: gaps[0]?.to }]); // owed until it is read
    expect(await openAlarms(ledger)).toHaveLength(1);
  });

  it('reads a list again that lost a row between its pages, and misses none behind it [loss case 25]', async () => {
    const { ledger, world, poll } = await intake();
    world.pageSize = 10;
    for (let index = 0; index < 35; index++)
      world.add(`t${String(index).padStart(2, '0')}`, ago(HOUR + index * MINUTE));
    let isDone = false;
    world.rule = ({ cursor }, answer) => {
      if (cursor === '20' && !isDone) {
        isDone = true;
        world.delete('t12'); // it stood on the second page: the third begins one row too late
      }
      return answer();
    };
    expect(await poll()).toMatchObject({ outcome: 'balanced' });
    expect(await heldIds(ledger)).toHaveLength(35);
    expect(await ledger.db.$queryRaw`SELECT pages, threads FROM listing WHERE threads > 0`).toEqual([
      { pages: 4, threads: 34 },
    ]);
  });

  it('finds everything after nine days without a connection [loss case 28]', async () => {
    const { ledger, world, poll } = await intake();
    await poll();
    for (let index = 0; index < 90; index++) world.add(`t${index}`, new Date(START.getTime() + index * 2.4 * HOUR));
    world.rule = () => {
      throw failure('SourceUnreachable');
    };
    for (let day = 0; day < 9; day++) {
      ledger.clock.advance(DAY);
      await poll();
    }
    expect(await heldIds(ledger)).toEqual([]);
    expect(await openAlarms(ledger)).not.toEqual([]);
    world.rule = (_call, answer) => answer();
    expect(await poll()).toMatchObject({ outcome: 'balanced' });
    expect(await heldIds(ledger)).toHaveLength(90);
    expect(await openAlarms(ledger)).toEqual([]);
  });

  it('has no most-recent limit: an outage of a day with a thousand threads is read whole, and was named meanwhile [loss case 29]', async () => {
    const { ledger, world, poll } = await intake();
    await poll();
    for (let index = 0; index < 1_000; index++) world.add(`t${index}`, new Date(START.getTime() + index * 80_000));
    ledger.clock.advance(DAY);
    expect(await frame(ledger)).toMatchObject({ frame: 'unknown', gaps: [{ from: START.toISOString() }] });
    await poll();
    expect(await heldIds(ledger)).toHaveLength(1_000);
    expect((await frame(ledger)).frame).toBe('listed');
  });

  it('with a page that can never be read stays open with that gap, however long, and reads all others [loss case 39]', async () => {
    const { ledger, world, poll } = await intake();
    const poison = ago(3 * DAY);
    world.add('behind the poison', poison);
    world.rule = failing(poison, 'SourceAnswerUnreadable');
    for (let day = 0; day < 8; day++) {
      world.add(`day ${day}`, new Date(ledger.clock.now().getTime() - HOUR));
      expect(await poll()).toMatchObject({ outcome: 'open' });
      ledger.clock.advance(DAY);
    }
    expect(await heldIds(ledger)).toEqual(expect.arrayContaining(['day 1', 'day 2', 'day 3', 'day 4']));
    const { gaps } = await frame(ledger);
    expect(gaps.some(({ from, to }) => Date.parse(from) <= poison.getTime() && poison.getTime() < Date.parse(to))).toBe(
      true,
    );
    world.rule = (_call, answer) => answer();
    expect(await poll()).toMatchObject({ outcome: 'balanced' });
    expect(await heldIds(ledger)).toContain('behind the poison');
  });
});

describe('an answer that looks good', () => {
  it('and is empty is asked for again before it counts, three times where nobody ever looked', async () => {
    const { ledger, world, poll } = await intake();
    const owed = await poll();
    expect(owed).toMatchObject({ outcome: 'balanced', newThreads: 0 });
    expect(world.calls).toBe(owed.listings * 3);
    const before = world.calls;
    ledger.clock.advance(MINUTE);
    await poll();
    expect(world.calls - before).toBe(1); // the listing of a minute ago agrees
  });

  it('and is empty by mistake, once or twice in a row, hides nothing', async () => {
    const { ledger, world, poll } = await intake();
    for (let index = 0; index < 30; index++) world.add(`t${index}`, ago(index * DAY + HOUR));
    world.rule = ({ number }, answer) => (number % 5 < 2 ? { ...answer(), items: [], nextCursor: null } : answer());
    await poll();
    expect(await heldIds(ledger)).toHaveLength(30);
  });

  it('and lacks everything that we hold never counts by itself; the threads are visited, and only that settles it', async () => {
    const { ledger, world, poll } = await intake();
    for (let index = 0; index < 5; index++) world.add(`t${index}`, ago(20 * DAY + index * HOUR));
    await poll();
    for (const id of await heldIds(ledger))
      await ledger.read(id, [incomingMessage(`m of ${id}`, { providerThreadId: id })]);
    world.threads.clear();
    ledger.clock.advance(3 * DAY);
    const account = await poll();
    expect(account).toMatchObject({ outcome: 'open' });
    expect(account.gaps.map((gap) => gap.because)).toContain('ListingContradicted');
    expect(await openAlarms(ledger)).toEqual([]); // once is no alarm: mostly they were deleted
    expect(await ledger.db.$queryRaw`SELECT count(*)::int AS gone FROM thread WHERE gone_at IS NOT NULL`).toEqual([
      { gone: 0 },
    ]);
    const due = await dueThreads(ledger.db, 'dashboard', ledger.clock.now(), 100);
    expect(due).toHaveLength(5);
    ledger.clock.advance(MINUTE);
    await poll();
    expect(await openAlarms(ledger)).toMatchObject([{ evidence: { because: 'ListingContradicted' } }]);
    for (let look = 0; look < 2; look++) {
      const now = ledger.clock.advance(MINUTE);
      for (const threadId of due)
        await noteThreadAbsent(ledger.db, { threadId, begunAt: now, now, timing: ledger.timing });
    }
    expect(await poll()).toMatchObject({ outcome: 'balanced' });
    expect(await openAlarms(ledger)).toEqual([]);
  });

  it('and lacks one thread is asked for again; when it stays away the thread is visited at once', async () => {
    const { ledger, world, poll } = await intake();
    for (let index = 0; index < 5; index++) world.add(`t${index}`, ago(20 * DAY + index * HOUR));
    await poll();
    for (const id of await heldIds(ledger))
      await ledger.read(id, [incomingMessage(`m of ${id}`, { providerThreadId: id })]);
    world.delete('t2');
    ledger.clock.advance(3 * DAY);
    expect(await poll()).toMatchObject({ outcome: 'balanced' });
    const confirmed = await ledger.db
      .$queryRaw`SELECT threads FROM listing WHERE confirmed_by IS NOT NULL AND threads = 4`;
    expect(confirmed).toHaveLength(1);
    expect(await dueThreads(ledger.db, 'dashboard', ledger.clock.now(), 100)).toContain(await ledger.threadId('t2'));
  });

  it('and whose cursor runs in a circle is left after three readings and named', async () => {
    const { ledger, world, poll } = await intake();
    for (let index = 0; index < 6; index++) world.add(`t${index}`, ago(HOUR + index * MINUTE));
    world.rule = ({ to, cursor }, answer) => {
      if (to < START) return answer();
      const page = answer();
      return { ...page, items: page.items.slice(cursor === null ? 0 : 3), nextCursor: 'round' };
    };
    const account = await poll();
    expect(account.gaps).toMatchObject([{ to: START.toISOString(), because: 'ListingUnstable' }]);
    expect(world.calls).toBeLessThan(200);
    expect(await heldIds(ledger)).toHaveLength(6);
  });
});
