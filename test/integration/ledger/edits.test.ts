import { describe, expect, it } from 'vitest';
import { checkBalance } from '../../../src/assurance/balance.js';
import { endMessage, parkMessage, readContent, waitMessage } from '../../../src/ledger/lifecycles.js';
import { moveReply, readReply } from '../../../src/ledger/outbox.js';
import { HOUR, MINUTE } from '../../support/clock.js';
import { incomingMessage, incomingThread, outgoingMessage } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { prepareReply } from '../../support/prepare-reply.js';
import { assertTrail, trailOf } from '../../support/trail.js';

const EDIT = { text: 'Please cancel my order.' };

async function liveLedger(): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind({ firstMode: 'live', answerFrom: new Date(0) });
  await ledger.list([incomingThread('t1'), incomingThread('t2')]);
  await ledger.read('t1', [incomingMessage('m1')]);
  return ledger;
}
const edit = (ledger: TestLedger, more = {}) => ledger.read('t1', [incomingMessage('m1', { ...EDIT, ...more })]);
const cases = ({ db }: TestLedger) =>
  db.$queryRaw<{ reason: string; state: string }[]>`SELECT reason, state FROM "case"`;

describe('an edit', () => {
  it('of a message in flight is its newest version and takes back a reply that has not left', async () => {
    const ledger = await liveLedger();
    const { db, clock } = ledger;
    const message = await ledger.carry('m1');
    await prepareReply(db, message, 'delivery_status', 'On its way.', clock.now());
    await edit(ledger);
    expect((await readReply(db, message.id))?.state).toBe('withdrawn');
    expect((await readContent(db, message.id)).text).toBe(EDIT.text);
    await assertTrail(db, message.id, [
      'recorded',
      'carried',
      'reply_prepared',
      'edited',
      'reply_withdrawn because edited',
    ]);
    await prepareReply(db, message, 'cancellation', 'It is cancelled.', clock.now());
    expect(await readReply(db, message.id)).toMatchObject({ state: 'pending', text: 'It is cancelled.' });
  });

  it('of an answered message is a version and a case for a person; nothing is answered again', async () => {
    const ledger = await liveLedger();
    const { db, clock } = ledger;
    const message = await ledger.carry('m1');
    await prepareReply(db, message, 'delivery_status', 'On its way.', clock.now());
    const reply = await readReply(db, message.id);
    await moveReply(db, reply?.id ?? '', { from: ['pending'], to: 'accepted', fence: null, now: clock.now() });
    const ending = { disposition: 'answered', reason: 'accepted' } as const;
    await endMessage(db, { messageId: message.id, carry: message.carry, ...ending, now: clock.now() });
    await edit(ledger);
    expect(await ledger.message('m1')).toMatchObject({ state: 'ended', disposition: 'answered' });
    expect(await cases(ledger)).toEqual([{ reason: 'edited_after_answer', state: 'open' }]);
    expect(await checkBalance(db)).toMatchObject({ balanced: true });
  });

  it('while a reply is on its way is a case as well, since the reply answers the older words', async () => {
    const ledger = await liveLedger();
    const { db, clock } = ledger;
    const message = await ledger.carry('m1');
    await prepareReply(db, message, 'delivery_status', 'On its way.', clock.now());
    const reply = await readReply(db, message.id);
    await moveReply(db, reply?.id ?? '', { from: ['pending'], to: 'posting', fence: null, now: clock.now() });
    await edit(ledger);
    expect((await readReply(db, message.id))?.state).toBe('posting');
    expect(await cases(ledger)).toEqual([{ reason: 'edited_after_answer', state: 'open' }]);
  });

  it('of a message that was parked with its reply unsent takes the reply back: older words are not answered', async () => {
    const ledger = await liveLedger();
    const { db, clock } = ledger;
    const message = await ledger.carry('m1');
    await prepareReply(db, message, 'delivery_status', 'On its way.', clock.now());
    await parkMessage(db, message, 'sendReply', clock.now());
    await edit(ledger);
    await prepareReply(db, await ledger.carry('m1'), 'cancellation', 'It is cancelled.', clock.now());
    expect(await readReply(db, message.id)).toMatchObject({ state: 'pending', text: 'It is cancelled.' });
  });

  it('of a parked message, or of one that was ignored for its words, carries it again', async () => {
    const ledger = await liveLedger();
    const { db, clock } = ledger;
    await parkMessage(db, await ledger.carry('m1'), 'decide', clock.now());
    expect(await edit(ledger)).toMatchObject({ open: 1 });
    const again = await ledger.carry('m1');
    expect(again.carry).toBe(2);
    await endMessage(db, {
      messageId: again.id,
      carry: again.carry,
      disposition: 'ignored',
      reason: 'bulk_mail',
      now: clock.now(),
    });
    await edit(ledger, { text: 'A third wording.' });
    expect(await ledger.message('m1')).toMatchObject({ state: 'recorded', disposition: null, reason: null });
    expect((await trailOf(db, again.id)).filter((line) => line === 'reopened')).toHaveLength(2);
  });

  it('adds the attachments that come with it, and takes none away', async () => {
    const ledger = await liveLedger();
    const file = (id: string) => ({ providerAttachmentId: id, name: id, contentType: null, size: 1 });
    await edit(ledger, { attachments: [file('a1')] });
    await edit(ledger, { attachments: [file('a2')] });
    expect(await ledger.db.$queryRaw`SELECT provider_attachment_id AS id, state FROM attachment ORDER BY 1`).toEqual([
      { id: 'a1', state: 'named' },
      { id: 'a2', state: 'named' },
    ]);
  });

  it('is no edit where only recipients or headers differ: they tell of the delivery, not of the words', async () => {
    const ledger = await liveLedger();
    await ledger.read('t1', [
      incomingMessage('m1', {
        headers: { 'x-spam-score': '3' },
        to: [{ kind: 'email', value: 'b@example.org', name: null }],
      }),
    ]);
    expect(await ledger.count('message_body')).toBe(1);
    await assertTrail(ledger.db, (await ledger.message('m1')).id, ['recorded']);
  });

  it('of an outbound message is a version and nothing else', async () => {
    const ledger = await liveLedger();
    await ledger.read('t1', [outgoingMessage('o1')]);
    await ledger.read('t1', [outgoingMessage('o1', { text: 'Other words.' })]);
    await assertTrail(ledger.db, (await ledger.message('o1')).id, [
      'recorded',
      'ended outbound (person_reply)',
      'edited',
    ]);
  });
});

describe('twins that change', () => {
  const MAIL = { messageIdHeader: '<same@example.com>', text: 'Where is my parcel?' };
  const copy = (id: string, more = {}) => incomingMessage(id, { ...MAIL, ...more });

  it('a copy that is listed before its body ends as the duplicate that it is, once the body comes', async () => {
    const ledger = await liveLedger();
    const { db, clock } = ledger;
    await ledger.read('t1', [copy('a')]);
    await ledger.read('t2', [copy('b', { text: null })]);
    const message = await ledger.carry('b');
    await waitMessage(db, message, 'body', new Date(clock.now().getTime() + MINUTE), clock.now());
    await ledger.read('t2', [copy('b')]);
    const first = await ledger.message('a');
    expect(await ledger.message('b')).toMatchObject({ disposition: 'duplicate_of', reason: 'twin', other: first.id });
    expect(first.state).toBe('recorded');
    expect(await checkBalance(db)).toMatchObject({ balanced: true });
  });

  it('of two copies listed empty exactly one is carried when the bodies come, in whatever order', async () => {
    for (const order of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      const ledger = await liveLedger();
      await ledger.read('t1', [copy('a', { text: null })]);
      await ledger.read('t2', [copy('b', { text: null })]);
      for (const id of order) await ledger.read(id === 'a' ? 't1' : 't2', [copy(id)]);
      const both = [await ledger.message('a'), await ledger.message('b')];
      expect(both.map(({ state }) => state).sort()).toEqual(['ended', 'recorded']);
      expect(await checkBalance(ledger.db)).toMatchObject({ balanced: true });
    }
  });

  it('a duplicate whose words change is a message of its own [loss case 26]', async () => {
    const ledger = await liveLedger();
    await ledger.read('t1', [copy('a')]);
    await ledger.read('t2', [copy('b')]);
    expect(await ledger.message('b')).toMatchObject({ disposition: 'duplicate_of' });
    await ledger.read('t2', [copy('b', { text: 'And another thing.' })]);
    expect(await ledger.message('b')).toMatchObject({ state: 'recorded', other: null });
  });

  it('a copy does not end with a first one that is gone unanswered [loss case 33]', async () => {
    const ledger = await liveLedger();
    await ledger.read('t1', [copy('a')]);
    for (let reading = 0; reading < 2; reading++) {
      ledger.clock.advance(MINUTE);
      await ledger.read('t1', [incomingMessage('m1')]);
    }
    await ledger.read('t2', [copy('b')]);
    expect((await ledger.message('b')).state).toBe('recorded');
    await ledger.read('t2', [copy('b'), copy('c')]);
    expect(await ledger.message('c')).toMatchObject({ other: (await ledger.message('b')).id });
  });

  it('a copy does not end with a first one that lies under spam, or in a source that only observes [loss case 33]', async () => {
    const ledger = await liveLedger();
    const { db, clock } = ledger;
    await ledger.read('t1', [copy('a')]);
    const { id: messageId, carry } = await ledger.carry('a');
    await endMessage(db, { messageId, carry, disposition: 'ignored', reason: 'spam_thread', now: clock.now() });
    await ledger.read('t2', [copy('b')]);
    expect((await ledger.message('b')).state).toBe('recorded');

    await ledger.bind({ name: 'observed', firstMode: 'observe' });
    await ledger.list([incomingThread('t1')], { source: 'observed' });
    const seen = copy('x', { messageIdHeader: '<observed-first@example.com>' });
    await ledger.read('t1', [seen], { source: 'observed' });
    await ledger.read('t2', [{ ...seen, providerMessageId: 'y' }]);
    expect(await ledger.message('x', 'observed')).toMatchObject({ reason: 'observed_only' });
    expect((await ledger.message('y')).state).toBe('recorded');
  });
});

describe('the status of a thread', () => {
  const status = async (ledger: TestLedger, to: string) => {
    ledger.clock.advance(HOUR);
    await ledger.list([incomingThread('t1', { status: to })]);
  };

  it('is kept with what it was before, and is not written again where it is the same', async () => {
    const ledger = await liveLedger();
    for (const to of ['open', 'spam', 'spam', 'closed']) await status(ledger, to);
    expect(await ledger.db.$queryRaw`SELECT was, status FROM thread_status ORDER BY changed_at`).toEqual([
      { was: 'open', status: 'spam' },
      { was: 'spam', status: 'closed' },
    ]);
  });

  it('out of spam carries again what ended only because of it, once', async () => {
    const ledger = await liveLedger();
    const { db, clock } = ledger;
    await status(ledger, 'spam');
    await ledger.read('t1', [incomingMessage('m1'), incomingMessage('m2')]);
    const ends = { m1: 'spam_thread', m2: 'bulk_mail' } as const;
    for (const [id, reason] of Object.entries(ends)) {
      const { id: messageId, carry } = await ledger.carry(id);
      await endMessage(db, {
        messageId,
        carry,
        disposition: 'ignored',
        reason: reason as 'bulk_mail',
        now: clock.now(),
      });
    }
    await status(ledger, 'snoozed');
    expect((await ledger.message('m1')).state).toBe('ended');
    await status(ledger, 'spam');
    await status(ledger, 'open');
    expect((await ledger.message('m1')).state).toBe('recorded');
    expect((await ledger.message('m2')).state).toBe('ended');
    expect((await trailOf(db, (await ledger.message('m1')).id)).at(-1)).toBe('reopened');
    expect(await checkBalance(db)).toMatchObject({ balanced: true });
  });
});
