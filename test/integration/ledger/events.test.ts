import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../../src/ledger/database.js';
import { appendEvents, FIRST_MARK, readEvents, type StoredEvent } from '../../../src/ledger/events.js';
import { START } from '../../support/clock.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';
import { testLedger } from '../../support/ledger.js';

const event = (kind: 'triaged' | 'classified' | 'decided', messageId: string) =>
  ({ messageId, kind, carry: 1, detail: {} }) as const;

/** Every event, once so many can be read: a transaction of any database of the server holds readers back while it runs. */
async function allEvents(db: Database, count: number): Promise<StoredEvent[]> {
  await expect.poll(async () => (await readEvents(db, FIRST_MARK, 100)).events.length, { timeout: 20_000 }).toBe(count);
  return (await readEvents(db, FIRST_MARK, 100)).events;
}

async function ledgerWithMessage() {
  const ledger = await testLedger();
  await ledger.bind();
  await ledger.list([incomingThread('t1')]);
  await ledger.read('t1', [incomingMessage('m1')]);
  const { id } = await ledger.message('m1');
  return { ...ledger, id };
}

describe('reading events', () => {
  it('stops below a transaction that still runs, so that its late commit is not skipped', async () => {
    const { db, id } = await ledgerWithMessage();
    await allEvents(db, 2);
    const { mark } = await readEvents(db, FIRST_MARK, 100);
    const progress = new EventEmitter();
    const slow = db.transaction(async (tx) => {
      await appendEvents(tx, START, [event('triaged', id)]);
      const mayCommit = once(progress, 'commit');
      progress.emit('written');
      await mayCommit;
    });
    await once(progress, 'written');
    await appendEvents(db, START, [event('classified', id)]); // a larger number, committed first
    expect((await readEvents(db, mark, 100)).events).toEqual([]);
    progress.emit('commit');
    await slow;
    expect((await allEvents(db, 4)).slice(2).map((one) => one.kind)).toEqual(['triaged', 'classified']);
  });

  it('gives out later what a younger transaction wrote earlier than an older one that was read', async () => {
    const { db, id } = await ledgerWithMessage();
    await allEvents(db, 2);
    let { mark } = await readEvents(db, FIRST_MARK, 100);
    const seen: string[] = [];
    const read = async () => {
      const found = await readEvents(db, mark, 100);
      mark = found.mark;
      seen.push(...found.events.map((one) => one.kind));
      return seen;
    };
    const progress = new EventEmitter();
    const older = db.transaction(async (tx) => {
      await tx.$queryRaw`SELECT pg_current_xact_id()::text`;
      const mayWrite = once(progress, 'write');
      progress.emit('begun');
      await mayWrite;
      await appendEvents(tx, START, [event('classified', id)]);
    });
    await once(progress, 'begun');
    const younger = db.transaction(async (tx) => {
      await appendEvents(tx, START, [event('triaged', id)]); // the smaller number
      const mayCommit = once(progress, 'commit');
      progress.emit('written');
      await mayCommit;
    });
    await once(progress, 'written');
    progress.emit('write');
    await older;
    await expect.poll(read, { timeout: 20_000 }).toEqual(['classified']);
    progress.emit('commit');
    await younger;
    await expect.poll(read, { timeout: 20_000 }).toEqual(['classified', 'triaged']);
  });

  it('gives every event once, in order and in batches, to a reader that remembers the last number', async () => {
    const { db, id } = await ledgerWithMessage();
    await appendEvents(db, START, [event('triaged', id), event('classified', id), event('decided', id)]);
    await allEvents(db, 5);
    const kinds: string[] = [];
    for (let mark = FIRST_MARK; ; ) {
      const read = await readEvents(db, mark, 2);
      if (read.events.length === 0) break;
      kinds.push(...read.events.map((one) => one.kind));
      mark = read.mark;
    }
    expect(kinds).toEqual(['recorded', 'ended', 'triaged', 'classified', 'decided']);
  });

  it('an event of a transaction that is rolled back is never seen', async () => {
    const { db, id } = await ledgerWithMessage();
    const failed = db.transaction(async (tx) => {
      await appendEvents(tx, START, [event('triaged', id)]);
      throw new Error('taken back');
    });
    await expect(failed).rejects.toThrow('taken back');
    await appendEvents(db, START, [event('decided', id)]);
    expect((await allEvents(db, 3)).map((one) => one.kind)).toEqual(['recorded', 'ended', 'decided']);
  });
});

describe('a transaction of the ledger', () => {
  it('is all or nothing, and its connection serves the next one', async () => {
    const { url } = await ledgerWithMessage();
    const db = openDatabase({ url, maxConnections: 1 });
    try {
      for (let time = 0; time < 3; time++) {
        await expect(db.transaction((tx) => tx.$executeRaw`SELECT no_such_function()`)).rejects.toThrow();
        expect(await db.transaction((tx) => tx.$queryRaw`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
      }
    } finally {
      await db.close();
    }
  });
});
