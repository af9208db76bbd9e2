import { describe, expect, it } from 'vitest';
import { checkBalance } from '../../../src/assurance/balance.js';
import { sendReply } from '../../../src/delivery/send-reply.js';
import { moveReply } from '../../../src/ledger/outbox.js';
import { MINUTE } from '../../support/clock.js';
import { preparedReply } from './prepared.js';

/** The last instant at which a reply can still show: the request's deadline and the time to become visible. */
const visibleBy = (test: { timing: { sendDeadlineMs: number; visibleWithinMs: number } }): number =>
  test.timing.sendDeadlineMs + test.timing.visibleWithinMs;

describe('a connection that breaks after the post', () => {
  it('leaves a doubt; the reply that then shows in the thread was the answer, and none is sent again', async () => {
    const test = await preparedReply();
    test.server.willAnswer({ kind: 'executed and broken' });
    expect(await test.send()).toMatchObject({ kind: 'wait', for: 'confirmation' });
    expect(await test.ending()).toMatchObject({ state: 'waiting', waitingKind: 'confirmation' });
    test.clock.advance(visibleBy(test));
    expect(await test.send()).toMatchObject({ disposition: 'answered', reason: 'seen_in_thread' });
    expect(test.server.posts).toHaveLength(1);
    await test.assertTrail([
      ...['reply_looked', 'reply_posting', 'reply_doubtful', 'waiting for confirmation', 'failed ReplyDoubtful'],
      ...['reply_confirmed', 'reply_looked', 'reply_accepted', 'ended answered (seen_in_thread)'],
    ]);
    expect(await checkBalance(test.db)).toMatchObject({ balanced: true });
  });

  it('a reply that does not show in time is a case for a person and is never sent again', async () => {
    const test = await preparedReply();
    test.server.willAnswer({ kind: 'broken' });
    await test.send();
    test.clock.advance(visibleBy(test));
    expect(await test.send()).toMatchObject({ disposition: 'escalated', reason: 'reply_unconfirmed' });
    expect((await test.reply()).state).toBe('unconfirmed');
    for (let attempt = 0; attempt < 3; attempt++) await test.send();
    expect(test.server.posts).toHaveLength(1);
    await test.assertTrail([
      ...['reply_looked', 'reply_posting', 'reply_doubtful', 'waiting for confirmation', 'failed ReplyDoubtful'],
      ...['reply_looked', 'ended escalated (reply_unconfirmed)'],
    ]);
    expect(await checkBalance(test.db)).toMatchObject({ balanced: true });
  });

  it('a reply that is executed later still is confirmed by the visit that sees it', async () => {
    const test = await preparedReply();
    test.server.willAnswer({ kind: 'broken' });
    await test.send();
    test.clock.advance(visibleBy(test));
    await test.send();
    const [post] = test.server.posts;
    if (post) test.server.execute(post);
    await test.visit();
    expect(await test.db.$queryRaw`SELECT confirmed_at, provider_message_id FROM outbox`).toEqual([
      { confirmed_at: test.clock.now(), provider_message_id: 'reply-1' },
    ]);
    expect(await test.ledger.message('reply-1')).toMatchObject({ disposition: 'outbound', reason: 'our_reply' });
  });

  it('an attempt that is woken too early waits for the rest instead of giving up', async () => {
    const test = await preparedReply();
    test.server.willAnswer({ kind: 'broken' });
    const first = await test.send();
    test.clock.advance(1_000);
    expect(await test.send()).toEqual(first);
    const [post] = test.server.posts;
    if (post) test.server.execute(post);
    test.clock.advance(visibleBy(test));
    expect(await test.send()).toMatchObject({ disposition: 'answered', reason: 'seen_in_thread' });
  });

  it('an answer of 500 is a doubt as well: it may have been executed', async () => {
    const test = await preparedReply();
    test.server.willAnswer({ kind: 'refused', status: 500 });
    expect(await test.send()).toMatchObject({ kind: 'wait', for: 'confirmation' });
    test.clock.advance(visibleBy(test));
    expect(await test.send()).toMatchObject({ reason: 'reply_unconfirmed' });
    expect(test.server.posts).toHaveLength(1);
  });

  it('a source that goes back to observe meanwhile is still looked at, and nothing is sent', async () => {
    const test = await preparedReply();
    test.server.willAnswer({ kind: 'executed and broken' });
    await test.send();
    await test.ledger.bind({ origin: test.server.url, mode: 'observe' });
    test.clock.advance(visibleBy(test));
    expect(await test.send()).toMatchObject({ disposition: 'answered', reason: 'seen_in_thread' });
    expect(test.server.posts).toHaveLength(1);
  });
});

describe('a worker that dies between the post and its answer', () => {
  /** What the ledger holds then: the reply is `posting`, and nobody knows what came of it. */
  async function crashed({ executed }: { executed: boolean }) {
    const test = await preparedReply();
    const { db, clock, server } = test;
    const reply = await test.reply();
    const looking = await moveReply(db, reply.id, { from: ['pending'], to: 'looking', fence: null, now: clock.now() });
    await moveReply(db, reply.id, { from: ['looking'], to: 'posting', fence: looking, now: clock.now() });
    if (executed) {
      const { text, clientRef, idempotencyKey } = reply;
      await server.client.postReply({ providerThreadId: 't1', text, clientRef, idempotencyKey });
    }
    return test;
  }

  it('is followed by no second post where the reply was executed', async () => {
    const test = await crashed({ executed: true });
    expect(await test.send()).toMatchObject({ kind: 'wait', for: 'confirmation' });
    test.clock.advance(visibleBy(test));
    expect(await test.send()).toMatchObject({ disposition: 'answered', reason: 'seen_in_thread' });
    expect(test.server.posts).toHaveLength(1);
  });

  it('is followed by no post at all where it was not: a person has it', async () => {
    const test = await crashed({ executed: false });
    await test.send();
    test.clock.advance(visibleBy(test));
    expect(await test.send()).toMatchObject({ disposition: 'escalated', reason: 'reply_unconfirmed' });
    expect(test.server.posts).toEqual([]);
  });

  it('carried again by another run it is no second post either', async () => {
    const test = await crashed({ executed: true });
    const again = await test.ledger.carry('m1');
    const send = () => sendReply(test.deps, { messageId: again.id, carry: again.carry, attempt: 1 });
    expect(await send()).toMatchObject({ kind: 'wait', for: 'confirmation' });
    test.clock.advance(visibleBy(test));
    expect(await send()).toMatchObject({ disposition: 'answered' });
    expect(test.server.posts).toHaveLength(1);
  });

  it('long ago is looked at without another wait', async () => {
    const test = await crashed({ executed: true });
    test.clock.advance(30 * MINUTE);
    const wait = await test.send();
    expect(wait.kind === 'wait' && Date.parse(wait.until) <= test.clock.now().getTime()).toBe(true);
    expect(await test.send()).toMatchObject({ disposition: 'answered', reason: 'seen_in_thread' });
  });
});

describe('two attempts at once', () => {
  it('send one reply between them, and the message is answered', async () => {
    const test = await preparedReply();
    const { id, carry } = test.message;
    const attempt = (number: number) => sendReply(test.deps, { messageId: id, carry, attempt: number });
    await Promise.all([attempt(1), attempt(2), attempt(3)]);
    expect(test.server.posts).toHaveLength(1);
    test.clock.advance(visibleBy(test));
    await test.send();
    expect(await test.ending()).toMatchObject({ disposition: 'answered' });
    expect(test.server.posts).toHaveLength(1);
    expect(await checkBalance(test.db)).toMatchObject({ balanced: true });
  });

  it('the one that was overtaken while it looked does not post, however late it comes back', async () => {
    const test = await preparedReply();
    const { id, carry } = test.message;
    const nextLook = test.server.holdLooks();
    const attempt = (number: number) => sendReply(test.deps, { messageId: id, carry, attempt: number });
    const slow = attempt(1);
    const answerSlow = await nextLook();
    const fast = attempt(2);
    const answerFast = await nextLook();
    answerSlow();
    expect(await slow).toEqual({ kind: 'again' });
    answerFast();
    expect(await fast).toMatchObject({ disposition: 'answered' });
    expect(test.server.posts).toHaveLength(1);
  });
});
