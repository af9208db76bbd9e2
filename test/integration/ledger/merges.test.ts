import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkBalance } from '../../../src/assurance/balance.js';
import type { Sql } from '../../../src/ledger/database.js';
import { holdMessage, lockMessage } from '../../../src/ledger/hold-messages.js';
import { escalateMessage, takeTurn } from '../../../src/ledger/lifecycles.js';
import { readReply } from '../../../src/ledger/outbox.js';
import { dueThreads, hurryThread, lockThread, noteThreadAbsent, readThread } from '../../../src/ledger/visits.js';
import { MINUTE } from '../../support/clock.js';
import { eventually } from '../../support/eventually.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { prepareReply } from '../../support/prepare-reply.js';
import { trailOf } from '../../support/trail.js';

const [LOST, KEPT] = [incomingMessage('lost'), incomingMessage('kept')];

/** Two threads of one message each, of which the provider then shows both under the second. */
async function twoThreads(): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind({ firstMode: 'live', answerFrom: new Date(0) });
  await ledger.list([incomingThread('t1'), incomingThread('t2')]);
  await ledger.read('t1', [LOST]);
  await ledger.read('t2', [KEPT]);
  ledger.clock.advance(MINUTE);
  return ledger;
}
const merge = (ledger: TestLedger) => ledger.read('t2', [LOST, KEPT]);
const waitingForLocks = async ({ $queryRaw }: Sql): Promise<number> =>
  (
    await $queryRaw<unknown[]>`
      SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  ).length;
const mergedInto = async ({ db }: TestLedger, id: string) =>
  (await db.$queryRaw<{ into: string | null }[]>`SELECT merged_into AS into FROM thread WHERE id = ${id}::uuid`)[0]
    ?.into;

describe('a thread that was merged into another', () => {
  it('is followed by its messages, with the history of where they stood [loss case 30]', async () => {
    const ledger = await twoThreads();
    const [t1, t2] = [await ledger.threadId('t1'), await ledger.threadId('t2')];
    expect(await merge(ledger)).toMatchObject({ known: 2, stored: 0 });
    expect((await ledger.message('lost')).threadId).toBe(t2);
    expect(await mergedInto(ledger, t1)).toBe(t2);
    expect(await ledger.db.$queryRaw`SELECT from_thread_id, to_thread_id, moved_at FROM message_move`).toEqual([
      { from_thread_id: t1, to_thread_id: t2, moved_at: ledger.clock.now() },
    ]);
    expect(await dueThreads(ledger.db, 'dashboard', ledger.clock.now(), 10)).toEqual([t1]);
    expect(await checkBalance(ledger.db)).toMatchObject({ balanced: true });
  });

  it('takes the reply that is being written and the turn along', async () => {
    const ledger = await twoThreads();
    const { db, clock } = ledger;
    const message = await ledger.carry('lost');
    await takeTurn(db, message, clock.now());
    await prepareReply(db, message, 'delivery_status', 'On its way.', clock.now());
    await merge(ledger);
    const t2 = await ledger.threadId('t2');
    expect((await readReply(db, message.id))?.threadId).toBe(t2);
    expect(await db.$queryRaw`SELECT thread_id, message_id FROM thread_turn`).toEqual([
      { thread_id: t2, message_id: message.id },
    ]);
  });

  it('leaves the turn to whoever has it in the survivor', async () => {
    const ledger = await twoThreads();
    const { db, clock } = ledger;
    for (const id of ['lost', 'kept']) await takeTurn(db, await ledger.carry(id), clock.now());
    await merge(ledger);
    const kept = await ledger.message('kept');
    expect(await db.$queryRaw`SELECT message_id FROM thread_turn`).toEqual([{ message_id: kept.id }]);
  });

  it('takes its open case along, so that the survivor is with the person', async () => {
    const ledger = await twoThreads();
    const { db, clock } = ledger;
    await db.transaction(async (tx) => escalateMessage(tx, await ledger.carry('lost'), 'unknown_intent', clock.now()));
    await merge(ledger);
    expect(await db.$queryRaw`SELECT thread_id, state FROM "case"`).toEqual([
      { thread_id: await ledger.threadId('t2'), state: 'open' },
    ]);
  });

  it('joins its open case into the one of the survivor, and its message names that one', async () => {
    const ledger = await twoThreads();
    const { db, clock } = ledger;
    for (const id of ['lost', 'kept']) {
      const message = await ledger.carry(id);
      await db.transaction((tx) => escalateMessage(tx, message, 'unknown_intent', clock.now()));
    }
    const [lost, kept] = [await ledger.message('lost'), await ledger.message('kept')];
    await merge(ledger);
    expect(await db.$queryRaw`SELECT id, state, joined_into FROM "case" ORDER BY state`).toEqual([
      { id: kept.caseId, state: 'open', joined_into: null },
      { id: lost.caseId, state: 'resolved', joined_into: kept.caseId },
    ]);
    expect((await ledger.message('lost')).caseId).toBe(kept.caseId);
    expect(await checkBalance(db)).toMatchObject({ balanced: true });
  });

  it('and is gone before its survivor is read is found again there', async () => {
    const ledger = await twoThreads();
    const t1 = await ledger.threadId('t1');
    for (let answers = 0; answers < 2; answers++) {
      const now = ledger.clock.advance(MINUTE);
      await noteThreadAbsent(ledger.db, { threadId: t1, begunAt: now, now, timing: ledger.timing });
    }
    const { id } = await ledger.message('lost');
    expect(await trailOf(ledger.db, id)).toEqual(['recorded', 'gone']);
    await merge(ledger);
    expect(await trailOf(ledger.db, id)).toEqual(['recorded', 'gone', 'moved', 'back']);
    expect(await mergedInto(ledger, t1)).toBe(await ledger.threadId('t2'));
    expect(await checkBalance(ledger.db)).toMatchObject({ balanced: true });
  });

  it('sends a hint about itself on to its survivor, through every merge in between', async () => {
    const ledger = await twoThreads();
    await ledger.list([incomingThread('t3')]);
    await merge(ledger);
    await ledger.read('t3', [LOST, KEPT, incomingMessage('m3')]);
    const [t1, t3] = [await ledger.threadId('t1'), await ledger.threadId('t3')];
    expect(await mergedInto(ledger, t1)).toBe(t3);
    await ledger.db.$executeRaw`DELETE FROM thread_due`;
    await hurryThread(ledger.db, t1, ledger.clock.now());
    expect((await dueThreads(ledger.db, 'dashboard', ledger.clock.now(), 10)).sort()).toEqual([t1, t3].sort());
  });

  it('is no longer merged when messages stand in it again', async () => {
    const ledger = await twoThreads();
    const t1 = await ledger.threadId('t1');
    await merge(ledger);
    await ledger.read('t1', [LOST]);
    expect(await mergedInto(ledger, t1)).toBeNull();
    expect(await checkBalance(ledger.db)).toMatchObject({ balanced: true });
  });

  it('a step that waits for the lock of the lost thread goes on in the survivor', async () => {
    const ledger = await twoThreads();
    const { db } = ledger;
    const message = await ledger.carry('lost');
    const step = async () => db.transaction((tx) => holdMessage(tx, message.id, message.carry));
    const [held] = await Promise.all([step(), merge(ledger)]);
    const later = await step();
    expect(held?.message.threadId).toBe(held?.thread.id);
    expect(later?.thread.id).toBe(await ledger.threadId('t2'));
  });

  it('a step that waits while a merge moves its message holds both as they are then', async () => {
    const ledger = await twoThreads();
    const { db } = ledger;
    const message = await ledger.carry('lost');
    const survivor = await ledger.threadId('t2');
    const step = await db.transaction(async (tx) => {
      await lockThread(tx, message.threadId);
      const waiting = db.transaction((other) => holdMessage(other, message.id, message.carry));
      await eventually('the step waits for the thread', async () => (await waitingForLocks(db)) > 0);
      await tx.$executeRaw`UPDATE message SET thread_id = ${survivor}::uuid WHERE id = ${message.id}::uuid`;
      return { waiting };
    });
    const held = await step.waiting;
    expect([held?.thread.id, held?.message.threadId]).toEqual([survivor, survivor]);
  });

  it('a message that the ledger does not hold is not waited for', async () => {
    const { db } = await testLedger();
    await expect(db.transaction((tx) => lockMessage(tx, randomUUID()))).rejects.toThrow(/gave no row/);
  });

  it('a message that moves alone leaves its thread and the case of it where they are', async () => {
    const ledger = await twoThreads();
    const { db, clock } = ledger;
    await ledger.read('t1', [LOST, incomingMessage('stays')]);
    await db.transaction(async (tx) => escalateMessage(tx, await ledger.carry('stays'), 'unknown_intent', clock.now()));
    await merge(ledger);
    const t1 = await ledger.threadId('t1');
    expect(await mergedInto(ledger, t1)).toBeNull();
    expect((await readThread(db, t1)).goneAt).toBeNull();
    expect(await db.$queryRaw`SELECT thread_id FROM "case"`).toEqual([{ thread_id: t1 }]);
  });
});
