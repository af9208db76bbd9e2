import { describe, expect, it } from 'vitest';
import { urgencyOf } from '../../../src/domain/schedule/urgency.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';
import { holdPacer } from '../../../src/ledger/pacers.js';
import { planVisits } from '../../../src/ledger/plan-visits.js';
import { readStoredPlans } from '../../../src/ledger/visit-plans.js';
import { dueThreads } from '../../../src/ledger/visits.js';
import { DAY, HOUR, iso, MINUTE, START } from '../../support/clock.js';
import { incomingMessage, incomingThread, outgoingMessage } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

const T = DEFAULT_TIMING;
const at = (ms: number) => new Date(START.getTime() + ms);

/** Threads `t0`, `t1`, ... whose last message is so many days old, each read whole. */
async function ledgerOf(silentDays: readonly number[], ratePerSecond = 10): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind({ ratePerSecond });
  await ledger.list(silentDays.map((days, index) => incomingThread(`t${index}`, { createdAt: iso(-days * DAY) })));
  for (const [index, days] of silentDays.entries())
    await ledger.read(`t${index}`, [incomingMessage(`m${index}`, { originAt: iso(-days * DAY) })]);
  return ledger;
}
const plan = (ledger: TestLedger) =>
  planVisits(ledger.db, { source: 'dashboard', now: ledger.clock.now(), timing: ledger.timing });
const exposures = ({ db }: TestLedger) =>
  db.$queryRaw<{ class: string; minutes: number; replies: number; hinted: number; visits: number; calls: number }[]>`
    SELECT class, sum(minutes) AS minutes, sum(replies)::int AS replies, sum(hinted)::int AS hinted, sum(visits)::int AS visits,
           sum(calls)::int AS calls FROM visit_exposure GROUP BY class ORDER BY class`;
const alarms = ({ db }: TestLedger) =>
  db.$queryRaw<{ state: string; evidence: Record<string, number> }[]>`SELECT state, evidence FROM alarm`;
const setDue = ({ db }: TestLedger, thread: string, dueAt: Date, rank = 0, share = 0) =>
  db.$executeRaw`UPDATE thread_due SET due_at = ${dueAt}, gap_rank = ${rank}::smallint, promised_share = ${share}
                 WHERE thread_id = (SELECT id FROM thread WHERE provider_thread_id = ${thread})`;

describe('what visits teach', () => {
  it('is written with the visit: the watched silence, and the message that ended it', async () => {
    const ledger = await ledgerOf([10]);
    expect(await exposures(ledger)).toEqual([]);
    ledger.clock.advance(DAY);
    await ledger.read('t0', [incomingMessage('m0')]);
    expect(await exposures(ledger)).toEqual([
      { class: 'awaiting_us', minutes: 1_440, replies: 0, hinted: 0, visits: 1, calls: 1 },
    ]);
    ledger.clock.advance(DAY);
    await ledger.read('t0', [outgoingMessage('m1'), incomingMessage('m0')]);
    ledger.clock.advance(HOUR);
    await ledger.read('t0', [outgoingMessage('m1'), incomingMessage('m0')]);
    expect(await exposures(ledger)).toEqual([
      { class: 'answered', minutes: 60, replies: 0, hinted: 0, visits: 1, calls: 1 },
      { class: 'awaiting_us', minutes: 2_160, replies: 1, hinted: 0, visits: 2, calls: 2 },
    ]);
  });

  it('leaves out what a backfill or an audit saw first, because nobody knows when that arrived', async () => {
    for (const firstSeenBy of ['backfill', 'audit'] as const) {
      const ledger = await ledgerOf([10]);
      ledger.clock.advance(DAY);
      await ledger.read('t0', [incomingMessage('m1'), incomingMessage('m0')], { firstSeenBy });
      expect(await exposures(ledger)).toEqual([]);
    }
  });

  it('a hinted message counts as hinted and not as one that visits have to look for', async () => {
    const ledger = await ledgerOf([10]);
    ledger.clock.advance(DAY);
    await ledger.read('t0', [incomingMessage('m1'), incomingMessage('m0')], { firstSeenBy: 'webhook' });
    expect(await exposures(ledger)).toMatchObject([{ replies: 0, hinted: 1 }]);
  });

  it('keeps with each message when its thread was last read without it', async () => {
    const ledger = await ledgerOf([10]);
    ledger.clock.advance(DAY);
    await ledger.read('t0', [incomingMessage('m1'), incomingMessage('m0')]);
    expect(await ledger.db.$queryRaw`SELECT absent_at AS at FROM message ORDER BY provider_message_id`).toEqual([
      { at: null },
      { at: START },
    ]);
  });
});

describe('the plan of a source', () => {
  it('is solved for its threads, kept for its period, and says that the guarantee fits', async () => {
    const ledger = await ledgerOf([1, 10, 100]);
    const first = await plan(ledger);
    expect(first).toMatchObject({ threads: 3, share: T.visitSilenceShare, statedShare: T.visitSilenceShare });
    expect(first.predictedPerSecond).toBeGreaterThanOrEqual(first.neededPerSecond * 0.99);
    ledger.clock.advance(T.visitPlanEveryMs - 1);
    expect((await plan(ledger)).plannedAt).toEqual(START);
    ledger.clock.advance(1);
    expect((await plan(ledger)).plannedAt).toEqual(ledger.clock.now());
    expect(await readStoredPlans(ledger.db)).toHaveLength(1);
    expect(await alarms(ledger)).toEqual([]);
  });

  it('is made anew at once where the one before knew of no thread', async () => {
    const ledger = await testLedger();
    await ledger.bind();
    expect(await plan(ledger)).toMatchObject({ threads: 0, share: T.visitSilenceShare });
    await ledger.list([incomingThread('t0')]);
    expect(await plan(ledger)).toMatchObject({ threads: 1 });
  });

  it('visits a class more often in which an audit missed something', async () => {
    const ledger = await ledgerOf([10]);
    const [due] = await ledger.db.$queryRaw<{ at: Date }[]>`SELECT due_at AS at FROM thread_due`;
    await ledger.db.$executeRaw`INSERT INTO audit_tightening (source, class, factor, since, audit_id)
      VALUES ('dashboard', 'awaiting_us', 0.5, ${START}, ${await ledger.threadId('t0')}::uuid)`;
    await plan(ledger);
    await ledger.read('t0', [incomingMessage('m0')]);
    const [tightened] = await ledger.db.$queryRaw<{ at: Date }[]>`SELECT due_at AS at FROM thread_due`;
    expect(tightened?.at.getTime()).toBeLessThan(at(0.9 * ((due?.at.getTime() ?? 0) - START.getTime())).getTime());
  });

  it('is followed by the visits after it', async () => {
    const ledger = await ledgerOf([10]);
    await plan(ledger);
    const factors = JSON.stringify({ awaiting_us: Array<number>(20).fill(0.25) });
    await ledger.db.$executeRaw`UPDATE visit_plan SET factors = ${factors}::jsonb`;
    await ledger.read('t0', [incomingMessage('m0')]);
    const [due] = await ledger.db.$queryRaw<{ at: Date }[]>`SELECT due_at AS at FROM thread_due`;
    expect(due?.at.getTime()).toBeLessThan(at(6 * HOUR).getTime());
  });

  it('stretches the guarantee equally where the rate cannot carry it, alarms, and names the rate that would', async () => {
    const ledger = await ledgerOf([1, 2, 3, 4, 5, 6], 1e-5);
    ledger.clock.advance(2 * HOUR); // the listing is no longer measured
    const stretched = await plan(ledger);
    expect(stretched.share).toBeGreaterThan(T.visitSilenceShare);
    expect(stretched.predictedPerSecond).toBeLessThanOrEqual(stretched.budgetPerSecond * 1.001);
    const [alarm] = await alarms(ledger);
    expect(alarm).toMatchObject({ state: 'open', evidence: { threads: 6, wantedShare: T.visitSilenceShare } });
    const rate = alarm?.evidence['rateThatRestoresIt'] ?? 0;
    await ledger.db.$executeRaw`UPDATE source SET rate_per_second = ${rate * 1.01}`;
    await ledger.db.$executeRaw`DELETE FROM visit_plan`;
    expect((await plan(ledger)).share).toBe(T.visitSilenceShare);
    expect(await alarms(ledger)).toMatchObject([{ state: 'quenched' }]);
  });

  it('states the largest share that is still promised, and brings forward what the tighter one does not allow', async () => {
    const ledger = await ledgerOf([10, 10]);
    await setDue(ledger, 't0', at(9 * DAY), 9, 1);
    expect(await plan(ledger)).toMatchObject({ share: T.visitSilenceShare, statedShare: 1 });
    const due = await ledger.db.$queryRaw<{ at: Date; share: number }[]>`
      SELECT due_at AS at, promised_share AS share FROM thread_due ORDER BY promised_share DESC`;
    expect(due[0]?.share).toBe(1);
    expect(due[0]?.at.getTime()).toBeCloseTo(at(0.97 * T.visitSilenceShare * 10 * DAY).getTime(), -2);
    expect(due[1]?.at.getTime()).toBeLessThan(due[0]?.at.getTime() ?? 0);
    expect(await alarms(ledger)).toMatchObject([{ state: 'open' }]);
  });

  it('does not plan for a short dip of the rate, and follows one that lasts', async () => {
    const ledger = await ledgerOf([1, 10, 100]);
    const { db, clock } = ledger;
    clock.advance(2 * HOUR);
    await db.$executeRaw`
      INSERT INTO provider_call (opened_at, finished_at, source, operation, parameters, round_id, reading_id, page, attempt, rows)
      SELECT ${clock.now()}::timestamptz - n * interval '10 minutes', ${clock.now()}, 'dashboard', 'listMessages', '{}', uuidv7(), uuidv7(), 0, 1, 0
      FROM generate_series(1, 4) AS n`;
    await db.transaction((tx) => holdPacer(tx, 'dashboard', clock.now()));
    await db.$executeRaw`UPDATE pacer SET rate = 1e-7`;
    expect(await plan(ledger)).toMatchObject({ share: T.visitSilenceShare });
    clock.advance(2 * HOUR);
    expect((await plan(ledger)).share).toBeGreaterThan(1);
  });

  it('leaves the calls of listings and replies out of the budget of visits', async () => {
    const ledger = await ledgerOf([10]);
    const { otherPerSecond, budgetPerSecond } = await plan(ledger);
    expect(otherPerSecond).toBeGreaterThan(0);
    expect(budgetPerSecond).toBeCloseTo(0.8 * (10 - otherPerSecond), 9);
  });
});

describe('due threads', () => {
  it('come most urgent first, as the rule says, and only those that are due', async () => {
    const ledger = await ledgerOf([1, 1, 1, 1, 1, 1]);
    const rows = [
      { overdue: MINUTE, rank: 0 },
      { overdue: 2 * HOUR, rank: 5 },
      { overdue: 40 * DAY, rank: 12 },
      { overdue: HOUR, rank: 2 },
      { overdue: 0, rank: 0 },
    ];
    for (const [index, { overdue, rank }] of rows.entries()) await setDue(ledger, `t${index}`, at(-overdue), rank);
    await setDue(ledger, 't5', at(1));
    const order = rows
      .map((row, index) => ({ name: `t${index}`, urgency: urgencyOf(row.overdue, row.rank, T) }))
      .sort((one, other) => other.urgency - one.urgency)
      .map(({ name }) => name);
    const names = new Map(await Promise.all(order.map(async (name) => [await ledger.threadId(name), name] as const)));
    const due = await dueThreads(ledger.db, 'dashboard', START, 10);
    expect(due.map((id) => names.get(id))).toEqual(order);
    expect(await dueThreads(ledger.db, 'dashboard', START, 2)).toEqual(due.slice(0, 2));
  });

  it('none starves while fresh ones keep coming: the oldest is taken in the end', async () => {
    const ledger = await ledgerOf([300, 1]);
    await setDue(ledger, 't0', START, 12);
    const t0 = await ledger.threadId('t0');
    let rounds = 0;
    for (let first = ''; first !== t0; rounds++) {
      const now = ledger.clock.advance(10 * DAY);
      await setDue(ledger, 't1', new Date(now.getTime() - HOUR), 0); // always one that is an hour overdue
      [first = ''] = await dueThreads(ledger.db, 'dashboard', now, 1);
    }
    expect(rounds).toBeLessThan(30);
  });
});

describe('a reply on an old thread', () => {
  it('is found without any list that shows activity, however old the thread is [loss case 13]', async () => {
    const ledger = await ledgerOf([300, 1]);
    for (;;) {
      const [due] = await ledger.db.$queryRaw<{ at: Date }[]>`
        SELECT due_at AS at FROM thread_due WHERE thread_id = ${await ledger.threadId('t0')}::uuid`;
      const next = due?.at.getTime() ?? 0;
      ledger.clock.advance(next - ledger.clock.now().getTime());
      expect(await dueThreads(ledger.db, 'dashboard', ledger.clock.now(), 10)).toContain(await ledger.threadId('t0'));
      if (next >= at(20 * DAY).getTime()) break;
      await ledger.read('t0', [incomingMessage('m0')]);
    }
    await ledger.read('t0', [incomingMessage('reply', { originAt: iso(20 * DAY) }), incomingMessage('m0')]);
    const late = ledger.clock.now().getTime() - at(20 * DAY).getTime();
    expect(late).toBeLessThanOrEqual(T.visitSilenceShare * 320 * DAY);
    expect(await ledger.message('reply')).toMatchObject({ reason: 'observed_only' });
  });

  it('does not move the progress of any other thread or source: each has its own [loss case 19] [loss case 41]', async () => {
    const ledger = await ledgerOf([10, 20]);
    await ledger.bind({ name: 'second', origin: 'http://second.example.com' });
    await ledger.list([incomingThread('t0', { createdAt: iso(-30 * DAY) })], { source: 'second' });
    const dues = () =>
      ledger.db.$queryRaw`SELECT source, thread_id, due_at FROM thread_due
                          WHERE thread_id <> (SELECT id FROM thread WHERE source = 'dashboard' AND provider_thread_id = 't0')
                          ORDER BY source, thread_id`;
    const before = await dues();
    ledger.clock.advance(DAY);
    await ledger.read('t0', [incomingMessage('late', { originAt: iso(DAY) }), incomingMessage('m0')]);
    expect(await dues()).toEqual(before);
  });
});
