import { describe, expect, it } from 'vitest';
import { placeCall } from '../../../src/delivery/calling/place-call.js';
import { nextCallStep } from '../../../src/delivery/calling/step.js';
import { addDoNotCall } from '../../../src/ledger/do-not-call.js';
import { DAY, HOUR, MINUTE } from '../../support/clock.js';
import { incomingMessage, outgoingMessage } from '../../support/incoming.js';
import { phoneWorld, TO } from '../../support/phone-world.js';
import { trailOf } from '../../support/trail.js';

const OTHER = '+44 20 7946 0123';
const QUOTED = `On Mon, 2 Mar 2026 at 10:00, Help <help@example.org> wrote:\n> We are on ${OTHER}.`;
const ENDED = { state: 'ended' };

describe('a request for a call', () => {
  it('is placed once, followed to its end by callbacks, and ends callback_done', async () => {
    const { ask, decide, finish, ledger, world, db } = await phoneWorld();
    const id = await ask('m1');
    expect(await decide(id)).toMatchObject({ kind: 'wait', for: 'callback', start: { workflow: 'callback' } });
    expect(await finish(id)).toMatchObject({ state: 'completed', attempt: 1, status: 'completed' });
    expect(world.calls.map(({ to }) => to)).toEqual([TO]);
    expect(await ledger.message('m1')).toMatchObject({
      ...ENDED,
      disposition: 'callback_done',
      reason: 'call_completed',
    });
    const trail = await trailOf(db, id);
    expect(trail.filter((line) => line === 'call_placed')).toHaveLength(1);
    expect(trail.slice(-2)).toEqual(['call_ended', 'ended callback_done (call_completed)']);
  });

  it('is placed to its own number, whatever number stands in what it quotes', async () => {
    const { ask, decide, finish, world } = await phoneWorld();
    const id = await ask('m1', { text: `Please call me on ${TO}.\n\n${QUOTED}` });
    await decide(id);
    await finish(id);
    expect(world.calls.map(({ to }) => to)).toEqual([TO]);
  });

  it('outside of the hours waits for them, and is placed when they have come', async () => {
    const { ask, decide, run, finish, clock, world } = await phoneWorld();
    clock.advance(7 * HOUR); // 19:00 in London
    const id = await ask('m1');
    expect(await decide(id)).toMatchObject({ for: 'business_hours', until: '2026-03-03T09:00:00.000Z' });
    expect(await run(id)).toEqual({ do: 'wait', until: '2026-03-03T09:00:00.000Z' });
    expect(world.calls).toEqual([]);
    await finish(id);
    expect(world.calls).toHaveLength(1);
  });

  it('is tried again where the line is busy or nobody answers, and then given to a person', async () => {
    const { ask, decide, finish, ledger, world } = await phoneWorld();
    world.expect(['busy', 'no-answer', 'failed']);
    const id = await ask('m1');
    await decide(id);
    expect(await finish(id)).toMatchObject({ state: 'given_up', reason: 'call_unanswered', attempt: 3 });
    const gaps = world.calls.map(
      ({ createdAt }, index) => createdAt - (world.calls[index - 1]?.createdAt ?? createdAt),
    );
    expect(gaps.slice(1).every((gap) => gap >= 15 * MINUTE)).toBe(true);
    expect(await ledger.message('m1')).toMatchObject({ disposition: 'escalated', reason: 'call_unanswered' });
  });

  it.each([
    ['no number', { text: 'Please call me back.' }, 'phone_unusable'],
    ['two numbers', { text: `Call ${TO} or +44 20 7946 0123.` }, 'phone_unusable'],
    ['a number in what it quotes alone', { text: `Please call me back.\n\n${QUOTED}` }, 'phone_unusable'],
    ['a number between its answers alone', { text: `> We are on ${OTHER}.\nCall me back.` }, 'phone_unusable'],
    ['a number that costs the caller', { text: 'Call me: +44 909 879 0000' }, 'phone_unusable'],
  ])('with %s goes to a person', async (_what, more, reason) => {
    const { ask, decide, ledger, world } = await phoneWorld();
    await decide(await ask('m1', more));
    expect(await ledger.message('m1')).toMatchObject({ disposition: 'escalated', reason });
    expect(world.calls).toEqual([]);
  });

  it('to a number on the list of those not to be called goes to a person, also when the number is added later', async () => {
    const { ask, decide, finish, ledger, world, db, clock } = await phoneWorld();
    const id = await ask('m1');
    await decide(id);
    await addDoNotCall(db, { number: TO, by: 'tests', note: null, now: clock.now() });
    await finish(id);
    expect(await ledger.message('m1')).toMatchObject({ disposition: 'escalated', reason: 'do_not_call' });
    await decide(await ask('m2'));
    expect(await ledger.message('m2')).toMatchObject({ disposition: 'escalated', reason: 'do_not_call' });
    expect(world.calls).toEqual([]);
  });

  it('while another message has an open call to the same number goes to a person', async () => {
    const { ask, decide, finish, ledger, world } = await phoneWorld();
    const [first, second] = [await ask('m1'), await ask('m2')];
    await decide(first);
    await decide(second);
    await finish(first);
    expect(await ledger.message('m2')).toMatchObject({ disposition: 'escalated', reason: 'call_elsewhere' });
    expect(world.calls).toHaveLength(1);
  });

  it('is ordered once, however often it is decided', async () => {
    const { ask, decide, ledger } = await phoneWorld();
    const id = await ask('m1');
    await decide(id);
    const again = await decide(id);
    expect(again).toMatchObject({ kind: 'wait', for: 'callback' });
    expect(await ledger.count('call')).toBe(1);
  });
});

describe('what is not wanted any more', () => {
  it.each([
    ['shadow', 'shadowed'],
    ['observe', 'observed_only'],
  ] as const)('leaves nothing behind: in %s the call that waits is withdrawn', async (mode, reason) => {
    const { ask, decide, run, ledger, world, db } = await phoneWorld();
    const id = await ask('m1');
    await decide(id);
    await db.$executeRaw`UPDATE source SET mode = ${mode} WHERE name = 'dashboard'`;
    await run(id);
    await decide(id);
    expect(await ledger.message('m1')).toMatchObject({ disposition: 'ignored', reason });
    expect(world.calls).toEqual([]);
  });

  it('is held while sending is stopped, between the decision and the request as well', async () => {
    const { ask, decide, call, finish, ledger, world, db, clock, deps } = await phoneWorld();
    const id = await ask('m1');
    await decide(id);
    await db.$executeRaw`INSERT INTO sending_stop (stopped_at, stopped_by) VALUES (${clock.now()}, 'tests')`;
    expect(await placeCall(deps, { messageId: id, attempt: 1 })).toBe('held');
    expect(await decide(id)).toMatchObject({ for: 'stopped' });
    expect(await call(id)).toMatchObject({ state: 'scheduled' });
    expect(world.calls).toEqual([]);
    await db.$executeRaw`UPDATE sending_stop SET lifted_at = ${clock.now()}, lifted_by = 'tests'`;
    expect(await decide(id)).toMatchObject({ for: 'callback', start: { workflow: 'callback' } });
    await finish(id);
    expect(await ledger.message('m1')).toMatchObject({ disposition: 'callback_done' });
    expect(world.calls).toHaveLength(1);
  });

  it.each([
    ['its hour has come', 'scheduled', 'call_refused'],
    ['its request is in doubt', 'doubtful', 'call_unconfirmed'],
    ['its end is not known', 'placed', 'call_unconfirmed'],
  ])(
    'is for a person, and waits on no queue, where no phone provider is configured any more and %s',
    async (...given) => {
      const [, state, reason] = given;
      const { ask, decide, ledger, deps, db, clock, timing } = await phoneWorld();
      const id = await ask('m1');
      await decide(id);
      const at = new Date(clock.now().getTime() - 120_000);
      await db.$executeRaw`UPDATE call SET state = ${state}, placing_at = ${at}, placed_at = ${at}, heard_at = ${at}`;
      clock.advance(timing.callPollMs);
      expect(await nextCallStep({ ...deps, calling: null }, id)).toEqual({ do: 'end' });
      await decide(id);
      expect(await ledger.message('m1')).toMatchObject({ disposition: 'escalated', reason });
    },
  );

  it('is not called by a process that stood still after it had asked whether it may', async () => {
    const { ask, decide, call, world, clock, timing, deps } = await phoneWorld();
    const id = await ask('m1');
    await decide(id);
    const stalls: typeof deps = {
      ...deps,
      phoneOf: (provider) => {
        clock.advance(timing.stopWithinMs + 1);
        return deps.phoneOf(provider);
      },
    };
    await expect(placeCall(stalls, { messageId: id, attempt: 1 })).rejects.toMatchObject({ type: 'SourceTimeout' });
    expect(await call(id)).toMatchObject({ state: 'scheduled' });
    expect(world.calls).toEqual([]);
  });

  it('is not called about once a person has answered in the thread', async () => {
    const { ask, decide, run, ledger, world, clock } = await phoneWorld();
    clock.advance(7 * HOUR);
    const id = await ask('m1');
    await decide(id);
    clock.advance(DAY);
    const at = clock.now().toISOString();
    await ledger.read('thread of m1', [
      outgoingMessage('by a person', { providerThreadId: 'thread of m1', originAt: at }),
    ]);
    await run(id);
    await decide(id);
    expect(await ledger.message('m1')).toMatchObject({ disposition: 'superseded_by', reason: 'person_replied' });
    expect(world.calls).toEqual([]);
  });
});

describe('a request that changes', () => {
  it('before its call has left is decided anew on the newest words', async () => {
    const { ask, decide, call, ledger, clock, world, db } = await phoneWorld();
    clock.advance(7 * HOUR);
    const id = await ask('m1');
    await decide(id);
    clock.advance(MINUTE);
    const edited = incomingMessage('m1', { providerThreadId: 'thread of m1', text: 'Please write instead.' });
    await ledger.read('thread of m1', [edited]);
    expect(await trailOf(db, id)).toContain('edited');
    expect(await decide(id)).toEqual({ kind: 'understand' });
    expect(await call(id)).toMatchObject({ state: 'withdrawn' });
    expect(world.calls).toEqual([]);
  });

  it('in a mode that has come to want an approval is taken back before it leaves', async () => {
    const { ask, decide, run, ledger, clock, world, db } = await phoneWorld();
    clock.advance(7 * HOUR);
    const id = await ask('m1');
    await decide(id);
    await db.$executeRaw`UPDATE source SET mode = 'approve' WHERE name = 'dashboard'`;
    clock.advance(DAY);
    expect(await run(id)).toEqual({ do: 'end' });
    await decide(id);
    expect(await ledger.message('m1')).toMatchObject({ state: 'waiting', waitingKind: 'approval' });
    expect(world.calls).toEqual([]);
  });
});
