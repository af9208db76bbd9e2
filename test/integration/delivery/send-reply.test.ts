import { describe, expect, it } from 'vitest';
import { checkBalance } from '../../../src/assurance/balance.js';
import { replyIdempotencyKey, replyRef } from '../../../src/domain/identity.js';
import { HOUR, iso, MINUTE } from '../../support/clock.js';
import { openCalls, preparedReply, TEXT } from './prepared.js';

describe('sending a reply', () => {
  it('looks, posts once with the derived keys, records the answer and ends the message', async () => {
    const test = await preparedReply();
    expect(await test.send()).toMatchObject({ kind: 'ended', disposition: 'answered', reason: 'accepted', wake: [] });
    const { id } = test.message;
    expect(test.server.posts).toEqual([
      { threadId: 't1', text: TEXT, clientRef: replyRef(id), idempotencyKey: replyIdempotencyKey(id) },
    ]);
    expect((await test.reply()).state).toBe('accepted');
    expect(await test.ledger.message('reply-1')).toMatchObject({ disposition: 'outbound', reason: 'our_reply' });
    await test.assertTrail(['reply_looked', 'reply_posting', 'reply_accepted', 'ended answered (accepted)']);
    expect(await test.ledger.count('thread_turn')).toBe(0);
    expect(await openCalls(test)).toBe(0);
    expect(await checkBalance(test.db)).toMatchObject({ balanced: true });
  });

  it('asked again after its end posts nothing and gives the same ending', async () => {
    const test = await preparedReply();
    const first = await test.send();
    expect(await test.send()).toEqual(first);
    expect(test.server.posts).toHaveLength(1);
  });

  it('of an older carry does nothing', async () => {
    const test = await preparedReply();
    await test.ledger.carry('m1');
    await test.send();
    expect(test.server.posts).toEqual([]);
    expect((await test.ending()).state).toBe('carried');
  });

  it('that a visit then sees in the thread is confirmed, once', async () => {
    const test = await preparedReply();
    await test.send();
    test.clock.advance(MINUTE);
    await test.visit();
    await test.visit();
    await test.assertTrail([
      ...['reply_looked', 'reply_posting', 'reply_accepted', 'ended answered (accepted)'],
      'reply_confirmed',
    ]);
  });

  it('answers earlier open messages of the thread with it, and wakes their lifecycles', async () => {
    const test = await preparedReply();
    test.server.shows({ id: 'm0', received_at: iso(-2 * HOUR), text: 'Hello?' });
    await test.visit();
    const earlier = await test.ledger.message('m0');
    test.clock.advance(2 * MINUTE);
    expect(await test.send()).toMatchObject({
      disposition: 'answered',
      wake: [`message/dashboard/${earlier.id}`],
    });
    expect(await test.ledger.message('m0')).toMatchObject({
      disposition: 'answered_with',
      reason: 'burst',
      other: test.message.id,
    });
    expect(await checkBalance(test.db)).toMatchObject({ balanced: true });
  });
});

describe('what the look shows first', () => {
  it('our own reply: the message is answered and nothing is posted', async () => {
    const test = await preparedReply();
    test.server.shows({ id: 'seen', direction: 'outbound', client_ref: replyRef(test.message.id) });
    expect(await test.send()).toMatchObject({ disposition: 'answered', reason: 'seen_in_thread' });
    expect(test.server.posts).toEqual([]);
    await test.assertTrail(['reply_confirmed', 'reply_looked', 'reply_accepted', 'ended answered (seen_in_thread)']);
  });

  it("a person's reply: the message is superseded and nothing is posted", async () => {
    const test = await preparedReply();
    test.clock.advance(MINUTE);
    test.server.shows({ id: 'person', direction: 'outbound', text: 'I have looked into it.' });
    expect(await test.send()).toMatchObject({ disposition: 'superseded_by', reason: 'person_replied_first' });
    expect(test.server.posts).toEqual([]);
    expect(await test.ending()).toMatchObject({ other: (await test.ledger.message('person')).id });
    await test.assertTrail([
      'reply_looked',
      'reply_withdrawn because person_replied_first',
      'ended superseded_by (person_replied_first)',
    ]);
    expect(await openCalls(test)).toBe(0);
    expect(await checkBalance(test.db)).toMatchObject({ balanced: true });
  });

  it('a newer message of the customer: the decision is made anew and nothing is posted', async () => {
    const test = await preparedReply();
    test.clock.advance(MINUTE);
    test.server.shows({ id: 'm2', text: 'It has arrived, thank you.' });
    expect(await test.send()).toEqual({ kind: 'again' });
    expect(test.server.posts).toEqual([]);
    expect((await test.ledger.message('m2')).state).toBe('recorded');
    expect(await openCalls(test)).toBe(0);
  });

  it('other words under the message that is answered: the reply is taken back and decided anew', async () => {
    const test = await preparedReply();
    test.server.shows({ id: 'm1', received_at: iso(-HOUR), text: 'Please cancel my order.' });
    expect(await test.send()).toEqual({ kind: 'again' });
    expect(await test.send()).toEqual({ kind: 'again' });
    expect(test.server.posts).toEqual([]);
    expect((await test.reply()).state).toBe('withdrawn');
    await test.assertTrail(['edited', 'reply_withdrawn because edited', 'reply_looked']);
    expect(await openCalls(test)).toBe(0);
  });

  it('not the message that is answered: a person has it, nothing is posted, and a visit is to say where it is', async () => {
    const test = await preparedReply();
    test.server.removes('m1');
    await test.db.$executeRaw`DELETE FROM thread_due`;
    expect(await test.send()).toMatchObject({ disposition: 'escalated', reason: 'gone_at_provider' });
    expect(test.server.posts).toEqual([]);
    expect(await checkBalance(test.db)).toMatchObject({ balanced: true });
    expect(await test.db.$queryRaw`SELECT due_at FROM thread_due`).toEqual([{ due_at: test.clock.now() }]);
  });

  it('a message that lies deeper than four pages: a person has it, and nothing is posted', async () => {
    const test = await preparedReply();
    for (let index = 0; index < 100; index++) {
      test.server.shows({ id: `old ${index}`, direction: 'outbound', received_at: iso(-HOUR + index + 1) });
    }
    expect(await test.send()).toMatchObject({ disposition: 'escalated', reason: 'thread_too_long' });
    expect(test.server.posts).toEqual([]);
    expect(test.server.looks()).toBe(1 + 4);
  });
});

describe('a refusal', () => {
  it('429 leaves nothing sent; once its Retry-After has passed the reply goes out exactly once', async () => {
    const test = await preparedReply();
    test.server.willAnswer({ kind: 'refused', status: 429, headers: { 'retry-after': '30' } });
    await expect(test.send()).rejects.toMatchObject({ type: 'SourceRateLimited', retryAfterMs: 30_000 });
    expect((await test.reply()).state).toBe('looking');
    await expect(test.send()).rejects.toMatchObject({ type: 'SourceBlocked' });
    const asked = test.server.looks();
    test.clock.advance(30_000);
    expect(await test.send()).toMatchObject({ disposition: 'answered', reason: 'accepted' });
    expect(test.server.looks()).toBe(asked + 1);
    expect(test.server.posts).toHaveLength(2);
    await test.assertTrail([
      ...['reply_looked', 'reply_posting', 'failed SourceRateLimited'],
      ...['reply_looked', 'reply_posting', 'reply_accepted', 'ended answered (accepted)'],
    ]);
  });

  it('422 gives the message to a person and withdraws the reply', async () => {
    const test = await preparedReply();
    test.server.willAnswer({ kind: 'refused', status: 422 });
    expect(await test.send()).toMatchObject({ disposition: 'escalated', reason: 'reply_refused' });
    await test.assertTrail([
      ...['reply_looked', 'reply_posting'],
      'reply_withdrawn because reply_refused',
      ...['ended escalated (reply_refused)', 'failed ReplyRefused'],
    ]);
    expect(await checkBalance(test.db)).toMatchObject({ balanced: true });
  });

  it('401 leaves the reply to be sent when the token is good again', async () => {
    const test = await preparedReply();
    test.server.willAnswer({ kind: 'refused', status: 401 });
    await expect(test.send()).rejects.toMatchObject({ type: 'SourceAuthRejected' });
    expect(await test.send()).toMatchObject({ disposition: 'answered' });
  });
});

describe('law 9, asked once more before a reply', () => {
  it('a source that went back to observe sends nothing', async () => {
    const test = await preparedReply();
    await test.ledger.bind({ origin: test.server.url, mode: 'observe' });
    expect(await test.send()).toMatchObject({ disposition: 'ignored', reason: 'observed_only' });
    expect([test.server.posts, test.server.looks()]).toEqual([[], 1]);
    await test.assertTrail(['reply_withdrawn because observed_only', 'ended ignored (observed_only)']);
    expect(await checkBalance(test.db)).toMatchObject({ balanced: true });
  });

  it('a message from before a later answerFrom is not answered', async () => {
    const test = await preparedReply();
    await test.ledger.bind({ origin: test.server.url, mode: 'live', answerFrom: new Date(iso(-MINUTE)) });
    expect(await test.send()).toMatchObject({ disposition: 'ignored', reason: 'before_answer_from' });
    expect(test.server.posts).toEqual([]);
  });
});
