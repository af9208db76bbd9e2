import { describe, expect, it } from 'vitest';
import { channelMisses } from '../../../src/assurance/audit/channels.js';
import { reportAudit } from '../../../src/assurance/audit/report.js';
import { countsInWords, inWords } from '../../../src/assurance/audit/words.js';
import { checkBalance } from '../../../src/assurance/balance.js';
import { drawThreads } from '../../../src/domain/audit/draw.js';
import { frameFigure } from '../../../src/domain/audit/figures.js';
import type { IncomingMessage } from '../../../src/domain/message.js';
import { type AuditFind, closeAuditThread } from '../../../src/ledger/audit-finds.js';
import { closeAudit, readTightening } from '../../../src/ledger/audit-results.js';
import {
  beginAuditThread,
  endAuditThread,
  listAudits,
  openAudit,
  openAuditThreads,
} from '../../../src/ledger/audits.js';
import { openCall } from '../../../src/ledger/calls.js';
import { recordMessagePage } from '../../../src/ledger/record-messages.js';
import { DAY, HOUR, MINUTE } from '../../support/clock.js';
import { incomingMessage, incomingThread, page, type Row, unreadableRow } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

const NOTHING = frameFigure([], []);
const GRACE = 2 * MINUTE;

/** A ledger that has read the threads whole, and an audit of it. */
async function audited(threads: Record<string, Row<IncomingMessage>[]>, wanted = 100) {
  const ledger = await testLedger();
  await ledger.bind();
  await ledger.list(Object.keys(threads).map((id) => incomingThread(id)));
  for (const [id, rows] of Object.entries(threads)) await ledger.read(id, rows);
  let runs = 0;
  const open = (seed: number | null = null) =>
    openAudit(ledger.db, { source: 'dashboard', runId: `audit ${++runs}`, wanted, seed, now: ledger.clock.now() });
  const look = (auditId: string, id: string, rows: Row<IncomingMessage>[]) => auditRead(ledger, auditId, id, rows);
  const close = (auditId: string) => closeAudit(ledger.db, auditId, NOTHING, ledger.clock.now());
  return { ...ledger, open, look, close };
}

/** Begins the thread and commits one page of it, as the audit's activity does. */
async function auditCall(ledger: TestLedger, auditId: string, providerThreadId: string, rows: Row<IncomingMessage>[]) {
  const threadId = await ledger.threadId(providerThreadId);
  await beginAuditThread(ledger.db, auditId, threadId, ledger.clock.now());
  const call = await openCall(ledger.db, {
    source: 'dashboard',
    operation: 'listMessages',
    parameters: { thread: providerThreadId, audit: auditId },
    threadId,
    readingId: null,
    page: 0,
    attempt: 1,
    now: ledger.clock.now(),
  });
  await recordMessagePage(ledger.db, call, page(rows), {
    ...(await ledger.messageContext(providerThreadId, { firstSeenBy: 'audit' })),
  });
  return { threadId, readingId: call.readingId };
}

async function auditRead(
  ledger: TestLedger,
  auditId: string,
  id: string,
  rows: Row<IncomingMessage>[],
): Promise<AuditFind[]> {
  const read = await auditCall(ledger, auditId, id, rows);
  return closeAuditThread(ledger.db, { auditId, ...read, graceMs: GRACE });
}

const alarms = ({ db }: TestLedger) => db.$queryRaw<
  { kind: string; state: string; evidence: Record<string, unknown> }[]
>`
  SELECT kind, state, evidence FROM alarm ORDER BY raised_at`;

const m1 = incomingMessage('m1');
const m2 = incomingMessage('m2');

describe('the draw', () => {
  it('is the one of its seed over the threads in the order of their ids, and is made once for a run', async () => {
    const threads = Array.from({ length: 30 }, (_, index) => `t${index}`);
    const ledger = await audited(
      Object.fromEntries(
        threads.map((id, index) => [
          id,
          Array.from({ length: index % 7 }, (_, n) => incomingMessage(`${id}-${n}`, { providerThreadId: id })),
        ]),
      ),
      10,
    );
    const input = { source: 'dashboard', runId: 'once', wanted: 10, seed: 42, now: ledger.clock.now() };
    const first = await openAudit(ledger.db, input);
    expect(await openAudit(ledger.db, { ...input, seed: 43 })).toEqual(first);
    const frame = await ledger.db.$queryRaw<{ id: string; known: number }[]>`
      SELECT t.id, count(m.id)::int AS known FROM thread t LEFT JOIN message m ON m.thread_id = t.id GROUP BY t.id ORDER BY t.id`;
    const drawn = await ledger.db.$queryRaw`
      SELECT thread_id AS id, known, draws, weight FROM audit_thread WHERE audit_id = ${first.id}::uuid ORDER BY position`;
    expect(drawn).toEqual(drawThreads(frame, 10, 42));
    const again = await openAudit(ledger.db, { ...input, runId: 'again' });
    expect(await openAuditThreads(ledger.db, again.id, 99)).toEqual(await openAuditThreads(ledger.db, first.id, 99));
  });

  it('leaves out threads and messages that are gone, and of an empty ledger draws nothing', async () => {
    const empty = await audited({});
    const none = await empty.open();
    expect(none.threads).toBe(0);
    expect(inWords(await empty.close(none.id))).toBe(
      'no thread is known yet, so nothing can be said of known threads; threads never listed: unknown',
    );
    const ledger = await audited({ t1: [m1], t2: [] });
    await ledger.db.$executeRaw`UPDATE thread SET gone_at = ${ledger.clock.now()} WHERE provider_thread_id = 't2'`;
    await ledger.db.$executeRaw`UPDATE message SET gone_at = ${ledger.clock.now()}`;
    const { id } = await ledger.open();
    expect((await ledger.close(id)).frameThreads).toBe(1);
    expect((await listAudits(ledger.db, 'dashboard', 10)).map((one) => one.frameMessages)).toEqual([0]);
  });
});

describe('what an audit finds', () => {
  it('is taken in, counted as missed where the visit was overdue, told of, and tightens its class [loss case 42]', async () => {
    const ledger = await audited({ t1: [m1] });
    ledger.clock.advance(3 * DAY);
    const { id } = await ledger.open();
    const finds = await ledger.look(id, 't1', [m2, m1]);
    const found = await ledger.message('m2');
    expect(finds).toEqual([{ messageId: found.id, verdict: 'missed', cause: 'visited_before' }]);
    const audit = await ledger.close(id);
    expect(audit.loss).toMatchObject({ missed: 1, late: 0, shown: 2, estimate: 0.5, causes: { visited_before: 1 } });
    const [alarm] = await alarms(ledger);
    expect(alarm).toMatchObject({ kind: 'audit_miss', state: 'open', evidence: { missed: 1, messageIds: [found.id] } });
    expect(await readTightening(ledger.db, 'dashboard')).toEqual(new Map([['awaiting_us', 0.5]]));
    expect((await checkBalance(ledger.db)).balanced).toBe(true);

    const next = await ledger.open();
    expect(await ledger.look(next.id, 't1', [m2, m1])).toEqual([]);
    expect((await ledger.close(next.id)).loss).toMatchObject({ missed: 0, shown: 2, lower: 0, upper: 0 });
    expect((await alarms(ledger)).map((one) => one.state)).toEqual(['quenched']);
  });

  it('is late, and no part of the loss, where the thread was not due yet', async () => {
    const ledger = await audited({ t1: [m1] });
    ledger.clock.advance(MINUTE);
    const { id } = await ledger.open();
    expect(await ledger.look(id, 't1', [m2, m1])).toMatchObject([{ verdict: 'late', cause: 'visited_before' }]);
    expect((await ledger.close(id)).loss).toMatchObject({ missed: 0, late: 1, estimate: 0, upper: 0 });
    expect(await alarms(ledger)).toEqual([]);
    expect(await readTightening(ledger.db, 'dashboard')).toEqual(new Map());
  });

  it('was lost inside where an answer had named it and the ledger does not have it [loss case 31]', async () => {
    const ledger = await audited({ t1: [m2, m1] });
    const { id: lost } = await ledger.message('m2');
    await ledger.db.$executeRaw`DELETE FROM lifecycle_event WHERE message_id = ${lost}::uuid`;
    await ledger.db.$executeRaw`DELETE FROM message_body WHERE message_id = ${lost}::uuid`;
    await ledger.db.$executeRaw`DELETE FROM twin_group WHERE first_message_id = ${lost}::uuid`;
    await ledger.db.$executeRaw`DELETE FROM message WHERE id = ${lost}::uuid`;
    expect((await checkBalance(ledger.db)).balanced).toBe(false);
    const { id } = await ledger.open();
    expect(await ledger.look(id, 't1', [m2, m1])).toMatchObject([{ verdict: 'missed', cause: 'lost_inside' }]);
    await ledger.close(id);
    // Visits cannot prevent that, so no thread is visited more for it.
    expect(await readTightening(ledger.db, 'dashboard')).toEqual(new Map());
    expect((await checkBalance(ledger.db)).balanced).toBe(true);
  });

  it('was parked where the row could not be read before, and is no part of the loss', async () => {
    const ledger = await audited({ t1: [m1, unreadableRow('{"id":"m2"}', 'm2')] });
    ledger.clock.advance(3 * DAY);
    const { id } = await ledger.open();
    expect(await ledger.look(id, 't1', [m2, m1])).toMatchObject([{ verdict: 'parked', cause: 'parked' }]);
    expect((await ledger.close(id)).loss).toMatchObject({ missed: 0, parked: 1, estimate: 0 });
  });

  it('was overlooked where its verified receipt lies before the last whole reading', async () => {
    const ledger = await audited({ t1: [m1] });
    const receivedAt = new Date(ledger.clock.now().getTime() - HOUR).toISOString();
    const { id } = await ledger.open();
    const rows = [incomingMessage('m2', { receivedAt }), m1];
    expect(await ledger.look(id, 't1', rows)).toMatchObject([{ verdict: 'missed', cause: 'overlooked' }]);
  });

  it('was in a listed thread that nobody read, or in one that no listing named', async () => {
    const ledger = await audited({ t1: [m1] });
    await ledger.list([incomingThread('t2'), incomingThread('t3')]);
    await ledger.db.$executeRaw`
      UPDATE provider_call SET ids = array_remove(ids, 't3') WHERE operation = 'listThreads'`;
    ledger.clock.advance(HOUR);
    const { id } = await ledger.open();
    expect(await ledger.look(id, 't2', [m2])).toMatchObject([{ verdict: 'missed', cause: 'not_visited' }]);
    expect(await ledger.look(id, 't3', [incomingMessage('m3')])).toMatchObject([{ cause: 'never_listed' }]);
  });

  it('is not forgotten by a worker that died between taking it in and judging it', async () => {
    const ledger = await audited({ t1: [m1] });
    ledger.clock.advance(3 * DAY);
    const { id } = await ledger.open();
    await auditCall(ledger, id, 't1', [m2, m1]);
    ledger.clock.advance(MINUTE);
    expect(await ledger.look(id, 't1', [m2, m1])).toMatchObject([{ verdict: 'missed', cause: 'visited_before' }]);
  });

  it('is not what a visit took in between the draw and the look', async () => {
    const ledger = await audited({ t1: [m1] });
    ledger.clock.advance(3 * DAY);
    const { id } = await ledger.open();
    await ledger.read('t1', [m2, m1]);
    expect(await ledger.look(id, 't1', [m2, m1])).toEqual([]);
  });
});

describe('the figures', () => {
  it('say what was counted, and what could not be read widens them', async () => {
    const ledger = await audited({ t1: [m1], t2: [incomingMessage('m3'), incomingMessage('m4')], t3: [] });
    const { id } = await ledger.open();
    await ledger.look(id, 't1', [m1]);
    await endAuditThread(ledger.db, id, await ledger.threadId('t2'), 'unread');
    await endAuditThread(ledger.db, id, await ledger.threadId('t3'), 'gone');
    const audit = await ledger.close(id);
    expect(audit.loss).toMatchObject({ threads: { read: 1, gone: 1, unread: 1 }, lower: 0, unreadDraws: 1 });
    expect(audit.loss?.upper).toBeCloseTo(2 / 3, 6);
    expect(await closeAudit(ledger.db, id, NOTHING, ledger.clock.advance(HOUR))).toMatchObject({
      endedAt: audit.endedAt,
    });
    expect(audit.loss && countsInWords(audit, audit.loss)).toBe(
      '3 known threads with 3 messages (all of them); 1 read, 1 gone, 1 could not be read; 1 message shown, of which 0 missed, 0 late, 0 parked',
    );
    expect(inWords(audit)).toBe(
      'of the threads we know at most 67 % of messages may be missing; threads never listed: unknown',
    );
    expect(await reportAudit(ledger.db, id)).toMatchObject({ finds: [], tightening: {} });
  });

  it('of channels count for each what others saw and it should have', async () => {
    const ledger = await audited({ t1: [m1], t2: [incomingMessage('m3')] });
    ledger.clock.advance(3 * DAY);
    const { id } = await ledger.open();
    await ledger.look(id, 't1', [m2, m1]);
    await ledger.look(id, 't2', [incomingMessage('m3')]);
    await ledger.close(id);
    const channels = () => channelMisses(ledger.db, 'dashboard', ledger.clock.now());
    const [poll, audit, webhook] = await channels();
    expect(poll).toMatchObject({ channel: 'poll', first: 2, chances: 3, missed: 1 });
    expect(poll?.interval?.upper).toBeGreaterThan(1 / 3);
    expect(audit).toMatchObject({ channel: 'audit', first: 1, chances: 0, interval: null });
    expect(webhook).toMatchObject({ channel: 'webhook', first: 0, chances: null });
    // With verified receipts an audit is judged too: what it found it has not missed, what came to light after it it has.
    const receipt = new Date(ledger.clock.now().getTime() - DAY);
    await ledger.db.$executeRaw`UPDATE message SET received_at = ${receipt}`;
    await ledger.db
      .$executeRaw`UPDATE message SET first_seen_at = first_seen_at + interval '1 second' WHERE first_seen_by = 'audit'`;
    expect((await channels())[1]).toMatchObject({ chances: 3, missed: 0 });
    ledger.clock.advance(HOUR);
    await ledger.read('t2', [incomingMessage('m4'), incomingMessage('m3')]);
    await ledger.db.$executeRaw`UPDATE message SET received_at = ${receipt}`;
    expect((await channels())[1]).toMatchObject({ chances: 4, missed: 1 });
  });
});
