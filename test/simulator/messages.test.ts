import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Rig, startRig } from './harness.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ profile: 'documented' });
});
afterEach(() => rig.close());

const order = async (threadId: string) => (await rig.read(threadId)).map((message) => message.id);

describe('GET /v1/threads/{id}/messages', () => {
  it('puts a late arrival in the middle with origin-order, and first as documented', async () => {
    const first = await rig.control('inbound', {});
    const { threadId } = first;
    rig.clock.advance(5 * HOUR);
    const second = await rig.control('inbound', { threadId });
    rig.clock.advance(HOUR);
    const late = await rig.control('inbound', { threadId, originAt: rig.clock.ago(3 * HOUR) });
    expect(await order(threadId)).toEqual([late.messageId, second.messageId, first.messageId]);
    await rig.control('oddities', { 'origin-order': 'on' });
    expect(await order(threadId)).toEqual([second.messageId, late.messageId, first.messageId]);
  });

  it('passes the stamp of the origin on with origin-stamp, and the receipt as documented', async () => {
    const { threadId } = await rig.control('inbound', { originAt: '1970-01-01T00:00:00+09:00' });
    const receivedAt = async () => (await rig.read(threadId))[0]?.received_at;
    expect(await receivedAt()).toBe(rig.clock.now().toISOString());
    await rig.control('oddities', { 'origin-stamp': 'on' });
    expect(await receivedAt()).toBe('1970-01-01T00:00:00+09:00');
  });

  it('lists a message without its body first where the body is late', async () => {
    const { threadId, messageId } = await rig.control('inbound', { text: 'late words', bodyInMs: 3 * MINUTE });
    const text = async () => (await rig.read(threadId))[0]?.text;
    expect(await text()).toBeNull();
    expect((await rig.truth()).obtainable).toEqual([messageId]);
    rig.clock.advance(3 * MINUTE);
    expect(await text()).toBe('late words');
    await rig.control('late-body', { messageId, ms: MINUTE });
    expect(await text()).toBeNull();
    rig.clock.advance(MINUTE);
    expect(await text()).toBe('late words');
  });

  it('draws late bodies and vanishing messages for live traffic of its own', async () => {
    const world = await startRig({ threads: 20, trafficPerHour: 1200, profile: 'documented' });
    world.clock.advance(HOUR);
    await world.control('traffic', { perHour: 0 });
    const bare = async () => {
      const rows = await Promise.all((await world.list('limit=100')).map((thread) => world.read(thread.id)));
      return rows.flat().filter((message) => message.text === null && message.html === null).length;
    };
    expect(await bare()).toBe(0);
    await world.control('oddities', { 'late-body': 'on' });
    expect(await bare()).toBeGreaterThan(0);
    world.clock.advance(3 * 24 * HOUR);
    expect(await bare()).toBe(0);
    const gone = async () => (await world.truths()).filter((truth) => truth.goneFrom !== null).length;
    expect(await gone()).toBe(0);
    await world.control('oddities', { 'vanishing-message': 'on' });
    expect(await gone()).toBeGreaterThan(0);
    await world.close();
  });

  it('counts a deleted message neither as obtainable nor as unobtainable, and tells that it went', async () => {
    const { threadId, messageId } = await rig.control('inbound', {});
    const before = rig.clock.now().toISOString();
    rig.clock.advance(MINUTE);
    await rig.control('delete', { messageId });
    expect(await rig.read(threadId)).toEqual([]);
    expect(await rig.truth()).toMatchObject({ obtainable: [], unobtainable: [] });
    expect(await rig.truth(before)).toMatchObject({ obtainable: [messageId], goneSince: [messageId] });
  });

  it('shows the messages of a merged thread under the survivor with the same ids', async () => {
    const survivor = await rig.control('inbound', {});
    rig.clock.advance(MINUTE);
    const lost = await rig.control('inbound', {});
    await rig.control('merge', { lost: lost.threadId, survivor: survivor.threadId });
    expect((await rig.fetch(`/v1/threads/${lost.threadId}`)).status).toBe(404);
    expect((await rig.fetch(`/v1/threads/${lost.threadId}/messages`)).status).toBe(404);
    expect(await order(survivor.threadId)).toEqual([lost.messageId, survivor.messageId]);
    expect(new Set((await rig.read(survivor.threadId)).map((message) => message.thread_id))).toEqual(
      new Set([survivor.threadId]),
    );
    expect((await rig.list('limit=10')).map((thread) => thread.id)).toEqual([survivor.threadId]);
    expect((await rig.truth()).obtainable).toHaveLength(2);
    const more = await rig.control('inbound', { threadId: lost.threadId });
    expect(more.threadId).toBe(survivor.threadId);
  });

  it('keeps a message that is on its way unobtainable until it can be fetched', async () => {
    const { threadId, messageId } = await rig.control('inbound', {});
    const held = await rig.control('inbound', { threadId, fetchableInMs: HOUR });
    expect(await order(threadId)).toEqual([messageId]);
    expect(await rig.truth()).toMatchObject({ unobtainable: [held.messageId], held: [held.messageId] });
    rig.clock.advance(HOUR);
    expect(await order(threadId)).toEqual([held.messageId, messageId]);
    expect(await rig.truth()).toMatchObject({ unobtainable: [], held: [] });
  });

  it('takes any sender, headers and null texts from the inbound control', async () => {
    const from = { name: null, email: '' };
    const headers = { 'Message-ID': '<twin@example.org>', 'Auto-Submitted': 'auto-replied' };
    const { threadId } = await rig.control('inbound', { from, headers, text: null, subject: null, html: '<p>x</p>' });
    const [message] = await rig.read(threadId);
    expect(message).toMatchObject({ from, text: null, subject: null, html: '<p>x</p>', direction: 'inbound' });
    expect(message?.headers).toMatchObject({ 'message-id': '<twin@example.org>', 'auto-submitted': 'auto-replied' });
    const twin = await rig.control('inbound', { from, headers, text: null, subject: null, html: '<p>x</p>' });
    await rig.control('inbound', { headers, text: 'other content, other mail' });
    expect((await rig.truth()).twinGroups).toEqual([[message?.id, twin.messageId]]);
  });

  it('has pages of at most 25 messages and refuses a larger limit', async () => {
    const { threadId } = await rig.control('inbound', {});
    for (let count = 0; count < 30; count += 1) await rig.control('inbound', { threadId });
    const page = await rig.get<{ messages: unknown[]; next_cursor: string | null }>(`/v1/threads/${threadId}/messages`);
    expect(page.messages).toHaveLength(25);
    expect(page.next_cursor).not.toBeNull();
    expect(await rig.read(threadId)).toHaveLength(31);
    expect((await rig.fetch(`/v1/threads/${threadId}/messages?limit=26`)).status).toBe(422);
  });
});
