import { describe, expect, it } from 'vitest';
import { checkBalance } from '../../../src/assurance/balance.js';
import type { IncomingMessage, Item } from '../../../src/domain/message.js';
import { endMessage } from '../../../src/ledger/lifecycles.js';
import { type Reprocessing, reprocessMessages } from '../../../src/ledger/reprocess.js';
import { reprocessParks } from '../../../src/ledger/reprocess-parks.js';
import { toMessage } from '../../../src/sources/dashboard/normalize.js';
import { Notes } from '../../../src/sources/dashboard/notes.js';
import { dashboardRereader } from '../../../src/sources/dashboard/reread.js';
import type { Rereader } from '../../../src/sources/rereader.js';
import { HOUR, START } from '../../support/clock.js';
import { incomingThread, type Row, unreadableRow } from '../../support/incoming.js';
import { testLedger } from '../../support/ledger.js';

/** A row as the dashboard gives it. */
const wire = (id: string, more: object = {}) => ({
  id,
  thread_id: 't1',
  direction: 'inbound',
  from: { name: 'A customer', email: 'customer@example.com' },
  to: [{ name: null, email: 'help@example.org' }],
  subject: 'Parcel',
  text: `Where is it? (${id})`,
  html: null,
  headers: { 'message-id': `<${id}@example.com>` },
  received_at: '2026-03-02T11:00:00Z',
  client_ref: null,
  attachments: [],
  ...more,
});

const incoming = (id: string, more: object = {}): Row<IncomingMessage> => {
  const item = toMessage(wire(id, more), new Notes());
  if (!item.ok) throw new Error(item.problem);
  return item.value;
};

/** An adapter of a later version: it reads subjects in capitals and one more attachment. */
const change = (item: Item<IncomingMessage> | null): Item<IncomingMessage> | null =>
  item?.ok
    ? {
        ok: true,
        value: {
          ...item.value,
          subject: item.value.subject?.toUpperCase() ?? null,
          attachments: [{ providerAttachmentId: 'a-new', name: 'found.pdf', contentType: null, size: null }],
        },
      }
    : item;
const laterAdapter: Rereader = {
  ...dashboardRereader,
  version: 'dashboard/next',
  keptMessage: (raw, apart) => change(dashboardRereader.keptMessage(raw, apart)),
};
/** An adapter of a later version that knows the direction "in". */
const wiserAdapter: Rereader = {
  ...laterAdapter,
  parkedMessage: (raw) => dashboardRereader.parkedMessage(raw.replace('"direction":"in"', '"direction":"inbound"')),
};

async function ledger(mode: 'observe' | 'live' = 'live') {
  const made = await testLedger();
  const { db, clock, timing } = made;
  await made.bind({ mode, answerFrom: new Date(START.getTime() - 48 * HOUR) });
  await made.list([incomingThread('t1')]);
  const run = (adapter: Rereader, more: Partial<Reprocessing> = {}): Reprocessing => ({
    source: 'dashboard',
    since: START,
    dryRun: false,
    by: 'operator',
    adapter,
    clock,
    timing,
    progress: () => undefined,
    ...more,
  });
  const versions = (id: string) => db.$queryRaw<{ version: number; subject: string }[]>`
    SELECT version, b.subject FROM message_body b JOIN message m ON m.id = b.message_id WHERE provider_message_id = ${id} ORDER BY 1`;
  const events = async (id: string) => {
    const rows = await db.$queryRaw<{ kind: string }[]>`
      SELECT kind FROM lifecycle_event e JOIN message m ON m.id = e.message_id WHERE provider_message_id = ${id} ORDER BY seq`;
    return rows.map((row) => row.kind);
  };
  return { ...made, run, versions, events };
}

describe('reading stored answers again', () => {
  it('with the adapter that read them changes nothing, and says so', async () => {
    const { db, read, run, count } = await ledger();
    await read('t1', [
      incoming('m1'),
      incoming('m2', { html: '<p>hi</p>', text: null }),
      incoming('m3', { text: 'a\0b' }),
    ]);
    const report = await reprocessMessages(db, run(dashboardRereader));
    expect(report).toMatchObject({ examined: 3, unchanged: 3, changed: 0, notKept: 0, unreadable: 0, fields: {} });
    expect(await count('message_body')).toBe(3);
  });

  it('with a later adapter makes versions of what differs, and nothing is answered again [loss case 34]', async () => {
    const { db, clock, read, run, versions, events, message, carry, count } = await ledger();
    await read('t1', [incoming('m1')]);
    const { carry: held } = await carry('m1');
    const { id } = await message('m1');
    const ending = { messageId: id, carry: held, disposition: 'ignored', reason: 'bulk_mail' } as const;
    await db.transaction((tx) => endMessage(tx, { ...ending, now: clock.now() }));
    clock.advance(HOUR);
    const dry = await reprocessMessages(db, run(laterAdapter, { dryRun: true }));
    expect(dry).toMatchObject({ changed: 1, fields: { subject: 1, attachments: 1 }, changedIds: [id] });
    expect(await versions('m1')).toHaveLength(1);

    expect(await reprocessMessages(db, run(laterAdapter))).toEqual(dry);
    expect(await versions('m1')).toEqual([
      { version: 1, subject: 'Parcel' },
      { version: 2, subject: 'PARCEL' },
    ]);
    expect((await events('m1')).slice(-2)).toEqual(['ended', 'reprocessed']);
    expect(await message('m1')).toMatchObject({ state: 'ended', disposition: 'ignored' });
    expect(await count('attachment')).toBe(1);
    expect(await db.$queryRaw`SELECT adapter_version AS version FROM message`).toEqual([{ version: 'dashboard/next' }]);
    expect(await reprocessMessages(db, run(laterAdapter))).toMatchObject({ changed: 0, unchanged: 1 });
    expect((await checkBalance(db)).balanced).toBe(true);
  });

  it('a visit of the same adapter afterwards sees no edit in what was read again', async () => {
    const { db, read, run, events } = await ledger();
    await read('t1', [incoming('m1')]);
    await reprocessMessages(db, run(laterAdapter));
    const later = change(toMessage(wire('m1'), new Notes()));
    await read('t1', later?.ok ? [later.value] : []);
    expect(await events('m1')).not.toContain('edited');
  });

  it('takes the answers from an instant on, and counts the ones whose row was not kept', async () => {
    const { db, clock, read, run, versions } = await ledger();
    await read('t1', [incoming('m1')]);
    const since = clock.advance(HOUR);
    await read('t1', [incoming('m1'), incoming('m2'), { ...incoming('m3'), raw: null } as IncomingMessage]);
    expect(await reprocessMessages(db, run(laterAdapter, { since }))).toMatchObject({
      examined: 2,
      changed: 1,
      notKept: 1,
    });
    expect(await versions('m1')).toHaveLength(1);
  });

  it('leaves alone what reads as another message, and what cannot be read any more', async () => {
    const { db, read, run, message, versions } = await ledger();
    await read('t1', [incoming('m1'), incoming('m2')]);
    const turned: Rereader = {
      ...laterAdapter,
      keptMessage: (raw, apart) => {
        const item = dashboardRereader.keptMessage(raw, apart);
        if (!item?.ok || item.value.providerMessageId === 'm2') return null;
        return { ok: true, value: { ...item.value, direction: 'outbound' } };
      },
    };
    const { id } = await message('m1');
    expect(await reprocessMessages(db, run(turned))).toMatchObject({ changed: 0, refusedIds: [id], unreadable: 1 });
    expect(await versions('m1')).toHaveLength(1);
  });
});

describe('parked rows that a later adapter can read', () => {
  const parked = JSON.stringify(wire('m9', { direction: 'in' }));

  it('are taken in as first seen now and held for a person, never answered by themselves [loss case 34]', async () => {
    const { db, clock, read, run, message, events } = await ledger();
    await read('t1', [unreadableRow(parked, 'm9'), unreadableRow('{"id":"m8"}', 'm8')]);
    clock.advance(HOUR);
    expect(await reprocessParks(db, run(dashboardRereader))).toEqual({ examined: 2, takenIn: 0, stillUnreadable: 2 });
    const report = { examined: 2, takenIn: 1, stillUnreadable: 1 };
    expect(await reprocessParks(db, run(wiserAdapter, { dryRun: true }))).toEqual(report);
    expect(await reprocessParks(db, run(wiserAdapter))).toEqual(report);
    expect(await message('m9')).toMatchObject({ state: 'recorded', hold: 'read_late' });
    expect(await db.$queryRaw`SELECT first_seen_at AS at, first_seen_by AS by FROM message`).toEqual([
      { at: clock.now(), by: 'backfill' },
    ]);
    expect(await events('m9')).toEqual(['recorded']);
    expect(await db.$queryRaw`SELECT item, state FROM park ORDER BY item`).toEqual([
      { item: 'm8', state: 'parked' },
      { item: 'm9', state: 'resolved' },
    ]);
    expect(await db.$queryRaw`SELECT action, "by", note FROM park_action`).toEqual([
      { action: 'reprocessed', by: 'operator', note: 'dashboard/next' },
    ]);
    expect((await checkBalance(db)).balanced).toBe(true);
  });

  it('end where the source records only', async () => {
    const { db, read, run, message } = await ledger('observe');
    await read('t1', [unreadableRow(parked, 'm9')]);
    await reprocessParks(db, run(wiserAdapter));
    expect(await message('m9')).toMatchObject({ state: 'ended', reason: 'observed_only' });
  });

  it('of a listing become threads that are due for their visit', async () => {
    const { db, list, run, threadId } = await ledger();
    const thread = { id: 't7', subject: null, inbox: 'help', created_at: '2026-03-01T10:00:00Z', status: 'open' };
    await list([incomingThread('t1'), unreadableRow(JSON.stringify(thread), 't7')]);
    expect(await reprocessParks(db, run(dashboardRereader))).toMatchObject({ takenIn: 1 });
    const due = await db.$queryRaw<{ id: string }[]>`SELECT thread_id AS id FROM thread_due`;
    expect(due.map((row) => row.id)).toContain(await threadId('t7'));
    expect((await checkBalance(db)).balanced).toBe(true);
  });

  it('whose id was a number beyond 2^53 stay parked: they were no text when they came', async () => {
    const { db, read, run } = await ledger();
    await read('t1', [unreadableRow(JSON.stringify(wire('12345678901234567890')), null)]);
    expect(await reprocessParks(db, run(dashboardRereader))).toMatchObject({ takenIn: 0, stillUnreadable: 1 });
  });
});
