import { afterEach, describe, expect, it } from 'vitest';
import type { WireMessage } from '../../src/simulator/wire.js';
import { type Rig, startRig } from './harness.js';

const DAY = 86_400_000;
let rigs: Rig[] = [];
const rigOf = async (...args: Parameters<typeof startRig>): Promise<Rig> => {
  const rig = await startRig(...args);
  rigs.push(rig);
  return rig;
};
afterEach(async () => {
  await Promise.all(rigs.map((rig) => rig.close()));
  rigs = [];
});

async function everything(rig: Rig): Promise<WireMessage[]> {
  const messages: WireMessage[] = [];
  for (const thread of await rig.list('limit=100')) messages.push(...(await rig.read(thread.id)));
  return messages;
}

describe('the seeded world', () => {
  for (const profile of ['documented', 'observed'] as const) {
    it(`gives to a reader of everything what its truth calls obtainable (${profile})`, async () => {
      const rig = await rigOf({ threads: 300, profile });
      const truth = await rig.truth();
      const read = await everything(rig);
      expect(read.map((message) => message.id).sort()).toEqual([...truth.obtainable].sort());
      expect(truth.obtainable.length).toBeGreaterThan(600);
      expect(truth.unobtainable.length).toBeLessThan(truth.obtainable.length * 0.01);
    });
  }

  it('is the same for the same seed and anchor, and another for another seed', async () => {
    const [one, same, other] = await Promise.all([1, 1, 2].map((seed) => rigOf({ threads: 60, seed })));
    const [first, again, different] = await Promise.all([one, same, other].map((rig) => everything(rig as Rig)));
    expect(again).toEqual(first);
    expect(different?.map((message) => message.id)).not.toContain(first?.[0]?.id);
  });

  it('holds every awkward kind of mail in observed', async () => {
    const rig = await rigOf({ threads: 400, profile: 'observed' });
    const messages = await everything(rig);
    const inbound = messages.filter((message) => message.direction === 'inbound');
    const share = (test: (message: WireMessage) => boolean) => inbound.filter(test).length / inbound.length;
    const received = (message: WireMessage) => Date.parse(message.received_at);
    expect(share((m) => m.text === null && m.html === null)).toBeGreaterThan(0.01);
    expect(share((m) => m.text === null && m.html === null)).toBeLessThan(0.05);
    expect(share((m) => m.text === null && m.html !== null)).toBeGreaterThan(0.03);
    expect(share((m) => m.subject === null)).toBeGreaterThan(0.01);
    expect(share((m) => !/^[^@\s]+@example\.(com|org)$/.test(m.from.email))).toBeGreaterThan(0.005);
    expect(share((m) => m.headers['auto-submitted'] !== undefined)).toBeGreaterThan(0.005);
    expect(share((m) => m.headers['list-id'] !== undefined)).toBeGreaterThan(0.005);
    expect(share((m) => m.attachments.length > 0)).toBeGreaterThan(0.02);
    expect(inbound.some((m) => m.from.email === m.to[0]?.email)).toBe(true);
    expect(inbound.some((m) => received(m) < Date.parse('1971-01-01'))).toBe(true);
    expect(inbound.some((m) => received(m) > Date.parse('2099-01-01'))).toBe(true);
    expect(inbound.some((m) => /[+-]\d\d:00$/.test(m.received_at))).toBe(true);
    expect(messages.some((m) => m.direction === 'outbound' && m.client_ref === null)).toBe(true);
    expect((await rig.truth()).twinGroups.length).toBeGreaterThanOrEqual(3);
    const perThread = new Map<string, number>();
    for (const message of messages) perThread.set(message.thread_id, (perThread.get(message.thread_id) ?? 0) + 1);
    expect([...perThread.values()].filter((count) => count > 25).length).toBeGreaterThanOrEqual(3);
    expect(Math.max(...perThread.values())).toBeGreaterThan(100);
  });

  it('has none of these oddities as documented: bodies, subjects, senders and receipts are good', async () => {
    const rig = await rigOf({ threads: 200, profile: 'documented' });
    const messages = await everything(rig);
    expect(messages.filter((m) => m.text === null && m.html === null)).toEqual([]);
    expect(messages.filter((m) => m.subject === null)).toEqual([]);
    expect(messages.filter((m) => !/^[^@\s]+@example\.(com|org)$/.test(m.from.email))).toEqual([]);
    const truths = new Map((await rig.truths()).map((truth) => [truth.id, truth]));
    for (const m of messages) expect(truths.get(m.id)?.how.shownFrom).toBe(m.received_at);
  });

  it('begins quiet: nothing came in the last minutes before the anchor', async () => {
    const rig = await rigOf({ threads: 300 });
    const newest = Math.max(...(await rig.truths()).map((truth) => Date.parse(truth.how.shownFrom)));
    expect(newest).toBeLessThan(rig.clock.now().getTime() - 10 * 60_000);
  });

  it('has replies that come after weeks and months, and mail that was days on its way', async () => {
    const rig = await rigOf({ threads: 400 });
    const truths = (await rig.truths()).filter((truth) => truth.direction === 'inbound');
    const sinceCreation = truths.map((truth) => Date.parse(truth.how.shownFrom) - Date.parse(truth.how.createdAt));
    expect(sinceCreation.filter((ms) => ms > 15 * DAY).length).toBeGreaterThan(3);
    expect(Math.max(...sinceCreation)).toBeGreaterThan(30 * DAY);
    const onTheWay = truths.map((truth) => Date.parse(truth.how.shownFrom) - Date.parse(truth.sentAt));
    expect(onTheWay.filter((ms) => ms > 3_600_000).length).toBeGreaterThan(5);
    expect(Math.max(...onTheWay)).toBeGreaterThan(DAY / 2);
  });
});

describe('live traffic', () => {
  it('arrives by the clock at its rate, on new threads and on old ones, until it is stopped', async () => {
    const rig = await rigOf({ threads: 100, trafficPerHour: 100 });
    const before = (await rig.truth()).obtainable.length;
    rig.clock.advance(10 * 3_600_000);
    const truths = (await rig.truths()).filter((truth) => truth.origin === 'traffic');
    expect(truths.length).toBeGreaterThan(850);
    expect(truths.length).toBeLessThan(1150);
    const anchor = Date.parse(rig.simulator.anchor);
    expect(truths.some((truth) => Date.parse(truth.how.createdAt) < anchor - 30 * DAY)).toBe(true);
    expect(truths.some((truth) => Date.parse(truth.how.createdAt) > anchor)).toBe(true);
    expect((await rig.truth()).held.length).toBeGreaterThan(0);
    expect((await rig.truth()).obtainable.length).toBeGreaterThan(before + 800);
    await rig.control('traffic', { perHour: 0 });
    const count = (await rig.truths()).length;
    rig.clock.advance(3_600_000);
    expect((await rig.truths()).length).toBe(count);
  });

  it('does not depend on when it is looked at', async () => {
    const [often, once] = await Promise.all([1, 2].map(() => rigOf({ threads: 50, trafficPerHour: 300 })));
    for (let minutes = 0; minutes < 60; minutes += 5) {
      often?.clock.advance(5 * 60_000);
      await often?.truth();
    }
    once?.clock.advance(60 * 60_000);
    expect(await once?.truths()).toEqual(await often?.truths());
  });
});
