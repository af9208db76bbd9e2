import { describe, expect, it } from 'vitest';
import { recordMessagePage } from '../../../src/ledger/record-messages.js';
import { HOUR, MINUTE, START } from '../../support/clock.js';
import { incomingMessage, incomingThread, outgoingMessage, page, unreadableRow } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { assertTrail } from '../../support/trail.js';

/** A ledger that knows threads t1 and t2 of a source in observe. */
async function ledgerWithThreads(): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind();
  await ledger.list([incomingThread('t1'), incomingThread('t2')]);
  return ledger;
}

/** Where rows lie on disk: an update, or an insert that was taken back, would use up a place. */
const places = async ({ db }: TestLedger): Promise<string[]> => {
  const rows = await db.$queryRaw<{ place: string }[]>`
    SELECT 'message ' || ctid || ' ' || xmin AS place FROM message
    UNION ALL SELECT 'body ' || ctid || ' ' || xmin FROM message_body ORDER BY place`;
  return rows.map((row) => row.place);
};

describe('recording a page of messages', () => {
  it('stores each message as received, with its body, attachments, clocks and events', async () => {
    const ledger = await ledgerWithThreads();
    const photo = { providerAttachmentId: 'a1', name: 'photo.jpg', contentType: 'image/jpeg', size: 9_000_000_000 };
    const recorded = await ledger.read('t1', [incomingMessage('m1', { attachments: [photo] }), outgoingMessage('m2')]);
    expect(recorded).toMatchObject({ rows: 2, stored: 2, known: 0, parked: 0, rejected: 0, next: 'end', open: 0 });
    const inbound = await ledger.message('m1');
    expect(inbound).toMatchObject({ state: 'ended', disposition: 'ignored', reason: 'observed_only' });
    expect(await ledger.message('m2')).toMatchObject({ disposition: 'outbound', reason: 'person_reply' });
    await assertTrail(ledger.db, inbound.id, ['recorded', 'ended ignored (observed_only)']);
    expect(
      await ledger.db
        .$queryRaw`SELECT text, from_address AS from FROM message_body WHERE message_id = ${inbound.id}::uuid`,
    ).toEqual([
      { text: 'Where is my parcel? (m1)', from: { kind: 'email', value: 'customer@example.com', name: 'A customer' } },
    ]);
    expect(await ledger.db.$queryRaw`SELECT provider_attachment_id AS id, size, state FROM attachment`).toEqual([
      { id: 'a1', size: 9_000_000_000n, state: 'named' },
    ]);
    expect(
      await ledger.db.$queryRaw`SELECT origin_at, first_seen_at FROM message WHERE id = ${inbound.id}::uuid`,
    ).toEqual([{ origin_at: new Date(START.getTime() - HOUR), first_seen_at: START }]);
  });

  it('a page recorded twice stores nothing twice and leaves no dead row behind', async () => {
    const ledger = await ledgerWithThreads();
    const rows = [incomingMessage('m1'), incomingMessage('m2'), outgoingMessage('m3')];
    await ledger.read('t1', rows);
    const before = await places(ledger);
    ledger.clock.advance(MINUTE);
    expect(await ledger.read('t1', rows)).toMatchObject({ rows: 3, stored: 0, known: 3 });
    expect(await places(ledger)).toEqual(before);
    expect(await ledger.count('lifecycle_event')).toBe(6);
    await ledger.read('t1', [...rows, incomingMessage('m4')]);
    expect((await ledger.db.$queryRaw<{ place: string }[]>`SELECT max(ctid)::text AS place FROM message`)[0]).toEqual({
      place: '(0,4)',
    });
  });

  it('the same call recorded twice, as after a lost answer, balances and stores nothing twice', async () => {
    const ledger = await ledgerWithThreads();
    const call = await ledger.openReading('t1');
    const context = await ledger.messageContext('t1');
    const answer = page([incomingMessage('m1')]);
    await recordMessagePage(ledger.db, call, answer, context);
    expect(await recordMessagePage(ledger.db, call, answer, context)).toMatchObject({ rows: 1, known: 1, stored: 0 });
    expect(await ledger.count('message')).toBe(1);
    expect(await ledger.count('provider_call')).toBe(2);
  });

  it('two recordings of the same messages at once store each message once', async () => {
    const ledger = await ledgerWithThreads();
    const rows = ['m1', 'm2', 'm3', 'm4'].map((id) => incomingMessage(id));
    const both = await Promise.all([ledger.read('t1', rows), ledger.read('t2', [...rows].reverse())]);
    expect(both.reduce((sum, one) => sum + one.stored, 0)).toBe(4);
    expect(both.reduce((sum, one) => sum + one.known, 0)).toBe(4);
    expect(await ledger.count('message')).toBe(4);
    expect(await ledger.count('message_body')).toBe(4);
  });

  it('a row that stands twice on one page is stored once and counted as known the other time', async () => {
    const ledger = await ledgerWithThreads();
    const recorded = await ledger.read('t1', [incomingMessage('m1'), incomingMessage('m1')]);
    expect(recorded).toMatchObject({ rows: 2, stored: 1, known: 1 });
  });

  it('text with characters that break naive code is kept as it came', async () => {
    const ledger = await ledgerWithThreads();
    const text = `quotes ' " \\ braces {} , tab\t newline\n emoji \u{1F4E6} null word NULL \u00e4`;
    await ledger.read('t1', [incomingMessage('m1', { text, subject: '{"a":1}', headers: { 'x-odd': '\\"' } })]);
    expect(await ledger.db.$queryRaw`SELECT text, subject, headers FROM message_body`).toEqual([
      { text, subject: '{"a":1}', headers: { 'x-odd': '\\"' } },
    ]);
  });
});

describe('what cannot be read', () => {
  it('is parked once as it came, balances its call, and does not keep the rest of the page out', async () => {
    const ledger = await ledgerWithThreads();
    const rows = [unreadableRow('{"id":"m1"}', 'm1'), unreadableRow('42'), incomingMessage('m2')];
    expect(await ledger.read('t1', rows)).toMatchObject({ rows: 3, stored: 1, parked: 2, next: 'end' });
    ledger.clock.advance(MINUTE);
    expect(await ledger.read('t1', rows)).toMatchObject({ rows: 3, stored: 0, known: 1, parked: 2 });
    const parks = await ledger.db.$queryRaw<{ item: string; raw: string; lastSeenAt: Date }[]>`
      SELECT item, raw, last_seen_at AS "lastSeenAt" FROM park ORDER BY raw`;
    expect(parks).toEqual([
      { item: expect.stringMatching(/^unreadable:[0-9a-f]{64}$/), raw: '42', lastSeenAt: ledger.clock.now() },
      { item: 'm1', raw: '{"id":"m1"}', lastSeenAt: ledger.clock.now() },
    ]);
  });

  it('is taken in when it can be read after all, and its park is resolved', async () => {
    const ledger = await ledgerWithThreads();
    await ledger.read('t1', [unreadableRow('{"id":"m1"}', 'm1')]);
    expect(await ledger.read('t1', [incomingMessage('m1')])).toMatchObject({ stored: 1, parked: 0 });
    expect(await ledger.db.$queryRaw`SELECT state, resolved_at FROM park`).toEqual([
      { state: 'resolved', resolved_at: START },
    ]);
  });
});

describe('a message seen again', () => {
  it('with another content becomes a version; what ended stays ended', async () => {
    const ledger = await ledgerWithThreads();
    await ledger.read('t1', [incomingMessage('m1')]);
    await ledger.read('t1', [incomingMessage('m1', { text: 'Please cancel.' })]);
    const { id, state } = await ledger.message('m1');
    expect(state).toBe('ended');
    expect(await ledger.db.$queryRaw`SELECT version, text FROM message_body ORDER BY version`).toEqual([
      { version: 1, text: 'Where is my parcel? (m1)' },
      { version: 2, text: 'Please cancel.' },
    ]);
    await assertTrail(ledger.db, id, ['recorded', 'ended ignored (observed_only)', 'edited']);
  });

  it('under another thread has moved with its identity: threads are merged', async () => {
    const ledger = await ledgerWithThreads();
    await ledger.read('t1', [incomingMessage('m1')]);
    expect(await ledger.read('t2', [incomingMessage('m1', { providerThreadId: 't2' })])).toMatchObject({ known: 1 });
    const moved = await ledger.message('m1');
    expect(moved.threadId).toBe(await ledger.threadId('t2'));
    expect(await ledger.count('message')).toBe(1);
    await assertTrail(ledger.db, moved.id, ['recorded', 'ended ignored (observed_only)', 'moved']);
  });
});
