import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import { describe, expect, it } from 'vitest';
import { compareCalls, listCallsPage } from '../../../src/delivery/calling/compare.js';
import { placeCall } from '../../../src/delivery/calling/place-call.js';
import { countCallWitnesses } from '../../../src/ledger/call-comparison.js';
import type { PhoneClient } from '../../../src/sources/phone/client.js';
import { ProviderFailure } from '../../../src/sources/source.js';
import { HOUR, MINUTE } from '../../support/clock.js';
import { ACCOUNT, AUTH, FROM, phoneWorld, TO } from '../../support/phone-world.js';
import { trailOf } from '../../support/trail.js';

type World = Awaited<ReturnType<typeof phoneWorld>>;

async function compare({ deps }: World) {
  let listed = await listCallsPage(deps, { provider: 'phone', attempt: 1 });
  while (listed.next === 'more')
    listed = await listCallsPage(deps, { provider: 'phone', attempt: 1, afterCall: listed.callId });
  return compareCalls(deps, { provider: 'phone', readingId: listed.readingId });
}

const done = { disposition: 'callback_done', reason: 'call_completed' };

describe('a request for a call whose answer is lost', () => {
  it('after it was accepted is found in the list, though no callback came, and not placed again', async () => {
    const { ask, decide, finish, ledger, world, db } = await phoneWorld();
    world.force('broken-after-acceptance', 1);
    world.rate('lost-callback', 1);
    const id = await ask('m1');
    await decide(id);
    await finish(id);
    expect(world.calls).toHaveLength(1);
    expect(await ledger.message('m1')).toMatchObject(done);
    expect(await trailOf(db, id)).toContain('call_doubtful');
    expect(await countCallWitnesses(db, 'phone')).toEqual([{ via: 'look', calls: 1, endings: 1 }]);
  });

  it('after it was accepted is settled by a callback with our key, without a look', async () => {
    const { ask, decide, run, simulator, clock, world, call, db } = await phoneWorld();
    world.force('broken-after-acceptance', 1);
    const id = await ask('m1');
    await decide(id);
    expect(await run(id)).toMatchObject({ do: 'wait' });
    expect(await call(id)).toMatchObject({ state: 'doubtful', sid: null });
    clock.advance(1_500);
    await simulator.settled();
    expect(await call(id)).toMatchObject({ state: 'placed', sid: world.calls[0]?.sid });
    const looks = await db.$queryRaw<unknown[]>`SELECT 1 FROM provider_call WHERE operation = 'listCalls'`;
    expect(looks).toEqual([]);
  });

  it('before it was accepted is placed again under a key of its own, after the list has shown nothing', async () => {
    const { ask, decide, finish, ledger, world } = await phoneWorld();
    world.force('broken-before-acceptance', 1);
    const id = await ask('m1');
    await decide(id);
    expect(await finish(id)).toMatchObject({ state: 'completed', attempt: 2 });
    expect(world.calls).toHaveLength(1);
    expect(world.calls[0]?.statusCallback).toMatch(new RegExp(`${id}-2$`));
    expect(await ledger.message('m1')).toMatchObject(done);
  });

  it('is found although the call still waits to be dialled, and shows late in the list', async () => {
    const world = await phoneWorld();
    world.world.options.stepMs = 30 * MINUTE;
    world.world.force('broken-after-acceptance', 1);
    world.world.force('hidden-call', 1);
    const id = await world.ask('m1');
    await world.decide(id);
    const waiting = await world.run(id);
    expect(waiting).toMatchObject({ do: 'wait' });
    world.clock.advance(62_000);
    await world.run(id);
    expect(await world.call(id)).toMatchObject({ state: 'placed', status: 'queued' });
    expect(world.world.calls).toHaveLength(1);
  });

  it('is a matter for a person where the list shows more than one call that it may have become', async () => {
    const { ask, decide, finish, ledger, world } = await phoneWorld();
    world.force('broken-after-acceptance', 1);
    world.rate('lost-callback', 1);
    const id = await ask('m1');
    await decide(id);
    const twin = { to: TO, from: FROM, url: 'http://other.example.com', statusCallback: null, events: [] };
    const placing = finish(id);
    world.place(twin);
    await placing;
    expect(await ledger.message('m1')).toMatchObject({ disposition: 'escalated', reason: 'call_unconfirmed' });
    expect(world.calls).toHaveLength(2); // one of ours, one of somebody else
  });

  it('because the worker died is in doubt for the next attempt, which places nothing', async () => {
    const { ask, decide, call, finish, world, db, deps, ledger } = await phoneWorld();
    const id = await ask('m1');
    await decide(id);
    // The provider executes the request; the worker dies before it can write down the answer.
    const dying = { ...deps, db: { ...db, transaction: db.transaction } };
    let left = 1;
    dying.db.transaction = async (work) => {
      if (left-- > 0) return db.transaction(work);
      throw new Error('the worker is dead');
    };
    await expect(placeCall(dying, { messageId: id, attempt: 1 })).rejects.toThrow('dead');
    expect(await call(id)).toMatchObject({ state: 'placing' });
    expect(await placeCall(deps, { messageId: id, attempt: 2 })).toBe('doubtful');
    await finish(id);
    expect(world.calls).toHaveLength(1);
    expect(await ledger.message('m1')).toMatchObject(done);
  });
});

describe('an answer that a worker reads after the next request has left', () => {
  it.each([429, 422])('takes nothing of that request back: %s', async (status) => {
    const { ask, decide, call, deps, db } = await phoneWorld();
    const id = await ask('m1');
    await decide(id);
    // While the answer to the first request lies unread, it is doubted, looked for, and the next one is under way.
    const refusal = new ProviderFailure(status === 429 ? 'SourceRateLimited' : 'CallRefused', 'refused', { status });
    const client: PhoneClient = {
      ...deps.phoneOf('phone'),
      async createCall() {
        await db.$executeRaw`UPDATE call SET attempt = 2, state = 'placing', placing_at = now() WHERE message_id = ${id}::uuid`;
        throw refusal;
      },
    };
    const slow = { ...deps, phoneOf: () => client };
    const placed = placeCall(slow, { messageId: id, attempt: 1 });
    // A pause is for the queue to keep; a refusal is judged here, and finds that its request is not the one under way.
    if (status === 429) await expect(placed).rejects.toBe(refusal);
    else await placed;
    expect(await call(id)).toMatchObject({ state: 'placing', attempt: 2 });
  });
});

describe('what the provider tells', () => {
  it('is asked for where callbacks are lost', async () => {
    const { ask, decide, finish, ledger, world, db } = await phoneWorld();
    world.rate('lost-callback', 1);
    const id = await ask('m1');
    await decide(id);
    await finish(id);
    expect(await ledger.message('m1')).toMatchObject(done);
    expect(await countCallWitnesses(db, 'phone')).toEqual([
      { via: 'answer', calls: 1, endings: 0 },
      { via: 'poll', calls: 0, endings: 1 },
    ]);
  });

  it('counts once where callbacks are repeated, and never backwards where they come late', async () => {
    const { ask, decide, finish, ledger, world, db, clock, simulator } = await phoneWorld();
    world.rate('repeated-callback', 1);
    world.force('late-callback', 2);
    const id = await ask('m1');
    await decide(id);
    await finish(id);
    clock.advance(2 * MINUTE);
    await simulator.settled();
    expect(await ledger.message('m1')).toMatchObject(done);
    const rows = await db.$queryRaw<{ n: number; distinct: number }[]>`
      SELECT count(*)::int AS n, count(DISTINCT sequence)::int AS distinct FROM call_report WHERE via = 'webhook'`;
    expect(rows).toEqual([{ n: 4, distinct: 4 }]);
    expect(world.sent.length).toBe(8);
    expect(world.sent.every(({ answered }) => answered === 204)).toBe(true);
  });

  it('of a call whose request was taken for lost stops the next request', async () => {
    const { ask, decide, run, call, clock, simulator, world } = await phoneWorld({ callVisibleMs: 1_000 });
    world.force('broken-after-acceptance', 1);
    world.force('hidden-call', 1); // longer than the list is said to take
    world.options.stepMs = 5_000;
    clock.advance(5 * HOUR + 59 * MINUTE + 57_000); // 17:59:57: the look comes after the hours
    const id = await ask('m1');
    await decide(id);
    await run(id);
    clock.advance(4_000);
    expect(await run(id)).toMatchObject({ do: 'wait', until: '2026-03-03T09:00:00.000Z' });
    expect(await call(id)).toMatchObject({ state: 'scheduled', attempt: 2 });
    clock.advance(10_000);
    await simulator.settled();
    expect(await call(id)).toMatchObject({ state: 'placed', attempt: 1 });
    expect(world.calls).toHaveLength(1);
  });

  it('is refused where the signature is not of our token and our address, and leaves no row', async () => {
    const { ask, decide, run, publicUrl, ledger } = await phoneWorld();
    const id = await ask('m1');
    await decide(id);
    await run(id);
    const before = await ledger.count('call_report');
    const body = new URLSearchParams({
      CallSid: 'CA1',
      AccountSid: 'AC1',
      CallStatus: 'completed',
      SequenceNumber: '9',
    });
    const answer = await fetch(`${publicUrl()}/webhooks/calls/${id}-1`, {
      method: 'POST',
      headers: { 'x-twilio-signature': 'AAAA' },
      body,
    });
    expect(answer.status).toBe(401);
    expect(await ledger.count('call_report')).toBe(before);
  });

  it('with our signature, of a call that we know nothing of, is an alarm', async () => {
    const { publicUrl, alarms, ledger } = await phoneWorld();
    const url = `${publicUrl()}/webhooks/calls/somebody-else`;
    const form = { CallSid: 'CA77', AccountSid: ACCOUNT, CallStatus: 'ringing', SequenceNumber: '1' };
    const signature = getExpectedTwilioSignature(AUTH, url, form);
    const post = (to: string) =>
      fetch(to, { method: 'POST', headers: { 'x-twilio-signature': signature }, body: new URLSearchParams(form) });
    expect((await post(url)).status).toBe(404);
    expect((await post(url.replace('somebody-else', 'another'))).status).toBe(401);
    expect(await alarms()).toEqual(['unknown']);
    expect(await ledger.count('call_report')).toBe(0);
  });

  it('of many calls is recovered whole, with 2 in 10 callbacks withheld and 1 in 10 repeated', async () => {
    const calls = 20;
    const { ask, decide, finish, ledger, world, db } = await phoneWorld();
    world.rate('lost-callback', 0.2);
    world.rate('repeated-callback', 0.1);
    for (let index = 0; index < calls; index++) {
      const id = await ask(`m${index}`, { text: `Call me on +44 20 7946 0${100 + index}.` });
      await decide(id);
      await finish(id);
      expect(await ledger.message(`m${index}`)).toMatchObject(done);
    }
    expect(world.calls).toHaveLength(calls);
    expect(world.lost.length).toBeGreaterThan(0);
    const told = await countCallWitnesses(db, 'phone');
    expect(told.reduce((sum, { endings }) => sum + endings, 0)).toBe(calls);
    expect(told.map(({ via }) => via)).toEqual(expect.arrayContaining(['poll', 'webhook']));
  });

  it('with 429 pauses the provider and takes the request back, and nothing is in doubt', async () => {
    const { ask, decide, run, call, clock, world } = await phoneWorld();
    world.force('too-many', 1);
    const id = await ask('m1');
    await decide(id);
    await expect(run(id)).rejects.toMatchObject({ type: 'SourceRateLimited' });
    expect(await call(id)).toMatchObject({ state: 'scheduled', attempt: 1 });
    await expect(run(id)).rejects.toMatchObject({ type: 'SourceBlocked' });
    clock.advance(1_100);
    await run(id);
    expect(world.calls).toHaveLength(1);
  });
});

describe('the comparison with the list of the provider', () => {
  it.each([
    ['before the next request leaves: that one does not leave', true, 1, []],
    ['after it left: an alarm, and the call of the next request is the one that counts', false, 2, ['unknown']],
  ] as const)('finds a call that no look and no callback told of, %s', async (_what, isInTime, placed, alarms) => {
    const world = await phoneWorld({ callVisibleMs: 1_000 });
    world.world.force('broken-after-acceptance', 1);
    world.world.force('hidden-call', 1); // longer than the list is said to take
    world.world.rate('lost-callback', 1);
    const id = await world.ask('m1');
    await world.decide(id);
    await world.run(id);
    world.clock.advance(3_000);
    expect(await world.run(id)).toMatchObject({ do: 'wait' });
    expect(await world.call(id)).toMatchObject({ state: 'scheduled', attempt: 2 });
    world.clock.advance(MINUTE);
    if (isInTime) await compare(world);
    await world.finish(id);
    world.clock.advance(MINUTE);
    expect(await compare(world)).toMatchObject({ strange: placed - 1, missing: 0 });
    expect(world.world.calls).toHaveLength(placed);
    expect(await world.alarms()).toEqual(alarms);
    expect(await world.ledger.message('m1')).toMatchObject(done);
  });

  it('agrees where everything is known, and takes over what no callback told', async () => {
    const world = await phoneWorld();
    world.world.rate('lost-callback', 1);
    const id = await world.ask('m1');
    await world.decide(id);
    await world.run(id);
    world.clock.advance(5_000);
    expect(await compare(world)).toMatchObject({ listed: 1, recovered: 1, strange: 0, missing: 0 });
    expect(await world.call(id)).toMatchObject({ status: 'completed' });
    expect(await world.alarms()).toEqual([]);
  });

  it('misses no call of the number that calls were made from before: the list is that of the number of today', async () => {
    const world = await phoneWorld();
    const id = await world.ask('m1');
    await world.decide(id);
    await world.finish(id);
    world.clock.advance(5 * MINUTE);
    const { calling } = world.deps;
    if (!calling) throw new Error('nothing calls');
    const renumbered = { ...world, deps: { ...world.deps, calling: { ...calling, from: '+442079460001' } } };
    expect(await compare(renumbered)).toMatchObject({ listed: 0, recovered: 0, strange: 0, missing: 0 });
    expect(await world.alarms()).toEqual([]);
  });

  it('raises an alarm for a call that we do not know and for one that is missing, until they are explained', async () => {
    const world = await phoneWorld();
    const id = await world.ask('m1');
    await world.decide(id);
    await world.finish(id);
    world.clock.advance(5 * MINUTE);
    const [ours] = world.world.calls.splice(0, 1);
    world.world.place({ to: TO, from: FROM, url: 'http://other.example.com', statusCallback: null, events: [] });
    expect(await compare(world)).toMatchObject({ strange: 1, missing: 1 });
    expect(await world.alarms()).toEqual(['missing', 'unknown']);
    if (ours) world.world.calls.push(ours);
    expect(await compare(world)).toMatchObject({ strange: 1, missing: 0 });
    expect(await world.alarms()).toEqual(['unknown']);
  });
});
