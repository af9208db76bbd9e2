import { expect, it } from 'vitest';
import { seededRandom } from '../../../src/simulator/seeded-random.js';
import { preparedReply } from './prepared.js';

/** The simulator's fault delayed-reply, on the clock of the tests: accepted, and executed 1 to 300 s after the client gave up. */

const SECOND = 1_000;
const WORLDS = 6;
const LATEST_SECONDS = 300;

it.each(Array.from({ length: WORLDS }, (_, seed) => seededRandom('late replies', seed).between(1, LATEST_SECONDS)))(
  'a reply that is executed %i s after the client gave up is posted once and visible once, however often it is looked for',
  async (delay) => {
    const test = await preparedReply();
    test.server.willAnswer({ kind: 'broken' });
    await test.send();
    const [post] = test.server.posts;
    if (!post) throw new Error('nothing was posted');
    const visibleBySeconds = (test.timing.sendDeadlineMs + test.timing.visibleWithinMs) / SECOND;
    for (let second = 1; second <= Math.max(LATEST_SECONDS, visibleBySeconds) + 1; second++) {
      test.clock.advance(SECOND);
      if (second === delay) test.server.execute(post);
      // Its lifecycle looks when it is due; a worker that was killed, or a person who carries it again, at any other instant.
      if (second === delay || second % 60 === 0) await test.send();
    }
    await test.send();
    await test.visit();
    expect(test.server.posts).toHaveLength(1);
    const shown = await test.db
      .$queryRaw`SELECT 1 FROM message WHERE direction = 'outbound' AND client_ref IS NOT NULL`;
    expect(shown).toHaveLength(1);
    const confirmed = await test.db
      .$queryRaw`SELECT provider_message_id AS id FROM outbox WHERE confirmed_at IS NOT NULL`;
    expect(confirmed).toEqual([{ id: 'reply-1' }]);
    const { disposition } = await test.ending();
    expect(['answered', 'escalated']).toContain(disposition);
  },
);
