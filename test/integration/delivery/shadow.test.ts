import { describe, expect, it } from 'vitest';
import { checkBalance } from '../../../src/assurance/balance.js';
import { shadowReport } from '../../../src/assurance/shadow-report.js';
import { readDrafts } from '../../../src/ledger/drafts.js';
import { setMode } from '../../../src/ledger/mode-settings.js';
import { MINUTE } from '../../support/clock.js';
import { type Deciding, deciding } from './deciding.js';

const change = (test: Deciding) =>
  ({
    source: 'dashboard',
    route: null,
    playbook: null,
    answerFrom: null,
    actor: 'cli:test',
    now: test.clock.now(),
  }) as const;

describe('a source in shadow', () => {
  it('drafts the reply, sends nothing, and ends the message with what would have been', async () => {
    const test = await deciding({ binding: { mode: 'shadow' } });
    const id = await test.arrives('m1');
    expect(await test.carryOn(id)).toMatchObject({ disposition: 'ignored', reason: 'shadowed' });
    expect(await test.evidence(id)).toBe('would be answered');
    expect(await readDrafts(test.db, id)).toMatchObject([{ version: 1, purpose: 'shadow', action: { do: 'reply' } }]);
    expect(await test.db.$queryRaw`SELECT state FROM outbox`).toEqual([{ state: 'drafted' }]);
    expect(test.server.posts).toEqual([]);
    expect(test.server.looks()).toBe(1); // the visit
    expect(await checkBalance(test.db)).toMatchObject({ balanced: true });
  });

  it('opens no case for what would have been given to a person, at whichever step', async () => {
    const test = await deciding({ binding: { mode: 'shadow' } });
    const unknown = await test.arrives('m1', { text: 'Well, well.' });
    const spam = await test.arrives('m2', { thread_id: 't2', text: 'My delivery is late and I want my money back.' });
    for (const id of [unknown, spam]) expect(await test.carryOn(id)).toMatchObject({ reason: 'shadowed' });
    expect(await test.evidence(unknown)).toBe('would be given to a person: unknown_intent');
    await test.db.$executeRaw`UPDATE thread SET status = 'strange'`;
    const strange = await test.arrives('m3', { thread_id: 't2' });
    await test.takeUp(strange);
    expect(await test.message('m3')).toMatchObject({ disposition: 'ignored', reason: 'shadowed', caseId: null });
    expect(await test.evidence(strange)).toContain('would be given to a person: thread_status_unknown');
    expect(await test.count('case')).toBe(0);
  });

  it('drafts one answer for a burst', async () => {
    const test = await deciding({ binding: { mode: 'shadow' } });
    const ids = [await test.arrives('m1'), await test.arrives('m2', { received_at: '2026-03-02T11:30:00.000Z' })];
    test.clock.advance(test.timing.settleMs);
    for (const id of ids) await test.takeUp(id);
    expect(await test.carryOn(ids[1] ?? '')).toMatchObject({
      reason: 'shadowed',
      wake: [`message/dashboard/${ids[0]}`],
    });
    expect(await test.evidence(ids[0] ?? '')).toBe(`would be answered with ${ids[1]}`);
    expect(await test.count('draft')).toBe(1);
  });

  it('still opens a case for what was decided in live and may have left', async () => {
    const test = await deciding();
    const id = await test.arrives('m1');
    test.server.willAnswer({ kind: 'broken' });
    expect(await test.carryOn(id)).toMatchObject({ kind: 'wait', for: 'confirmation' });
    await setMode(test.db, { ...change(test), mode: 'shadow' });
    test.clock.advance(test.timing.sendDeadlineMs + test.timing.visibleWithinMs);
    expect(await test.send(id)).toMatchObject({ disposition: 'escalated', reason: 'reply_unconfirmed' });
    expect(await test.count('case')).toBe(1);
  });

  it('decides what came since it left observe, and older mail not at all', async () => {
    const test = await deciding({ binding: { mode: 'observe', answerFrom: null } });
    await test.arrives('old');
    test.clock.advance(MINUTE);
    await setMode(test.db, { ...change(test), mode: 'shadow' });
    await test.arrives('older', { thread_id: 't2' });
    test.clock.advance(MINUTE);
    await test.arrives('new', { received_at: test.clock.now().toISOString() });
    expect(await test.message('old')).toMatchObject({ reason: 'observed_only' });
    expect(await test.message('older')).toMatchObject({ reason: 'before_answer_from' });
    expect(await test.message('new')).toMatchObject({ state: 'recorded' });
  });
});

describe('the shadow report', () => {
  it('matches drafts with what people then sent, per playbook, with an interval and examples by id', async () => {
    const test = await deciding({ binding: { mode: 'shadow' } });
    const [same, other, open] = [
      await test.arrives('m1'),
      await test.arrives('m2', { thread_id: 't2' }),
      await test.arrives('m3', { thread_id: 't3' }),
    ];
    for (const id of [same, other, open]) await test.carryOn(id);
    const [draft] = await readDrafts(test.db, same);
    const text = draft?.action.do === 'reply' ? draft.action.text : '';
    test.clock.advance(MINUTE);
    const at = test.clock.now().toISOString();
    const quoted = `${text.toUpperCase()}\n\nOn Monday a customer wrote:\n> Where is my parcel?`;
    test.server.shows({ id: 'p1', direction: 'outbound', text: quoted, received_at: at });
    test.server.shows({ id: 'p2', thread_id: 't2', direction: 'outbound', text: 'We refund it.', received_at: at });
    await test.visit('t1');
    await test.visit('t2');
    const { playbooks, decided } = await shadowReport(test.db, { source: null, since: null });
    expect(playbooks).toMatchObject([
      { playbook: 'delivery_status', drafts: 3, matched: 2, same: 1, edited: 0, other: 1, agreement: { share: 0.5 } },
    ]);
    const [one] = playbooks;
    expect(one?.agreement?.lower).toBeCloseTo(0.0126, 3);
    expect(one?.agreement?.upper).toBeCloseTo(0.9874, 3);
    const sent = (await test.message('p2')).id;
    expect(one?.examples[0]).toMatchObject({ messageId: other, sentMessageId: sent, agreement: 'other' });
    expect(one?.examples[1]).toMatchObject({ messageId: same, alike: 1, agreement: 'same' });
    expect(decided).toEqual([{ playbook: 'delivery_status', action: 'reply', messages: 3 }]);
    const later = await shadowReport(test.db, { source: 'dashboard', since: test.clock.now() });
    expect(later).toMatchObject({ playbooks: [], decided: [] });
  });
});
