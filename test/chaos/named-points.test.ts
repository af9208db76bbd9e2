import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import type { GatewayRequest } from '../support/gateway.js';
import { LIVELY, type Rig, startRig } from '../support/rig.js';
import { trailOf } from '../support/trail.js';

/** The worker dies at a named point of a message's way, seen from the provider's side, and is started again. */

const MINUTES = 60_000;

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ timing: { ...LIVELY, settleMs: 500 } });
}, MINUTES);
afterAll(() => rig?.release());
beforeEach(async () => {
  if (!rig.worker.isRunning()) await rig.worker.start();
});

interface Point {
  /** Whether the worker dies at this request. */
  isReached(request: GatewayRequest, threadId: string): Promise<boolean> | boolean;
  /** Whether the provider gets the request before the worker dies. */
  executed: boolean;
}

interface Ended {
  id: string;
  disposition: string;
  reason: string;
}

const isReading = ({ method, target }: GatewayRequest, threadId: string): boolean =>
  method === 'GET' && target.startsWith(`/v1/threads/${threadId}/messages`);

async function isLooking(): Promise<boolean> {
  return (await rig.query`SELECT 1 FROM outbox WHERE state = 'looking'`).length > 0;
}

/** A customer writes on a new thread; the worker dies at the point, once; gives how the message ended after the restart. */
async function dieAt({ isReached, executed }: Point): Promise<Ended & { threadId: string; replies: number }> {
  let died: Promise<void> | null = null;
  const { messageId, threadId } = await rig.control('inbound', { subject: 'My order', listedInMs: 400 });
  rig.gateway.setRule(async (request, forward) => {
    if (died !== null || !(await isReached(request, threadId))) return forward();
    if (executed) await forward();
    died = rig.worker.sigkill();
    await died;
    return null;
  });
  await eventually('the worker is dead', () => died !== null && !rig.worker.isRunning());
  await rig.worker.start();
  const ended = await eventually(
    'the message has its ending',
    async () => {
      const [row] = await rig.query<Ended>`
        SELECT id, disposition, reason FROM message WHERE provider_message_id = ${messageId} AND state = 'ended'`;
      return row;
    },
    { withinMs: 60_000 },
  );
  const { replies } = await rig.truth();
  return { ...ended, threadId, replies: replies.filter((reply) => reply.threadId === threadId).length };
}

const answeredOnce = { disposition: 'answered', reason: 'accepted', replies: 1 };

it(
  'after the reply was executed and before its answer came: it is seen in the thread and not sent again',
  async () => {
    const ended = await dieAt({ isReached: ({ method }) => method === 'POST', executed: true });
    expect(ended).toMatchObject({ disposition: 'answered', reason: 'seen_in_thread', replies: 1 });
    const trail = await trailOf(rig.db, ended.id);
    expect(trail.filter((line) => line === 'reply_posting')).toHaveLength(1);
    expect(trail).toContain('reply_doubtful');
  },
  2 * MINUTES,
);

it(
  'while the reply was on its way and never executed: it is not sent again by itself, a person has it',
  async () => {
    const ended = await dieAt({ isReached: ({ method }) => method === 'POST', executed: false });
    expect(ended).toMatchObject({ disposition: 'escalated', reason: 'reply_unconfirmed', replies: 0 });
  },
  2 * MINUTES,
);

it(
  'after the look into the thread and before the reply: it is sent once',
  async () => {
    const isReached = async (request: GatewayRequest, threadId: string) =>
      isReading(request, threadId) && (await isLooking());
    expect(await dieAt({ isReached, executed: true })).toMatchObject(answeredOnce);
  },
  2 * MINUTES,
);

it(
  'after the provider gave a page of the thread and before it was recorded: the message is read again',
  async () => {
    expect(await dieAt({ isReached: isReading, executed: true })).toMatchObject(answeredOnce);
  },
  2 * MINUTES,
);

it(
  'after the provider gave a page of the listing and before it was recorded: the thread is found by the next one',
  async () => {
    const isReached = ({ target }: GatewayRequest) => target.startsWith('/v1/threads?');
    expect(await dieAt({ isReached, executed: true })).toMatchObject(answeredOnce);
  },
  2 * MINUTES,
);
