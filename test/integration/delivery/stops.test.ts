import { describe, expect, it } from 'vitest';
import { listAlarms } from '../../../src/ledger/alarm-desk.js';
import {
  readStops,
  resumeSending,
  type StopScope,
  stopSending,
  sweepStops,
} from '../../../src/ledger/sending-stops.js';
import { MINUTE } from '../../support/clock.js';
import { type Deciding, deciding } from './deciding.js';

const EVERYTHING: StopScope = { source: null, route: null, playbook: null };

const stop = (test: Deciding, scope: Partial<StopScope> = {}) =>
  stopSending(test.db, { ...EVERYTHING, ...scope, note: 'a test', actor: 'cli:test', now: test.clock.now() });
const resume = (test: Deciding, scope: Partial<StopScope> = {}) =>
  resumeSending(test.db, { ...EVERYTHING, ...scope, all: false, actor: 'cli:test', now: test.clock.now() });

describe('a stop of sending', () => {
  it('holds what is decided, and lets it go once it is lifted', async () => {
    const test = await deciding();
    const id = await test.arrives('m1');
    expect(await stop(test)).toMatchObject({ isNew: true });
    expect(await stop(test)).toMatchObject({ isNew: false });
    expect(await test.carryOn(id)).toMatchObject({ kind: 'wait', for: 'stopped' });
    expect(await test.carryOn(id)).toMatchObject({ kind: 'wait', for: 'stopped' });
    expect(test.server.looks()).toBe(1); // the visit: what is held asks for nothing
    expect(await readStops(test.db)).toMatchObject([{ held: 1, note: 'a test' }]);
    expect(await resume(test)).toHaveLength(1);
    expect(await resume(test)).toEqual([]);
    expect(await test.takeMoved(10)).toMatchObject([{ id }]);
    expect(await test.takeMoved(10)).toEqual([]);
    expect(await test.carryOn(id)).toMatchObject({ disposition: 'answered' });
    expect((await test.trail(id)).slice(4)).toEqual([
      ...['decided', 'held', 'waiting for stopped', 'decided', 'released', 'reply_prepared'],
      ...['reply_looked', 'reply_posting', 'reply_accepted', 'ended answered (accepted)'],
    ]);
    expect(
      await test.db.$queryRaw`SELECT action, subject FROM change WHERE action LIKE 'sending.%' ORDER BY id`,
    ).toEqual([
      { action: 'sending.stopped', subject: 'everything' },
      { action: 'sending.resumed', subject: 'everything' },
    ]);
  });

  it('that comes while the thread is read keeps the reply from leaving', async () => {
    const test = await deciding();
    const id = await test.arrives('m1');
    await test.takeUp(id);
    expect(await test.decide(id)).toEqual({ kind: 'reply' });
    const nextLook = test.server.holdLooks();
    const sending = test.send(id);
    const goOn = await nextLook();
    await stop(test);
    goOn();
    expect(await sending).toEqual({ kind: 'again' });
    expect(test.server.posts).toEqual([]);
    expect(await test.decide(id)).toMatchObject({ kind: 'wait', for: 'stopped' });
    await resume(test);
    expect(await test.decide(id)).toEqual({ kind: 'reply' });
  });

  it('that comes before the reply is taken up is held without a look', async () => {
    const test = await deciding();
    const id = await test.arrives('m1');
    await test.takeUp(id);
    expect(await test.decide(id)).toEqual({ kind: 'reply' });
    await stop(test, { playbook: 'delivery_status' });
    expect(await test.send(id)).toEqual({ kind: 'again' });
    expect(test.server.looks()).toBe(1);
    expect(await test.decide(id)).toMatchObject({ kind: 'wait', for: 'stopped' });
  });

  it('holds its own source, route and playbook, and nothing else', async () => {
    const test = await deciding();
    await test.bind({ name: 'another' });
    await stop(test, { source: 'another' });
    await stop(test, { route: 'form' });
    await stop(test, { playbook: 'password_reset' });
    expect(await test.carryOn(await test.arrives('m1'))).toMatchObject({ disposition: 'answered' });
    await stop(test, { source: 'dashboard', route: 'email', playbook: 'delivery_status' });
    const held = await test.arrives('m2', { thread_id: 't2' });
    expect(await test.carryOn(held)).toMatchObject({ for: 'stopped' });
    expect((await readStops(test.db)).map(({ held: count }) => count)).toEqual([0, 0, 0, 1]);
    await stop(test);
    await resume(test, { source: 'dashboard', route: 'email', playbook: 'delivery_status' });
    expect(await test.takeMoved(10)).toEqual([]); // the other stop holds it
  });

  it('is refused for a source or a playbook that nobody knows: a slip of the pen would stop nothing', async () => {
    const test = await deciding();
    await expect(stop(test, { source: 'dashbord' })).rejects.toMatchObject({ type: 'UsageWrong' });
    await expect(stop(test, { playbook: 'delivery-status' })).rejects.toMatchObject({ type: 'UsageWrong' });
    expect(await readStops(test.db)).toEqual([]);
  });

  it('releases the oldest first', async () => {
    const test = await deciding();
    await stop(test);
    const ids: string[] = [];
    for (const number of [1, 2, 3, 4]) {
      ids.push(await test.arrives(`m${number}`, { thread_id: `t${number}` }));
      test.clock.advance(1_000);
    }
    for (const id of ids.toReversed()) expect(await test.carryOn(id)).toMatchObject({ for: 'stopped' });
    await resume(test);
    const first = await test.takeMoved(3);
    const rest = await test.takeMoved(3);
    expect([...first, ...rest].map(({ id }) => id)).toEqual(ids);
  });

  it('is said by an alarm as long as it holds something, anew when it holds more', async () => {
    const test = await deciding();
    await stop(test);
    await sweepStops(test.db, test.clock.now());
    expect(await listAlarms(test.db, [])).toEqual([]);
    for (const [index, raises] of [1, 2].entries()) {
      await test.carryOn(await test.arrives(`m${index}`, { thread_id: `t${index}` }));
      test.clock.advance(MINUTE);
      await sweepStops(test.db, test.clock.now());
      await sweepStops(test.db, test.clock.now());
      expect(await listAlarms(test.db, ['open'])).toMatchObject([
        { kind: 'sending_stopped', raises, evidence: { held: raises, scope: 'everything' } },
      ]);
    }
    await resume(test);
    expect(await listAlarms(test.db, ['open'])).toEqual([]);
  });

  it('does not hold back the look for a reply that may have left', async () => {
    const test = await deciding();
    const id = await test.arrives('m1');
    test.server.willAnswer({ kind: 'executed and broken' });
    await test.carryOn(id);
    await stop(test);
    test.clock.advance(test.timing.sendDeadlineMs + test.timing.visibleWithinMs);
    expect(await test.send(id)).toMatchObject({ disposition: 'answered', reason: 'seen_in_thread' });
  });
});
