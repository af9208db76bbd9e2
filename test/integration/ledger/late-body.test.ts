import { describe, expect, it } from 'vitest';
import { escalateMessage, readContent, waitMessage } from '../../../src/ledger/lifecycles.js';
import { MINUTE } from '../../support/clock.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';
import { testLedger } from '../../support/ledger.js';
import { assertTrail } from '../../support/trail.js';

const EMPTY = { text: null, html: null } as const;

/** A live source with one message that has no body, taken up by a lifecycle. */
async function withEmptyMessage() {
  const ledger = await testLedger();
  await ledger.bind({ firstMode: 'live', answerFrom: new Date('2026-01-01T00:00:00Z') });
  await ledger.list([incomingThread('t1')]);
  await ledger.read('t1', [incomingMessage('m1', EMPTY)]);
  return { ledger, carried: await ledger.carry('m1') };
}

describe('a body that comes late', () => {
  it('is a version of a message that still waits for it', async () => {
    const { ledger, carried } = await withEmptyMessage();
    const { db, clock } = ledger;
    const until = new Date(clock.now().getTime() + MINUTE);
    await waitMessage(db, carried, 'body', until, clock.now());
    clock.advance(MINUTE);
    await ledger.read('t1', [incomingMessage('m1')]);
    expect(await ledger.message('m1')).toMatchObject({ state: 'waiting', waitingKind: 'body' });
    expect((await readContent(db, carried.id)).text).toBe('Where is my parcel? (m1)');
    await assertTrail(db, carried.id, ['recorded', 'carried', 'waiting for body', 'body_arrived']);
  });

  it('carries a message again that ended because it had none, once', async () => {
    const { ledger, carried } = await withEmptyMessage();
    const { db, clock } = ledger;
    await db.transaction((tx) => escalateMessage(tx, carried, 'empty_body', clock.now()));
    expect(await ledger.message('m1')).toMatchObject({ state: 'ended', disposition: 'escalated' });
    await ledger.read('t1', [incomingMessage('m1')]);
    expect(await ledger.message('m1')).toMatchObject({
      state: 'recorded',
      disposition: null,
      reason: null,
      caseId: null,
    });
    // The case asked about a message without words; left open it would keep the thread from ever being answered.
    expect(await db.$queryRaw`SELECT state FROM "case"`).toEqual([{ state: 'resolved' }]);
    await ledger.read('t1', [incomingMessage('m1')]);
    expect((await ledger.carry('m1')).carry).toBe(2);
    await assertTrail(db, carried.id, [
      'recorded',
      'carried',
      'ended escalated (empty_body)',
      'body_arrived',
      'reopened',
      'carried',
    ]);
  });

  it('is looked for early: the visit comes when the message wants it, not when the thread is due', async () => {
    const { ledger, carried } = await withEmptyMessage();
    const { db, clock } = ledger;
    const until = new Date(clock.now().getTime() + MINUTE);
    await waitMessage(db, carried, 'body', until, clock.now());
    await ledger.read('t1', [incomingMessage('m1', EMPTY)]);
    expect(await db.$queryRaw`SELECT due_at AS at FROM thread_due`).toEqual([{ at: until }]);
  });

  it('an attachment counts as a body: such a message is not empty', async () => {
    const { ledger } = await withEmptyMessage();
    const attachments = [{ providerAttachmentId: 'a1', name: null, contentType: null, size: null }];
    await ledger.read('t1', [incomingMessage('m2', { ...EMPTY, attachments })]);
    expect((await ledger.carry('m2')).hasBody).toBe(true);
    expect((await ledger.carry('m1')).hasBody).toBe(false);
  });
});
