import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkBalance } from '../../../src/assurance/balance.js';
import { listAlarms } from '../../../src/ledger/alarm-desk.js';
import { visibleWithin } from '../../../src/ledger/claims.js';
import { sweepReplies } from '../../../src/ledger/unconfirmed-replies.js';
import { chooserOf } from '../../../src/playbooks/set-chooser.js';
import { DAY, HOUR, MINUTE } from '../../support/clock.js';
import { setOf } from '../../support/playbooks.js';
import { type Deciding, deciding } from './deciding.js';

const verdict = (test: Deciding, claim: string, is: string) =>
  test.db.$executeRaw`
    INSERT INTO claim (source, claim, claimed, observed, verdict, evidence, since, checked_at)
    VALUES ('dashboard', ${claim}, '', '', ${is}, '{}', ${test.clock.now()}, ${test.clock.now()})
    ON CONFLICT (source, claim) DO UPDATE SET verdict = excluded.verdict`;

describe('the limits of automatic replies', () => {
  it('give the next message of a thread to a person, and let one go again a day later', async () => {
    const playbooks = chooserOf(setOf({ 'a.yaml': 'name: a\nwhen: {}\nthen: { reply: { text: Always. } }\n' }));
    const test = await deciding({ timing: { repliesPerThread: 2, settleMs: 0 }, playbooks });
    const outcomes: unknown[] = [];
    for (const id of ['m1', 'm2', 'm3']) {
      test.clock.advance(MINUTE);
      const outcome = await test.carryOn(await test.arrives(id, { received_at: test.clock.now().toISOString() }));
      outcomes.push('reason' in outcome ? outcome.reason : outcome);
      await test.visit();
    }
    expect(outcomes).toEqual(['accepted', 'accepted', 'reply_limit']);
    await test.db.$executeRaw`UPDATE "case" SET state = 'resolved', resolved_at = ${test.clock.now()}`;
    test.clock.advance(DAY);
    const later = await test.arrives('m4', { received_at: test.clock.now().toISOString() });
    expect(await test.carryOn(later)).toMatchObject({ disposition: 'answered' });
  });

  it('count all threads of a sender, however the address is written', async () => {
    const test = await deciding({ timing: { repliesPerCorrespondent: 2 } });
    const outcomes: unknown[] = [];
    for (const number of [1, 2, 3]) {
      const outcome = await test.carryOn(await test.arrives(`m${number}`, { thread_id: `t${number}` }));
      outcomes.push('reason' in outcome ? outcome.reason : outcome);
    }
    expect(outcomes).toEqual(['accepted', 'accepted', 'reply_limit']);
    const stored = await test.db.$queryRaw<{ hash: string }[]>`SELECT DISTINCT correspondent_hash AS hash FROM outbox`;
    expect(stored).toHaveLength(1);
    expect(stored[0]?.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('hold between two threads that decide at once: the last question before the request asks again', async () => {
    const test = await deciding({ timing: { repliesPerCorrespondent: 1 } });
    const ids = [await test.arrives('m1'), await test.arrives('m2', { thread_id: 't2' })];
    for (const id of ids) {
      await test.takeUp(id);
      expect(await test.decide(id)).toEqual({ kind: 'reply' });
    }
    const outcomes = await Promise.all(ids.map((id) => test.send(id)));
    const reasons = outcomes.map((one) => ('reason' in one ? String(one.reason) : one.kind));
    expect(reasons.sort()).toEqual(['accepted', 'reply_limit']);
    expect(test.server.posts).toHaveLength(1);
    expect(await checkBalance(test.db)).toMatchObject({ balanced: true });
  });
});

describe('a message that no automatic reply may go to', () => {
  it('is not answered where an edit brings the header of automatic mail', async () => {
    const test = await deciding();
    const id = await test.arrives('m1');
    await test.takeUp(id);
    await test.db.$executeRaw`UPDATE message_body SET headers = '{"auto-submitted": "auto-replied"}'`;
    expect(await test.decide(id)).toMatchObject({ disposition: 'ignored', reason: 'auto_submitted' });
  });

  it('goes to a person where its source has no way to reply', async () => {
    const test = await deciding();
    const id = await test.arrives('m1');
    await test.takeUp(id);
    await test.db.$executeRaw`UPDATE source SET kind = 'forms'`;
    expect(await test.decide(id)).toMatchObject({ disposition: 'escalated', reason: 'channel_without_reply' });
    expect(await test.evidence(id)).toBe('source of kind forms');
  });
});

describe('a reply in doubt', () => {
  /** In doubt, and looked at once when it can show. */
  async function doubted(claims: Record<string, string>, answer: 'executed later' | 'executed' | 'lost') {
    const test = await deciding();
    for (const [claim, is] of Object.entries(claims)) await verdict(test, claim, is);
    const id = await test.arrives('m1');
    test.server.willAnswer(answer === 'executed' ? { kind: 'executed and broken' } : { kind: 'broken' });
    expect(await test.carryOn(id)).toMatchObject({ kind: 'wait', for: 'confirmation' });
    test.clock.advance(test.timing.sendDeadlineMs + test.timing.visibleWithinMs);
    return { ...test, id };
  }

  it('is sent again under the same key where the source was seen to honour it, and answered', async () => {
    const test = await doubted({ idempotency_key_honoured: 'verified' }, 'lost');
    expect(await test.send(test.id)).toMatchObject({ disposition: 'answered', reason: 'accepted' });
    const keys = test.server.posts.map(({ idempotencyKey }) => idempotencyKey);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
    expect(await checkBalance(test.db)).toMatchObject({ balanced: true });
  });

  it('is never sent again where that was refuted or never tested', async () => {
    for (const is of ['refuted', 'untested']) {
      const test = await doubted({ idempotency_key_honoured: is }, 'lost');
      expect(await test.send(test.id)).toMatchObject({ disposition: 'escalated', reason: 'reply_unconfirmed' });
      expect(test.server.posts).toHaveLength(1);
    }
  });

  it('is not sent again once the thread shows it', async () => {
    const test = await doubted({ idempotency_key_honoured: 'verified' }, 'executed');
    expect(await test.send(test.id)).toMatchObject({ disposition: 'answered', reason: 'seen_in_thread' });
    expect(test.server.posts).toHaveLength(1);
  });

  it('is sent again twice at most; then a person looks', async () => {
    const test = await doubted({ idempotency_key_honoured: 'verified' }, 'lost');
    test.server.willAnswer({ kind: 'broken' }, { kind: 'broken' });
    for (let again = 0; again < 2; again++) {
      expect(await test.send(test.id)).toMatchObject({ kind: 'wait', for: 'confirmation' });
      test.clock.advance(test.timing.sendDeadlineMs + test.timing.visibleWithinMs);
    }
    expect(await test.send(test.id)).toMatchObject({ disposition: 'escalated', reason: 'reply_unconfirmed' });
    expect(test.server.posts).toHaveLength(3);
  });

  it('goes to a person where the second request is refused, or a person has answered meanwhile', async () => {
    const refused = await doubted({ idempotency_key_honoured: 'verified' }, 'lost');
    refused.server.willAnswer({ kind: 'refused', status: 422 });
    expect(await refused.send(refused.id)).toMatchObject({ disposition: 'escalated', reason: 'reply_unconfirmed' });
    const answered = await doubted({ idempotency_key_honoured: 'verified' }, 'lost');
    answered.server.shows({ id: 'by a person', direction: 'outbound', text: 'It left.' });
    expect(await answered.send(answered.id)).toMatchObject({ reason: 'reply_unconfirmed' });
    expect(answered.server.posts).toHaveLength(1);
    expect(await checkBalance(answered.db)).toMatchObject({ balanced: true });
  });

  it('stays in doubt where the second request was certainly not executed, and is tried once more', async () => {
    const test = await doubted({ idempotency_key_honoured: 'verified' }, 'lost');
    test.server.willAnswer({ kind: 'refused', status: 429 });
    await expect(test.send(test.id)).rejects.toMatchObject({ type: 'SourceRateLimited' });
    expect(await test.db.$queryRaw`SELECT state FROM outbox`).toEqual([{ state: 'doubtful' }]);
    test.clock.advance(HOUR);
    expect(await test.send(test.id)).toMatchObject({ disposition: 'answered' });
  });

  it('waits as long as the source was measured to take, where that is verified', async () => {
    const test = await deciding();
    const { db, timing, clock } = test;
    const measured = () => visibleWithin(db, 'dashboard', timing, clock.now());
    for (const seenAfterMs of [900, 4_000, 1_500])
      await db.$executeRaw`
        INSERT INTO claim_observation (source, claim, at, outcome, cases, evidence)
        VALUES ('dashboard', 'reply_visible_in_time', ${clock.now()}, 'supports', 1, ${JSON.stringify({ seenAfterMs })}::jsonb)`;
    expect(await measured()).toBe(timing.visibleWithinMs);
    await verdict(test, 'reply_visible_in_time', 'verified');
    expect(await measured()).toBe(8_000);
    await verdict(test, 'unseen_reply_not_sent', 'refuted');
    expect(await measured()).toBe(timing.visibleWithinMs);
  });
});

describe('an accepted reply that does not show', () => {
  it('raises reply_overdue once its time has passed, which the visit that sees it quenches', async () => {
    const test = await deciding();
    const id = await test.arrives('m1');
    await test.carryOn(id);
    const sweep = () => sweepReplies(test.db, test.timing, test.clock.now());
    await sweep();
    expect(await listAlarms(test.db, [])).toEqual([]);
    test.clock.advance(test.timing.replyConfirmMs + MINUTE);
    await sweep();
    await sweep();
    expect(await listAlarms(test.db, ['open'])).toMatchObject([
      { kind: 'reply_overdue', source: 'dashboard', raises: 1, evidence: { replies: 1, messageIds: [id] } },
    ]);
    await test.visit();
    await sweep();
    expect(await listAlarms(test.db, ['quenched'])).toMatchObject([{ kind: 'reply_overdue' }]);
  });
});

describe('five messages in one thread within a minute', () => {
  it('give one answer and five endings, in whichever order they are written, seen and decided', async () => {
    const test = await deciding({ timing: { repliesPerCorrespondent: 1_000 } });
    let threads = 0;
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 });
    await fc.assert(
      fc.asyncProperty(order, order, fc.integer({ min: 1, max: 5 }), async (seen, decided, together) => {
        const thread = `burst ${++threads}`;
        const ids = new Map<number, string>();
        const base = test.clock.now().getTime();
        for (const [index, number] of seen.entries()) {
          const received_at = new Date(base - 60_000 + number * 10_000).toISOString();
          ids.set(number, await test.arrives(`${thread} ${number}`, { thread_id: thread, received_at }));
          // Some are taken up before the others are there.
          if (index + 1 >= together) for (const one of seen.slice(0, index + 1)) await test.takeUp(ids.get(one) ?? '');
        }
        const posts = test.server.posts.length;
        for (let round = 0; round < 3; round++) {
          for (const number of decided) await test.carryOn(ids.get(number) ?? '');
          test.clock.advance(test.timing.settleMs);
        }
        const endings = await test.db.$queryRaw<{ disposition: string }[]>`
          SELECT disposition FROM message m JOIN thread t ON t.id = m.thread_id
          WHERE t.provider_thread_id = ${thread} AND direction = 'inbound' ORDER BY 1`;
        expect(endings.map(({ disposition }) => disposition)).toEqual(['answered', ...Array(4).fill('answered_with')]);
        expect(test.server.posts.length - posts).toBe(1);
      }),
      { numRuns: 15 },
    );
    expect(await checkBalance(test.db)).toMatchObject({ balanced: true });
  }, 120_000);
});
