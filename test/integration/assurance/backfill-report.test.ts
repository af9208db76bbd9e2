import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { figuresBefore } from '../../../src/assurance/backfill/before.js';
import { boundOf } from '../../../src/assurance/backfill/bound.js';
import { estimateBackfill } from '../../../src/assurance/backfill/estimate.js';
import { backfillHtml } from '../../../src/assurance/backfill/html.js';
import { reportBackfill } from '../../../src/assurance/backfill/report.js';
import { backfillEstimate, backfillTables } from '../../../src/cli/backfill-tables.js';
import { COURTEOUS_PACE } from '../../../src/domain/backfill.js';
import { openCall } from '../../../src/ledger/calls.js';
import { fillBackfill, monthOf, type Walk, type WalkedMessage, type WalkedThread } from '../../support/backfilled.js';
import { DAY, HOUR, START } from '../../support/clock.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { cleanEnvironment } from '../../support/worker-process.js';

const YEAR = 365 * DAY;

const thread = (
  id: string,
  createdAgo: number,
  messages: WalkedMessage[],
  more: Partial<WalkedThread> = {},
): WalkedThread => ({
  id,
  createdAgo,
  state: 'read',
  known: true,
  messages,
  ...more,
});

/** Three months: first messages are ours, late replies were missed; one thread was never known, one is gone. */
const naiveYear = (): Walk => ({
  fromAgo: YEAR,
  listings: [{ fromAgo: YEAR, toAgo: 0 }],
  threads: [
    thread('t1', 100 * DAY, [
      { id: 'm1', writtenAgo: 100 * DAY - HOUR, was: 'ours' },
      { id: 'm2', writtenAgo: 99.5 * DAY, was: 'ours', outbound: true },
      { id: 'm3', writtenAgo: 80 * DAY, was: 'not_revisited' },
      { id: 'm4', writtenAgo: 80 * DAY - 2 * HOUR, was: 'not_revisited', route: 'bulk_mail' },
      { id: 'm5', writtenAgo: 40 * DAY, was: 'not_revisited', outbound: true },
    ]),
    thread('t2', 50 * DAY, [
      { id: 'm6', writtenAgo: 50 * DAY - HOUR, was: 'ours' },
      { id: 'm7', writtenAgo: 48 * DAY, was: 'undecidable' },
    ]),
    thread('t3', 20 * DAY, [{ id: 'm8', writtenAgo: 20 * DAY - 1, was: 'never_asked_for', route: 'form' }], {
      known: false,
    }),
    thread('t4', 10 * DAY, [], { state: 'gone', calls: 2 }),
    thread('t5', 9 * DAY, [], { calls: 2 }),
  ],
});

const messagesOf = ({ threads }: Walk): (WalkedMessage & { createdAgo: number })[] =>
  threads
    .filter((one) => one.state === 'read')
    .flatMap((one) => one.messages.map((m) => ({ ...m, createdAgo: one.createdAgo })));

async function reported(walk: Walk) {
  const ledger = await testLedger();
  await ledger.bind();
  const id = await fillBackfill(ledger, walk);
  const report = await reportBackfill(ledger.db, id, ledger.clock.now());
  return { ledger, id, report };
}

describe('the report of a backfill', () => {
  it('counts what the provider holds, what was ours and what had been missed, by month', async () => {
    const walk = naiveYear();
    const { report } = await reported(walk);
    const all = messagesOf(walk);
    const ours = all.filter((one) => one.was === 'ours');
    expect(report.messages).toEqual({ shown: 8, known: 3, missed: 5, after: 8, parked: 0 });
    expect(report.inbound).toEqual({ shown: 6, known: 2, missed: 4 });
    for (const { month, shown, known, missed, after } of report.months) {
      const of = (list: typeof all) => list.filter((one) => monthOf(one.writtenAgo) === month).length;
      expect({ month, shown, known, missed, after }).toEqual({
        month,
        shown: of(all),
        known: of(ours),
        missed: of(all) - of(ours),
        after: of(all),
      });
    }
    expect(report.months.map((row) => row.month)).toEqual(
      [...new Set(all.map((one) => monthOf(one.writtenAgo)))].sort(),
    );
    expect(report.threads).toEqual({ listed: 5, known: 4, held: 5, read: 4, gone: 1, unread: 0, open: 0 });
    expect(report.multiplier).toBe(8 / 3);
    expect(report.coverage).toEqual({
      messages: { before: { state: 'exact', share: 3 / 8 }, after: { state: 'exact', share: 1 } },
      inbound: { before: { state: 'exact', share: 2 / 6 }, after: { state: 'exact', share: 1 } },
      threads: { before: { state: 'exact', share: 4 / 5 }, after: { state: 'exact', share: 1 } },
    });
    expect(report.whole && report.finished).toBe(true);
  });

  it('tells them by cause, age of the thread, route and days, beside what was ours', async () => {
    const { report } = await reported(naiveYear());
    expect(report.found.causes.map(({ cause, found, inbound }) => [cause, found, inbound])).toEqual([
      ['not_revisited', 3, 2],
      ['never_asked_for', 1, 1],
      ['undecidable', 1, 1],
    ]);
    const ages = report.found.ages.filter((one) => one.found + one.ours > 0);
    expect(ages.map(({ age, found, ours }) => [age, found, ours])).toEqual([
      ['under_1_day', 1, 3],
      ['days_1_to_7', 1, 0],
      ['days_16_to_30', 2, 0],
      ['days_31_to_90', 1, 0],
    ]);
    // The source only observes: of what is held nobody ever decided the way, so a share by route is a range.
    expect(report.found.routes.map(({ route, found, ours, missedShare }) => [route, found, ours, missedShare])).toEqual(
      [
        ['email', 2, 0, { least: 2 / 4, most: 1 }],
        ['bulk_mail', 1, 0, { least: 1 / 3, most: 1 }],
        ['form', 1, 0, { least: 1 / 3, most: 1 }],
        ['outbound', 1, 1, { least: 1 / 2, most: 1 / 2 }],
      ],
    );
    const dayOf = (ago: number) => new Date(START.getTime() - ago).toISOString().slice(0, 10);
    expect(report.gaps.days.find((run) => run.missed === 2)).toMatchObject({ ours: 0, from: dayOf(80 * DAY) });
    expect(report.gaps.days.reduce((sum, run) => sum + run.missed, 0)).toBe(5);
    expect(report.found).toMatchObject({ all: 5, beside: 0 });
  });

  it('of a run that only compares leaves the coverage as it was', async () => {
    const { ledger, id, report } = await reported({ ...naiveYear(), mode: 'report' });
    expect(report.messages).toMatchObject({ shown: 8, known: 3, missed: 5, after: 3 });
    expect(report.coverage.messages).toEqual({
      before: { state: 'exact', share: 3 / 8 },
      after: { state: 'exact', share: 3 / 8 },
    });
    expect(report.coverage.threads.after).toEqual({ state: 'exact', share: 4 / 5 });
    expect(report.samples.find((one) => one.cause === 'undecidable')).toMatchObject({
      messageId: null,
      trace: 'waybill trace m7',
    });
    // What live visits take in later is no part of what was ours.
    await ledger.read('t2', []);
    const found = await reportBackfill(ledger.db, id, ledger.clock.now());
    expect(found.found.ages).toEqual(report.found.ages);
  });

  it('claims no point where an interval was not listed or a thread not read', async () => {
    const walk = naiveYear();
    const [first, ...others] = walk.threads;
    if (!first) throw new Error('no thread');
    const unread: Walk = { ...walk, threads: [{ ...first, state: 'unread' }, ...others] };
    const { report } = await reported(unread);
    // t1 holds m1 and m2 of ours, and what else it holds is not known: at most (1 + 2) of (3 + 2).
    expect(report.messages).toMatchObject({ shown: 3, known: 1 });
    expect(report.coverage.messages).toEqual({
      before: { state: 'at_most', share: 3 / 5 },
      after: { state: 'unknown', share: null },
    });
    expect(report.coverage.threads.before.state).toBe('exact');
    expect(report.found).toMatchObject({ all: 5, beside: 3 });
    expect(report.marks.join(' ')).toContain('1 thread could not be read whole');

    const cut = await reported({
      ...walk,
      listings: [
        { fromAgo: YEAR, toAgo: DAY },
        { fromAgo: DAY, toAgo: 0, because: 'SourceTrouble' },
      ],
    });
    expect(cut.report.whole).toBe(false);
    expect(cut.report.gaps).toMatchObject({ unlistedMs: DAY, aheadMs: 0, unlisted: [{ because: 'SourceTrouble' }] });
    expect(cut.report.coverage.messages.before).toEqual({ state: 'at_most', share: 3 / 8 });
    expect(cut.report.coverage.messages.after).toEqual({ state: 'unknown', share: null });
  });

  it('of an unfinished run says so, and how much is ahead', async () => {
    const { report } = await reported({
      ...naiveYear(),
      state: 'running',
      listings: [{ fromAgo: 200 * DAY, toAgo: 0 }],
    });
    expect(report.finished).toBe(false);
    expect(report.gaps.aheadMs).toBe(YEAR - 200 * DAY);
    expect(report.marks[0]).toContain('unfinished run');
  });

  it('measures automatic answers by what the provider shows, not by what came here', async () => {
    const walk = naiveYear();
    const ledger = await testLedger();
    await ledger.bind();
    const id = await fillBackfill(ledger, walk);
    await ledger.db.$executeRaw`
      UPDATE message SET disposition = 'answered', reason = 'accepted', ended_at = ${START} WHERE provider_message_id = 'm1'`;
    const { automation } = await reportBackfill(ledger.db, id, ledger.clock.now());
    expect(automation).toEqual({
      answered: 1,
      claimed: 1 / 2,
      truth: { state: 'exact', share: 1 / 6 },
      answeredNow: 1,
      now: { state: 'exact', share: 1 / 6 },
    });
  });

  it('keeps to figures that were kept right before the first call', async () => {
    const walk = naiveYear();
    const { ledger, id } = await reported(walk);
    const from = new Date(START.getTime() - YEAR);
    const before = {
      from: from.toISOString(),
      to: START.toISOString(),
      threads: 4,
      messages: 3,
      inbound: 2,
      answered: 2,
      listedShare: 0.5,
    };
    await ledger.db.$executeRaw`UPDATE backfill SET before = ${JSON.stringify(before)}::jsonb WHERE id = ${id}::uuid`;
    const report = await reportBackfill(ledger.db, id, ledger.clock.now());
    expect(report.automation).toMatchObject({ answered: 2, claimed: 1 });
    expect(report.listed.before).toBe(0.5);
  });

  it('adds up: months to totals, whatever threads showed', async () => {
    const ledger = await testLedger();
    await ledger.bind();
    const message = fc.record({
      writtenAgo: fc.integer({ min: 0, max: 400 }),
      outbound: fc.boolean(),
      isOurs: fc.boolean(),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(message, { maxLength: 6 }), { maxLength: 5 }), async (threads) => {
        run += 1;
        const walk: Walk = {
          mode: 'report',
          fromAgo: 400 * DAY,
          listings: [],
          threads: threads.map((messages, t) =>
            thread(
              `t${run}-${t}`,
              400 * DAY,
              messages.map((one, m) => ({
                id: `m${run}-${t}-${m}`,
                writtenAgo: one.writtenAgo * DAY,
                outbound: one.outbound,
                was: one.isOurs ? 'ours' : 'undecidable',
              })),
              { known: false },
            ),
          ),
        };
        const id = await fillBackfill(ledger, walk);
        const report = await reportBackfill(ledger.db, id, ledger.clock.now());
        const sum = (of: (row: (typeof report.months)[number]) => number) =>
          report.months.reduce((total, row) => total + of(row), 0);
        const all = messagesOf(walk);
        expect(sum((row) => row.shown)).toBe(all.length);
        expect(report.messages).toMatchObject({
          shown: all.length,
          missed: sum((row) => row.missed),
          known: sum((row) => row.known),
        });
        expect(report.inbound.shown).toBe(all.filter((one) => !one.outbound).length);
        expect(sum((row) => row.missedInbound)).toBe(report.inbound.missed);
        expect(report.found.causes.reduce((total, one) => total + one.found, 0)).toBe(report.messages.missed);
        expect(report.found.ages.reduce((total, one) => total + one.found, 0)).toBe(report.messages.missed);
        expect(report.found.routes.reduce((total, one) => total + one.found, 0)).toBe(report.messages.missed);
      }),
      { numRuns: 15 },
    );
  });
});

describe('the bound of a backfill', () => {
  const timing = { coveringWidthMs: DAY, listingMinGapMs: 15 * 60_000, safeFrontierMs: 60_000 };

  it('counts pages of full size with the readings that confirm', async () => {
    const messages = (count: number, name: string): WalkedMessage[] =>
      Array.from({ length: count }, (_, index) => ({ id: `${name}-${index}`, writtenAgo: DAY, was: 'undecidable' }));
    const walk: Walk = {
      mode: 'report',
      fromAgo: 30 * DAY,
      listings: [
        { fromAgo: 30 * DAY, toAgo: 20 * DAY }, // nothing in it, and nobody ever looked: three times empty
        { fromAgo: 20 * DAY, toAgo: 10 * DAY }, // 101 threads: two pages, the first once more
        { fromAgo: 10 * DAY, toAgo: 0.5 * DAY }, // three threads: one page
        { fromAgo: 0.5 * DAY, toAgo: 0 }, // narrower than what covers: one page, whatever it shows
      ],
      threads: [
        ...Array.from({ length: 101 }, (_, index) =>
          thread(`full-${index}`, 15 * DAY, messages(1, `full-${index}`), { known: false }),
        ),
        thread('long', 5 * DAY, messages(26, 'long'), { known: false }), // two pages and one that confirms
        thread('empty', 5 * DAY, [], { known: false }), // one page, given twice
        thread('gone', 5 * DAY, [], { known: false, state: 'gone', calls: 1 }),
      ],
    };
    const ledger = await testLedger();
    await ledger.bind();
    const id = await fillBackfill(ledger, walk);
    const bound = await boundOf(ledger.db, { backfillId: id, source: 'dashboard', timing });
    expect(bound).toEqual({ listPages: 3 + 3 + 1 + 1, messagePages: 101 + 3 + 2 + 1, all: 8 + 107 });
  });

  it('believes an empty interval sooner where a listing was there before', async () => {
    const ledger = await testLedger();
    await ledger.bind();
    await ledger.list([], { from: new Date(START.getTime() - 40 * DAY), to: START });
    ledger.clock.advance(HOUR);
    const id = await fillBackfill(ledger, {
      fromAgo: 30 * DAY,
      listings: [{ fromAgo: 30 * DAY, toAgo: DAY }],
      threads: [],
    });
    expect(await boundOf(ledger.db, { backfillId: id, source: 'dashboard', timing })).toMatchObject({ listPages: 2 });
  });

  it('stands beside what was used, failed calls and confirming pages told apart', async () => {
    const { ledger, id } = await reported(naiveYear());
    const call = async (operation: 'listThreads' | 'listMessages', more: object, failure: string | null = null) => {
      const { id: callId } = await openCall(ledger.db, {
        source: 'dashboard',
        operation,
        parameters: { backfill: id, ...more },
        readingId: null,
        page: 0,
        attempt: 1,
        now: ledger.clock.now(),
      });
      await ledger.db.$executeRaw`
        UPDATE provider_call SET finished_at = ${ledger.clock.now()}, failure = ${failure} WHERE id = ${callId}::uuid`;
    };
    await call('listThreads', {});
    await call('listMessages', {});
    await call('listMessages', {}, 'SourceRateLimited');
    await call('listMessages', { purpose: 'confirm' });
    await call('listMessages', { backfill: 'another' });
    const { calls } = await reportBackfill(ledger.db, id, ledger.clock.now());
    expect(calls).toMatchObject({
      listPages: 1,
      messagePages: 3,
      confirming: 1,
      failed: 1,
      refused: 1,
      all: 4,
      tookMs: 100_000,
    });
    expect(calls.bound).toEqual({ listPages: 1, messagePages: 1 + 1 + 1 + 2 + 2, all: 8 });
    expect(calls.ratio.all).toBe(4 / 8);
    expect(calls.perSecond).toBe(4 / 100);
    expect(calls.budgetShare).toBe(4 / 1_000);
  });
});

describe('what stands beside a backfill', () => {
  it('is what was held of an interval, then and now', async () => {
    const { ledger } = await reported(naiveYear());
    const interval = { source: 'dashboard', from: new Date(START.getTime() - YEAR), to: START };
    expect(await figuresBefore(ledger.db, { ...interval, at: new Date(START.getTime() + 1_000) })).toMatchObject({
      threads: 4,
      messages: 3,
      inbound: 2,
    });
    expect(await figuresBefore(ledger.db, interval)).toMatchObject({
      threads: 5,
      messages: 8,
      inbound: 6,
      answered: 0,
    });
  });

  it('is an estimate before anything is called', async () => {
    const { ledger } = await reported(naiveYear());
    const estimate = await estimateBackfill(ledger.db, {
      source: 'dashboard',
      from: new Date(START.getTime() - YEAR),
      to: START,
      pace: COURTEOUS_PACE,
      now: ledger.clock.now(),
    });
    expect(estimate.threads).toEqual({ least: 5, most: null });
    expect(estimate.messagePages.least).toBe(5);
    expect(estimate.calls.least).toBe(5 + Math.ceil(365 / 30));
    expect(backfillEstimate(estimate)).toContain('at least 18; nothing bounds it from above');
  });
});

describe('the page and the tables', () => {
  it('hold every number of the report, within 80 columns, and nothing that is fetched or run', async () => {
    const walk = naiveYear();
    walk.threads.push(
      thread('<b>&\u001b[31m', 3 * DAY, [{ id: `<script>'$(x)`, writtenAgo: 2 * DAY, was: 'overlooked' }], {
        known: false,
      }),
    );
    const { report } = await reported({ ...walk, mode: 'report' });
    const html = backfillHtml(report);
    expect(html).not.toMatch(/<script|<link|<img|@import|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
    for (const { month } of report.months) expect(html).toContain(`<th scope="row">${month}</th>`);
    const text = backfillTables(report);
    expect(text).not.toContain('\u001b[31m');
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(text).toContain(`waybill trace '<script>'\\''$(x)'`);
  });

  it('say of a backfill that has found nothing yet that there is nothing', async () => {
    const { report } = await reported({ state: 'running', fromAgo: DAY, listings: [], threads: [] });
    expect(report).toMatchObject({ multiplier: null, months: [] });
    expect(report.coverage.messages.before.state).toBe('unknown');
    expect(backfillHtml(report)).toContain('No thread has been read whole yet.');
    expect(backfillTables(report)).toContain('unfinished run');
  });
});

describe('waybill backfill', () => {
  const run = ({ url }: TestLedger, ...args: string[]) => {
    const env = cleanEnvironment({ WAYBILL_DATABASE_URL: url });
    try {
      const out = execFileSync(process.execPath, ['bin/waybill.mjs', 'backfill', ...args], {
        env,
        encoding: 'utf8',
        stdio: 'pipe',
      });
      return { code: 0, out };
    } catch (error) {
      const { status, stdout } = error as { status: number; stdout: string };
      return { code: status, out: stdout };
    }
  };

  it('report prints tables, JSON and a page, and exits with 1 where messages were missed', async () => {
    const { ledger, id } = await reported(naiveYear());
    const folder = await mkdtemp(join(tmpdir(), 'backfill-report-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const page = join(folder, 'report.html');
    const tables = run(ledger, 'report');
    expect(tables.code).toBe(1);
    expect(tables.out).toContain('By month');
    const json = run(ledger, 'report', id, '--json', '--html', page);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({ backfill: { id }, messages: { missed: 5 }, marks: expect.any(Array) });
    expect(readFileSync(page, 'utf8')).toContain('<!doctype html>');
    expect(run(ledger, 'report', '--html', join(folder, 'nowhere', 'report.html')).code).toBe(2);
  });

  it('start --dry-run begins nothing', async () => {
    const { ledger } = await reported(naiveYear());
    const estimate = run(ledger, 'start', '--source', 'dashboard', '--dry-run', '--to', START.toISOString(), '--json');
    expect(estimate.code).toBe(0);
    expect(JSON.parse(estimate.out)).toMatchObject({ source: 'dashboard', estimate: { threads: { least: 5 } } });
    expect(await ledger.count('backfill')).toBe(1);
  });
});
