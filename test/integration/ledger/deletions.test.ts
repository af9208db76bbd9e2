import { describe, expect, it } from 'vitest';
import { checkBalance } from '../../../src/assurance/balance.js';
import { moveReply, readReply } from '../../../src/ledger/outbox.js';
import { recordConfirmingPage } from '../../../src/ledger/record-messages.js';
import { noteThreadAbsent, readThread } from '../../../src/ledger/visits.js';
import { MINUTE } from '../../support/clock.js';
import { incomingMessage, incomingThread, outgoingMessage, page, unreadableRow } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { prepareReply } from '../../support/prepare-reply.js';
import { assertTrail, trailOf } from '../../support/trail.js';

const [M1, M2] = [incomingMessage('m1'), incomingMessage('m2')];

async function ledgerWithMessages(): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind({ firstMode: 'live', answerFrom: new Date(0) });
  await ledger.list([incomingThread('t1')]);
  await ledger.read('t1', [M1, M2]);
  ledger.clock.advance(MINUTE);
  return ledger;
}
const gone = async ({ db }: TestLedger): Promise<string[]> => {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT provider_message_id AS id FROM message WHERE gone_at IS NOT NULL ORDER BY 1`;
  return rows.map(({ id }) => id);
};
const dueAt = async ({ db }: TestLedger): Promise<Date | undefined> =>
  (await db.$queryRaw<{ at: Date }[]>`SELECT due_at AS at FROM thread_due`)[0]?.at;
/** The second look at an empty first page. */
const confirmEmpty = async (ledger: TestLedger, readingId: string) => {
  const call = await ledger.openReading('t1');
  return recordConfirmingPage(ledger.db, call, page([]), { readingId }, await ledger.messageContext('t1'));
};

describe('a message that its thread no longer shows', () => {
  it('is gone once a second whole reading lacks it too, and the first asks for that one soon [loss case 22]', async () => {
    const ledger = await ledgerWithMessages();
    expect(await ledger.read('t1', [M1])).toMatchObject({ next: 'end' });
    expect(await gone(ledger)).toEqual([]);
    expect(await dueAt(ledger)).toEqual(new Date(ledger.clock.now().getTime() + MINUTE));
    ledger.clock.advance(MINUTE);
    await ledger.read('t1', [M1]);
    expect(await gone(ledger)).toEqual(['m2']);
    await assertTrail(ledger.db, (await ledger.message('m2')).id, ['recorded', 'gone']);
    ledger.clock.advance(MINUTE);
    await ledger.read('t1', [M1]);
    expect(await trailOf(ledger.db, (await ledger.message('m2')).id)).toEqual(['recorded', 'gone']);
    expect(await checkBalance(ledger.db)).toMatchObject({ balanced: true });
  });

  it('is back when it is shown again, and a reading that lacked it once is forgotten', async () => {
    const ledger = await ledgerWithMessages();
    for (const rows of [[M1], [M1, M2], [M1]]) {
      await ledger.read('t1', rows);
      ledger.clock.advance(MINUTE);
    }
    expect(await gone(ledger)).toEqual([]);
    await ledger.read('t1', [M1]);
    expect(await gone(ledger)).toEqual(['m2']);
    await ledger.read('t1', [M1, M2]);
    expect(await gone(ledger)).toEqual([]);
    await assertTrail(ledger.db, (await ledger.message('m2')).id, ['recorded', 'gone', 'back']);
    expect(await checkBalance(ledger.db)).toMatchObject({ balanced: true });
  });

  it('may be the row that cannot be read: nothing is gone while a row without a name is shown [loss case 24]', async () => {
    const ledger = await ledgerWithMessages();
    for (let reading = 0; reading < 3; reading++) {
      await ledger.read('t1', [M1, unreadableRow('{"id":7}')]);
      ledger.clock.advance(MINUTE);
    }
    expect(await gone(ledger)).toEqual([]);
  });

  it('and was parked under its own id is not gone either', async () => {
    const ledger = await ledgerWithMessages();
    for (let reading = 0; reading < 3; reading++) {
      await ledger.read('t1', [M1, unreadableRow('{"id":"m2"}', 'm2')]);
      ledger.clock.advance(MINUTE);
    }
    expect(await gone(ledger)).toEqual([]);
  });

  it('over several pages may have slipped over an edge: they are read again at once', async () => {
    const ledger = await ledgerWithMessages();
    const both = async () => {
      const first = await ledger.read('t1', [incomingMessage('m3')], { nextCursor: 'a' });
      ledger.clock.advance(1_000);
      const last = await ledger.read('t1', [M1], { after: first.call });
      expect(last.next).toBe('confirm');
      const call = await ledger.openReading('t1');
      const context = await ledger.messageContext('t1');
      const top = page([incomingMessage('m3')]);
      return recordConfirmingPage(ledger.db, call, top, { readingId: first.call.readingId }, context);
    };
    expect(await both()).toMatchObject({ next: 'shifted' });
    expect((await readThread(ledger.db, await ledger.threadId('t1'))).readWholeAt).not.toEqual(ledger.clock.now());
    expect(await both()).toMatchObject({ next: 'end' });
    expect(await gone(ledger)).toEqual(['m2']);
  });

  it('a reply of ours that no visit has shown yet is on its way, not gone', async () => {
    const ledger = await ledgerWithMessages();
    const { db, clock } = ledger;
    const message = await ledger.carry('m1');
    await prepareReply(db, message, 'delivery_status', 'On its way.', clock.now());
    const reply = await readReply(db, message.id);
    await moveReply(db, reply?.id ?? '', { from: ['pending'], to: 'accepted', fence: null, now: clock.now() });
    const ours = outgoingMessage('r1', { clientRef: reply?.clientRef ?? null });
    await ledger.read('t1', [ours], { firstSeenBy: 'look' });
    await db.$executeRaw`UPDATE outbox SET confirmed_at = NULL`; // the answer to the request itself confirms nothing
    for (let reading = 0; reading < 3; reading++) {
      clock.advance(MINUTE);
      await ledger.read('t1', [M1, M2]);
    }
    expect(await gone(ledger)).toEqual([]);
    await ledger.read('t1', [M1, M2, ours]);
    for (let reading = 0; reading < 2; reading++) {
      clock.advance(MINUTE);
      await ledger.read('t1', [M1, M2]);
    }
    expect(await gone(ledger)).toEqual(['r1']);
  });
});

describe('an empty list under status 200', () => {
  it('counts neither as a whole reading nor against what we hold until it was given twice', async () => {
    const ledger = await ledgerWithMessages();
    const t1 = await ledger.threadId('t1');
    const before = await readThread(ledger.db, t1);
    const empty = await ledger.read('t1', []);
    expect(empty.next).toBe('confirm');
    expect(await readThread(ledger.db, t1)).toEqual(before);
    const call = await ledger.openReading('t1');
    const full = page([M1, M2]);
    const context = await ledger.messageContext('t1');
    expect(
      await recordConfirmingPage(ledger.db, call, full, { readingId: empty.call.readingId }, context),
    ).toMatchObject({ next: 'shifted' });
    expect(await gone(ledger)).toEqual([]);
  });

  it('makes everything gone only after two readings of which each was confirmed', async () => {
    const ledger = await ledgerWithMessages();
    for (const expected of [[], ['m1', 'm2']]) {
      const { call } = await ledger.read('t1', []);
      expect(await confirmEmpty(ledger, call.readingId)).toMatchObject({ next: 'end' });
      expect(await gone(ledger)).toEqual(expected);
      ledger.clock.advance(MINUTE);
    }
  });
});

describe('a thread that the provider does not know', () => {
  it('is asked for once more before it is gone with all its messages, and is back when a page comes after all', async () => {
    const ledger = await ledgerWithMessages();
    const t1 = await ledger.threadId('t1');
    const absent = () => {
      const now = ledger.clock.advance(MINUTE);
      return noteThreadAbsent(ledger.db, { threadId: t1, begunAt: now, now, timing: ledger.timing });
    };
    expect(await absent()).toBe('missing');
    expect(await gone(ledger)).toEqual([]);
    expect(await absent()).toBe('gone');
    expect(await gone(ledger)).toEqual(['m1', 'm2']);
    expect(await dueAt(ledger)).toBeUndefined();
    await ledger.read('t1', [M1, M2]);
    expect(await gone(ledger)).toEqual([]);
    expect((await readThread(ledger.db, t1)).goneAt).toBeNull();
    expect(await checkBalance(ledger.db)).toMatchObject({ balanced: true });
  });

  it('and answers with a page in between has not been missed twice', async () => {
    const ledger = await ledgerWithMessages();
    const t1 = await ledger.threadId('t1');
    const absent = () => {
      const now = ledger.clock.advance(MINUTE);
      return noteThreadAbsent(ledger.db, { threadId: t1, begunAt: now, now, timing: ledger.timing });
    };
    expect(await absent()).toBe('missing');
    await ledger.read('t1', [M1, M2]);
    expect(await absent()).toBe('missing');
  });
});
