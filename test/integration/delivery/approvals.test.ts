import { describe, expect, it } from 'vitest';
import { checkBalance } from '../../../src/assurance/balance.js';
import { editDraft, listApprovals, settleApproval } from '../../../src/ledger/approvals.js';
import { readDrafts } from '../../../src/ledger/drafts.js';
import { setMode } from '../../../src/ledger/mode-settings.js';
import { resumeSending, stopSending } from '../../../src/ledger/sending-stops.js';
import { MINUTE } from '../../support/clock.js';
import { type Deciding, deciding } from './deciding.js';

/** A source in approve with one message that a person is asked about. */
async function asked(): Promise<Deciding & { id: string }> {
  const test = await deciding({ binding: { mode: 'approve' } });
  const id = await test.arrives('m1');
  expect(await test.carryOn(id)).toMatchObject({ kind: 'wait', for: 'approval' });
  return { ...test, id };
}

const settle = (test: Deciding & { id: string }, verdict: 'approved' | 'rejected', draftVersion = 1) =>
  settleApproval(test.db, {
    messageId: test.id,
    draftVersion,
    verdict,
    actor: 'token of the desk',
    now: test.clock.now(),
  });

describe('a source in approve', () => {
  it('sends nothing before a person has decided, and gives the turn of the thread back', async () => {
    const test = await asked();
    expect(test.server.posts).toEqual([]);
    expect(await test.message('m1')).toMatchObject({ state: 'waiting', waitingKind: 'approval' });
    expect(await test.count('thread_turn')).toBe(0);
    expect(await listApprovals(test.db, { open: true })).toMatchObject([
      { messageId: test.id, action: 'reply', playbook: 'delivery_status', newestVersion: 1, verdict: null },
    ]);
    expect((await test.trail(test.id)).slice(-4)).toEqual([
      'decided',
      'drafted',
      'approval_asked',
      'waiting for approval',
    ]);
  });

  it('sends what was approved, once, with who and when written down', async () => {
    const test = await asked();
    expect(await settle(test, 'approved')).toEqual({ settled: true, verdict: 'approved', version: 1 });
    expect(await settle(test, 'approved')).toEqual({ settled: true, verdict: 'approved', version: 1 });
    expect(await test.carryOn(test.id)).toMatchObject({ disposition: 'answered' });
    const [draft] = await readDrafts(test.db, test.id);
    expect(test.server.posts.map(({ text }) => text)).toEqual([
      draft?.action.do === 'reply' ? draft.action.text : null,
    ]);
    expect((await test.trail(test.id)).slice(-6)).toEqual([
      'approved',
      'reply_prepared',
      'reply_looked',
      'reply_posting',
      'reply_accepted',
      'ended answered (accepted)',
    ]);
    expect(await test.db.$queryRaw`SELECT actor, action, subject FROM change WHERE subject LIKE 'message/%'`).toEqual([
      { actor: 'token of the desk', action: 'draft.approved', subject: `message/${test.id}` },
    ]);
    expect(await checkBalance(test.db)).toMatchObject({ balanced: true });
  });

  it('sends the words of the person who edited the draft, and decides on the newest version alone', async () => {
    const test = await asked();
    const edit = { messageId: test.id, text: 'It left today.', actor: 'token of the desk', now: test.clock.now() };
    expect(await editDraft(test.db, edit)).toEqual({ version: 2 });
    expect(await settle(test, 'approved', 1)).toMatchObject({ settled: false, because: 'outdated', version: 2 });
    expect(await settle(test, 'approved', 2)).toMatchObject({ settled: true });
    expect(await test.carryOn(test.id)).toMatchObject({ disposition: 'answered' });
    expect(test.server.posts.map(({ text }) => text)).toEqual(['It left today.']);
  });

  it('gives a rejected draft to a person, and nothing is sent', async () => {
    const test = await asked();
    await settle(test, 'rejected');
    expect(await settle(test, 'approved')).toMatchObject({ settled: false, because: 'settled_before' });
    expect(await test.carryOn(test.id)).toMatchObject({ disposition: 'escalated', reason: 'approval_rejected' });
    expect(test.server.posts).toEqual([]);
    expect((await test.db.$queryRaw<{ state: string }[]>`SELECT state FROM outbox`)[0]?.state).toBe('withdrawn');
  });

  it('gives what nobody decided in time to a person, and looks no earlier', async () => {
    const test = await asked();
    test.clock.advance(test.timing.approvalDueMs - MINUTE);
    expect(await test.carryOn(test.id)).toMatchObject({ kind: 'wait', for: 'approval' });
    test.clock.advance(MINUTE);
    expect(await test.carryOn(test.id)).toMatchObject({ disposition: 'escalated', reason: 'approval_overdue' });
    expect(await settle(test, 'approved')).toMatchObject({ settled: false, because: 'settled_before' });
  });

  it('sends nothing after a person has answered meanwhile, although the draft was approved', async () => {
    const test = await asked();
    await settle(test, 'approved');
    test.clock.advance(MINUTE);
    test.server.shows({ id: 'by a person', direction: 'outbound', text: 'It left.' });
    expect(await test.carryOn(test.id)).toMatchObject({ disposition: 'superseded_by', reason: 'person_replied_first' });
    expect(test.server.posts).toEqual([]);
  });

  it('withdraws the draft when other words come under the message, and asks anew about those', async () => {
    const test = await asked();
    test.server.shows({
      id: 'm1',
      text: 'Where is my parcel? It has still not arrived.',
      received_at: '2026-03-02T11:00:00.000Z',
    });
    test.clock.advance(MINUTE);
    await test.visit();
    expect(await settle(test, 'approved')).toMatchObject({
      settled: false,
      because: 'settled_before',
      verdict: 'withdrawn',
    });
    expect(await test.takeMoved(10)).toMatchObject([{ id: test.id }]);
    expect(await test.takeMoved(10)).toEqual([]);
    test.clock.advance(test.timing.settleMs);
    expect(await test.carryOn(test.id)).toMatchObject({ kind: 'wait', for: 'approval' });
    expect(await settle(test, 'approved', 1)).toMatchObject({ settled: false, because: 'outdated' });
    expect(await settle(test, 'approved', 2)).toMatchObject({ settled: true });
    expect(await test.carryOn(test.id)).toMatchObject({ disposition: 'answered' });
    expect(test.server.posts).toHaveLength(1);
  });

  it('wakes the lifecycle of a decided draft, and once for what comes into its thread', async () => {
    const test = await asked();
    expect(await test.takeMoved(10)).toEqual([]);
    test.clock.advance(MINUTE);
    await test.arrives('m2', { received_at: test.clock.now().toISOString() });
    expect(await test.takeMoved(10)).toMatchObject([{ id: test.id }]);
    await settle(test, 'approved');
    expect(await test.takeMoved(10)).toEqual([]); // woken, and on its way
  });

  it('wakes it again where the word was lost on its way, and no more once it has looked', async () => {
    const test = await asked();
    await settle(test, 'approved');
    expect(await test.takeMoved(10)).toMatchObject([{ id: test.id }]);
    test.clock.advance(test.timing.redispatchRecordedMs);
    expect(await test.takeMoved(10)).toEqual([]);
    test.clock.advance(1);
    expect(await test.takeMoved(10)).toMatchObject([{ id: test.id }]);
    expect(await test.carryOn(test.id)).toMatchObject({ disposition: 'answered' });
    test.clock.advance(MINUTE);
    expect(await test.takeMoved(10)).toEqual([]);
  });

  it('answers a burst once: the newest is asked about, and the earlier draft ends with it', async () => {
    const test = await asked();
    const newer = await test.arrives('m2', { received_at: '2026-03-02T11:30:00.000Z' });
    await settle(test, 'approved');
    expect(await test.carryOn(test.id)).toMatchObject({ kind: 'wait', for: 'turn' });
    test.clock.advance(test.timing.settleMs);
    expect(await test.carryOn(newer)).toMatchObject({ kind: 'wait', for: 'approval' });
    await settle({ ...test, id: newer }, 'approved');
    expect(await test.carryOn(newer)).toMatchObject({ disposition: 'answered' });
    expect(await test.message('m1')).toMatchObject({ disposition: 'answered_with', other: newer });
    expect(test.server.posts).toHaveLength(1);
    expect(await checkBalance(test.db)).toMatchObject({ balanced: true });
  });

  it('goes back to shadow under an approved draft and sends nothing', async () => {
    const test = await asked();
    await settle(test, 'approved');
    const change = { source: 'dashboard', route: null, playbook: null, answerFrom: null, actor: 'cli:test' };
    await setMode(test.db, { ...change, mode: 'shadow', now: test.clock.now() });
    expect(await test.carryOn(test.id)).toMatchObject({ disposition: 'ignored', reason: 'shadowed' });
    expect(test.server.posts).toEqual([]);
  });
});

describe('what a person approves', () => {
  it('is what leaves, also where other words were ready to leave before anybody was asked', async () => {
    const test = await deciding();
    const id = await test.arrives('m1');
    await test.takeUp(id);
    expect(await test.decide(id)).toEqual({ kind: 'reply' });
    const all = { source: null, route: null, playbook: null, actor: 'cli:test', now: test.clock.now() };
    await stopSending(test.db, { ...all, note: null });
    expect(await test.carryOn(id)).toMatchObject({ kind: 'wait', for: 'stopped' });
    await setMode(test.db, { ...all, source: 'dashboard', mode: 'approve', answerFrom: null });
    await resumeSending(test.db, { ...all, all: true });
    expect(await test.carryOn(id)).toMatchObject({ kind: 'wait', for: 'approval' });
    expect(await test.db.$queryRaw`SELECT state FROM outbox`).toEqual([{ state: 'drafted' }]);
    await editDraft(test.db, { messageId: id, text: 'It left today.', actor: 'desk', now: test.clock.now() });
    expect(await settle({ ...test, id }, 'approved', 2)).toMatchObject({ settled: true });
    expect(await test.carryOn(id)).toMatchObject({ disposition: 'answered' });
    expect(test.server.posts.map(({ text }) => text)).toEqual(['It left today.']);
  });

  it('is asked of nobody any more once its message has ended, also where no reply was drafted', async () => {
    const test = await deciding({
      binding: { mode: 'approve' },
      playbooks: {
        choose: () => ({
          playbook: { name: 'call', version: '1' },
          action: { do: 'callback' },
          asksApproval: false,
          tags: [],
          reasons: [],
        }),
      },
    });
    const id = await test.arrives('m1');
    expect(await test.carryOn(id)).toMatchObject({ kind: 'wait', for: 'approval' });
    test.clock.advance(MINUTE);
    test.server.shows({ id: 'by a person', direction: 'outbound', text: 'We have just called.' });
    await test.visit();
    expect(await test.carryOn(id)).toMatchObject({ kind: 'ended' });
    expect(await test.message('m1')).toMatchObject({ disposition: 'superseded_by' });
    expect(await listApprovals(test.db, { open: true })).toEqual([]);
    expect(await settle({ ...test, id }, 'approved')).toMatchObject({ settled: false, because: 'settled_before' });
  });
});

describe('a playbook that asks for approval', () => {
  it('is asked about in live as well', async () => {
    const test = await deciding({
      playbooks: {
        choose: () => ({
          playbook: { name: 'careful', version: '1' },
          action: { do: 'reply', template: 'careful', text: 'We are on it.' },
          asksApproval: true,
          tags: [],
          reasons: [],
        }),
      },
    });
    const id = await test.arrives('m1');
    expect(await test.carryOn(id)).toMatchObject({ kind: 'wait', for: 'approval' });
    await settle({ ...test, id }, 'approved');
    expect(await test.carryOn(id)).toMatchObject({ disposition: 'answered' });
  });

  it.each([
    ['approved', { disposition: 'ignored', reason: 'closed_by_playbook' }],
    ['rejected', { disposition: 'escalated', reason: 'approval_rejected' }],
  ] as const)('is asked about before a message ends without an answer, and %s counts', async (verdict, ending) => {
    const test = await deciding({
      playbooks: {
        choose: () => ({
          playbook: { name: 'closing', version: '1' },
          action: { do: 'close' },
          asksApproval: true,
          tags: [],
          reasons: [],
        }),
      },
    });
    const id = await test.arrives('m1');
    expect(await test.carryOn(id)).toMatchObject({ kind: 'wait', for: 'approval' });
    await settle({ ...test, id }, verdict);
    await test.carryOn(id);
    expect(await test.message('m1')).toMatchObject(ending);
  });
});
