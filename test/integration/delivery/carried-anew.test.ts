import { describe, expect, it } from 'vitest';
import { sendReply } from '../../../src/delivery/send-reply.js';
import { settleApproval } from '../../../src/ledger/approvals.js';
import { setMode } from '../../../src/ledger/mode-settings.js';
import { stopSending } from '../../../src/ledger/sending-stops.js';
import { type Deciding, deciding } from './deciding.js';
import { preparedReply } from './prepared.js';

const PLAYBOOK = 'delivery_status';
const ANOTHER_RUN = '01890000-0000-7000-8000-00000000000f';

/** A source of which one playbook alone asks people, with a message whose lifecycle is lost while it waits for them. */
async function askedAndLost(mode: 'shadow' | 'live'): Promise<Deciding & { id: string }> {
  const test = await deciding({ binding: { mode } });
  const change = { source: 'dashboard', route: null, playbook: PLAYBOOK, answerFrom: null, actor: 'cli:test' };
  await setMode(test.db, { ...change, mode: 'approve', answerFrom: new Date(0), now: test.clock.now() });
  const id = await test.arrives('m1');
  expect(await test.carryOn(id)).toMatchObject({ kind: 'wait', for: 'approval' });
  await test.takeUp(id, ANOTHER_RUN);
  expect(await test.message('m1')).toMatchObject({ carry: 2 });
  return { ...test, id };
}

const settle = (test: Deciding & { id: string }, verdict: 'approved' | 'rejected') =>
  settleApproval(test.db, { messageId: test.id, draftVersion: 1, verdict, actor: 'desk', now: test.clock.now() });

describe('a message that is carried again on the same words', () => {
  it('leaves as it was approved, under the mode of the playbook that it was decided by', async () => {
    const test = await askedAndLost('shadow');
    await settle(test, 'approved');
    expect(await test.carryOn(test.id)).toMatchObject({ disposition: 'answered' });
    expect(test.server.posts).toHaveLength(1);
  });

  it('is a case where a person rejected it, although its source is in shadow', async () => {
    const test = await askedAndLost('shadow');
    await settle(test, 'rejected');
    expect(await test.carryOn(test.id)).toMatchObject({ disposition: 'escalated', reason: 'approval_rejected' });
  });

  it('is kept back by a stop of its playbook that comes while its thread is read', async () => {
    const test = await askedAndLost('live');
    await settle(test, 'approved');
    expect(await test.decide(test.id)).toEqual({ kind: 'reply' });
    const nextLook = test.server.holdLooks();
    const sending = test.send(test.id);
    const goOn = await nextLook();
    const scope = { source: null, route: null, playbook: PLAYBOOK };
    await stopSending(test.db, { ...scope, note: null, actor: 'cli:test', now: test.clock.now() });
    goOn();
    expect(await sending).toEqual({ kind: 'again' });
    expect(test.server.posts).toEqual([]);
  });

  it('is looked for first where its reply may have left, whatever has come into its thread since', async () => {
    const test = await deciding();
    const id = await test.arrives('m1');
    test.server.willAnswer({ kind: 'executed and broken' });
    expect(await test.carryOn(id)).toMatchObject({ kind: 'wait', for: 'confirmation' });
    await test.arrives('m2', { received_at: test.clock.now().toISOString() });
    await test.takeUp(id, ANOTHER_RUN);
    expect(await test.decide(id)).toEqual({ kind: 'reply' });
    test.clock.advance(test.timing.sendDeadlineMs + test.timing.visibleWithinMs);
    expect(await test.send(id)).toMatchObject({ disposition: 'answered', reason: 'seen_in_thread' });
    expect(test.server.posts).toHaveLength(1);
  });

  it('ends as answered when the reply of its lost lifecycle is accepted after all', async () => {
    const test = await preparedReply();
    const late = { ...test.deps, clientOf: () => ({ ...test.server.client, postReply }) };
    async function postReply(request: Parameters<typeof test.server.client.postReply>[0]) {
      await test.ledger.carry('m1');
      return test.server.client.postReply(request);
    }
    test.clock.advance(1);
    const { id: messageId, carry } = test.message;
    expect(await sendReply(late, { messageId, carry, attempt: 1 })).toMatchObject({ disposition: 'answered' });
    expect(await test.ending()).toMatchObject({ state: 'ended', disposition: 'answered', carry: 2 });
    expect((await test.reply()).state).toBe('accepted');
  });
});
