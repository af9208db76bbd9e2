import { describe, expect, it } from 'vitest';
import { fillByNaivePoller } from '../../../src/demo/naive-ledger.js';
import { pollNaively } from '../../../src/demo/naive-poller.js';
import { simulatedSource } from '../../../src/demo/simulated-source.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';
import { openCall } from '../../../src/ledger/calls.js';
import type { Database } from '../../../src/ledger/database.js';
import { recordMessagePage } from '../../../src/ledger/record-messages.js';
import { recordThreadPage } from '../../../src/ledger/record-threads.js';
import { openWorld } from '../../../src/simulator/open-world.js';
import { truthAt } from '../../../src/simulator/truth.js';
import type { World } from '../../../src/simulator/world.js';
import { DAY, MINUTE, START } from '../../support/clock.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

const END = START.getTime();

const worldOf = (threads: number, days: number): World =>
  openWorld(
    { token: 'a', controlToken: 'b', seed: 4, threads, days, profile: 'observed', shape: { longEvery: 8 } },
    { now: () => START },
  ).world;

describe('the naive poller', () => {
  it('lacks what was written on threads older than its window and what is stamped before it, and nothing else', () => {
    const world = worldOf(150, 40);
    const intake = pollNaively(world, { from: END - 41 * DAY, to: END });
    const dropped = new Set(intake.readings.flatMap((reading) => reading.dropped));
    const missed = truthAt(world, END, END).obtainable.filter((id) => !intake.takenAt.has(id));
    const causes = missed.map((id) => {
      const message = world.message(id);
      if (dropped.has(id)) return 'stamped before the window';
      return message.fetchableAt >= world.thread(message.threadId).createdAt + DAY - 15 * MINUTE
        ? 'on an older thread'
        : 'unexplained';
    });
    expect([...new Set(causes)].sort()).toEqual(['on an older thread', 'stamped before the window']);
    expect(missed.length).toBeGreaterThan(200);
    expect(intake.threads.size).toBe(world.threads.size);
  });

  it('takes in more with a wider window, and still not what arrives late', () => {
    const world = worldOf(150, 40);
    const taken = [1, 15, 41].map(
      (windowDays) =>
        pollNaively(world, { from: END - 41 * DAY, to: END, windowDays, everyMs: 60 * MINUTE }).takenAt.size,
    );
    expect(taken).toEqual([...taken].sort((a, b) => a - b));
    expect(new Set(taken).size).toBe(3);
    expect(taken.at(-1)).toBeLessThan(truthAt(world, END, END).obtainable.length);
  });

  it('leaves the ledger that the recording functions would have left', { timeout: 120_000 }, async () => {
    const world = worldOf(9, 4);
    const [filled, recorded] = [await testLedger(), await testLedger()];
    const options = { from: END - 5 * DAY, to: END, everyMs: 60 * MINUTE };
    const intake = await fillByNaivePoller({ ...options, db: filled.db, world, source: 'dashboard' });
    await recordEachPage(recorded, world, options, new Set(intake.readings.flatMap((reading) => reading.dropped)));
    for (const read of [threadsOf, messagesOf, bodiesOf, eventsOf, attachmentsOf, listingsOf, callsOf]) {
      const rows = await read(filled.db);
      expect(rows.length).toBeGreaterThan(0);
      expect(rows).toEqual(await read(recorded.db));
    }
  });
});

/** The same polls, one transaction of the product's own for each answer. */
async function recordEachPage(
  { db, bind }: TestLedger,
  world: World,
  { from, to, everyMs }: { from: number; to: number; everyMs: number },
  dropped: ReadonlySet<string>,
): Promise<void> {
  const source = simulatedSource(world);
  const timing = DEFAULT_TIMING;
  await bind({ now: new Date(from - DAY) });
  await db.$executeRaw`UPDATE source SET enumerated_at = created_at`;
  for (let at = from; at <= to; at += everyMs) {
    const now = new Date(at);
    const interval = { from: new Date(at - DAY), to: now };
    const owed = [{ from: interval.from.toISOString(), to: interval.to.toISOString(), covering: true }];
    const [window] = await db.$queryRaw<{ id: string }[]>`
      INSERT INTO poll_window (source, run_id, end_at, horizon_at, owed, opened_at)
      VALUES ('dashboard', ${`poll ${at}`}, ${now}, ${interval.from}, ${JSON.stringify(owed)}::jsonb, ${now}) RETURNING id`;
    const windowId = window?.id ?? '';
    const page = source.threadPage({ from: at - DAY, to: at, cursor: null }, at);
    const listing = { source: 'dashboard', windowId, interval, covering: true, earlier: [], now, timing };
    const call = await openCall(db, {
      source: 'dashboard',
      operation: 'listThreads',
      parameters: {},
      windowId,
      readingId: null,
      page: 0,
      attempt: 1,
      now,
    });
    await recordThreadPage(db, call, page, listing);
    for (const item of page.items) {
      if (!item.ok) continue;
      const { providerThreadId } = item.value;
      const [thread] = await db.$queryRaw<
        { id: string }[]
      >`SELECT id FROM thread WHERE provider_thread_id = ${providerThreadId}`;
      const shown = source.messagePage({ providerThreadId, cursor: null }, at);
      const items = shown.items.filter((one) => !one.ok || !dropped.has(one.value.providerMessageId));
      const reading = await openCall(db, {
        source: 'dashboard',
        operation: 'listMessages',
        parameters: { thread: providerThreadId },
        threadId: thread?.id ?? '',
        readingId: null,
        page: 0,
        attempt: 1,
        now,
      });
      await recordMessagePage(
        db,
        reading,
        { ...shown, items },
        { threadId: thread?.id ?? '', firstSeenBy: 'poll', adapterVersion: 'naive/1', now, timing },
      );
    }
  }
}

const threadsOf = (db: Database) => db.$queryRaw<unknown[]>`
  SELECT provider_thread_id, subject, inbox, status, created_at, first_seen_at, first_seen_by, by_first_enumeration, first_listed_at,
         last_activity_at, read_whole_at, gone_at, missed_at FROM thread ORDER BY 1`;
const messagesOf = (db: Database) => db.$queryRaw<unknown[]>`
  SELECT m.provider_message_id, t.provider_thread_id, m.channel, m.direction, m.origin_at, m.received_at, m.first_seen_at, m.first_seen_by,
         m.activity_at, m.arrival_known, m.message_id_hash, m.content_hash, m.has_body, m.client_ref, m.adapter_version, m.hold, m.state,
         m.disposition, m.reason, m.ended_at, m.absent_at, g.message_id_hash = m.message_id_hash AS grouped,
         f.provider_message_id AS leads
  FROM message m JOIN thread t ON t.id = m.thread_id LEFT JOIN twin_group g ON g.id = m.twin_group_id
  LEFT JOIN message f ON f.id = g.first_message_id ORDER BY 1`;
const bodiesOf = (db: Database) => db.$queryRaw<unknown[]>`
  SELECT m.provider_message_id, version, recorded_at, b.content_hash, from_address, to_addresses, b.subject, b.text, b.html, b.headers, b.raw
  FROM message_body b JOIN message m ON m.id = b.message_id WHERE version = 1 ORDER BY 1`;
const eventsOf = (db: Database) => db.$queryRaw<unknown[]>`
  SELECT m.provider_message_id, e.at, e.kind, e.carry, e.detail - 'callId' AS detail FROM lifecycle_event e JOIN message m ON m.id = e.message_id
  WHERE e.kind IN ('recorded', 'ended') ORDER BY 1, e.seq`;
const attachmentsOf = (db: Database) => db.$queryRaw<unknown[]>`
  SELECT m.provider_message_id, provider_attachment_id, name, content_type, size, a.state, recorded_at, next_attempt_at
  FROM attachment a JOIN message m ON m.id = a.message_id ORDER BY 1, 2`;
const listingsOf = (db: Database) => db.$queryRaw<unknown[]>`
  SELECT from_at, to_at, covering, begun_at, exhausted_at, pages, threads, id_set_hash FROM listing WHERE threads > 0 ORDER BY to_at`;
const callsOf = (db: Database) => db.$queryRaw<unknown[]>`
  SELECT operation, opened_at, finished_at, status, rows, known, stored, parked, ids, next_cursor, exhausted FROM provider_call
  WHERE operation = 'listThreads' AND rows > 0 ORDER BY opened_at`;
