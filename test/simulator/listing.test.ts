import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Rig, startRig } from './harness.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ profile: 'documented' });
});
afterEach(() => rig.close());

const window = (from: string, until: string) => `since=${encodeURIComponent(from)}&until=${encodeURIComponent(until)}`;
const last = (ms: number) => window(rig.clock.ago(ms), rig.clock.ago(-1000));
const ids = async (query: string) => (await rig.list(query)).map((thread) => thread.id);

describe('GET /v1/threads', () => {
  it('brings an old thread back with a reply as documented, and never with creation-filter', async () => {
    const old = await rig.control('inbound', {});
    rig.clock.advance(30 * DAY);
    const newer = await rig.control('inbound', {});
    rig.clock.advance(MINUTE);
    await rig.control('inbound', { threadId: old.threadId });
    expect(await ids(last(2 * DAY))).toEqual([old.threadId, newer.threadId]);
    await rig.control('oddities', { 'creation-filter': 'on' });
    expect(await ids(last(2 * DAY))).toEqual([newer.threadId]);
    expect(await ids(last(40 * DAY))).toEqual([newer.threadId, old.threadId]);
  });

  it('hides a thread from windows under 24 hours only, and knows it by its id', async () => {
    const hidden = await rig.control('inbound', { hiddenFromNarrow: true });
    rig.clock.advance(HOUR);
    const day = window(rig.clock.ago(HOUR + MINUTE), rig.clock.ago(HOUR + MINUTE - DAY));
    const lessThanADay = window(rig.clock.ago(HOUR + MINUTE), rig.clock.ago(HOUR + MINUTE - DAY + 1000));
    expect(await ids(lessThanADay)).toEqual([]);
    expect(await ids(day)).toEqual([hidden.threadId]);
    expect((await rig.fetch(`/v1/threads/${hidden.threadId}`)).status).toBe(200);
    expect((await rig.truth()).obtainable).toEqual([hidden.messageId]);
  });

  it('lists a thread late, which is unobtainable until then though its id would read it', async () => {
    const late = await rig.control('inbound', { listedInMs: 20 * MINUTE });
    expect(await ids('limit=10')).toEqual([]);
    expect(await rig.read(late.threadId)).toHaveLength(1);
    expect(await rig.truth()).toMatchObject({ obtainable: [], unobtainable: [late.messageId], held: [] });
    rig.clock.advance(20 * MINUTE);
    expect(await ids('limit=10')).toEqual([late.threadId]);
    expect((await rig.truth()).obtainable).toEqual([late.messageId]);
    expect((await rig.truths())[0]?.obtainableFrom).toBe(rig.clock.now().toISOString());
  });

  it('draws late listings, places out of order and hiding for some threads of its own', async () => {
    const world = await startRig({ threads: 400, profile: 'observed' });
    const truths = await world.truths();
    expect(truths.some((truth) => truth.how.hiddenFromNarrow)).toBe(true);
    expect(truths.some((truth) => truth.how.listedFrom > truth.how.createdAt)).toBe(true);
    const createdOf = async () => (await world.list('limit=100')).map((thread) => thread.created_at);
    const inOrder = (instants: string[]) =>
      instants.every((instant, index) => index === 0 || instant <= (instants[index - 1] ?? ''));
    expect(inOrder(await createdOf())).toBe(false);
    await world.control('oddities', { 'shuffled-listing': 'off' });
    expect(inOrder(await createdOf())).toBe(true);
    await world.close();
  });

  it('shifts the pages of an offset cursor, and not those of the documented one', async () => {
    for (const state of ['off', 'on'] as const) {
      await rig.control('oddities', { 'offset-cursor': state, 'creation-filter': 'on' });
      for (let made = 0; made < 4; made += 1) {
        await rig.control('inbound', {});
        rig.clock.advance(MINUTE);
      }
      const first = await rig.get<{ threads: { id: string }[]; next_cursor: string }>('/v1/threads?limit=2');
      rig.clock.advance(MINUTE);
      await rig.control('inbound', {});
      const second = await rig.get<{ threads: { id: string }[] }>(`/v1/threads?limit=2&cursor=${first.next_cursor}`);
      expect(second.threads[0]?.id === first.threads[1]?.id).toBe(state === 'on');
    }
  });

  it('skips a row where a thread was deleted between the pages of an offset cursor', async () => {
    await rig.control('oddities', { 'offset-cursor': 'on' });
    const made: string[] = [];
    for (let count = 0; count < 4; count += 1) {
      made.unshift((await rig.control('inbound', {})).threadId);
      rig.clock.advance(MINUTE);
    }
    const first = await rig.get<{ next_cursor: string }>('/v1/threads?limit=2');
    await rig.control('delete', { threadId: made[0] });
    const second = await rig.get<{ threads: { id: string }[] }>(`/v1/threads?limit=2&cursor=${first.next_cursor}`);
    expect(second.threads.map((thread) => thread.id)).toEqual([made[3]]);
  });

  it('answers 410 for a cursor older than 10 minutes, and takes it for ever as documented', async () => {
    for (let made = 0; made < 3; made += 1) await rig.control('inbound', {});
    const { next_cursor } = await rig.get<{ next_cursor: string }>('/v1/threads?limit=1');
    rig.clock.advance(10 * MINUTE + 1);
    expect((await rig.fetch(`/v1/threads?limit=1&cursor=${next_cursor}`)).status).toBe(200);
    await rig.control('oddities', { 'cursor-expires': 'on' });
    const expired = await rig.fetch(`/v1/threads?limit=1&cursor=${next_cursor}`);
    expect(expired.status).toBe(410);
    expect(await expired.json()).toMatchObject({ error: 'cursor_expired' });
  });

  it('cuts a limit above 100 silently with limit-cut, and refuses it as documented', async () => {
    const world = await startRig({ threads: 150, profile: 'documented' });
    expect((await world.fetch('/v1/threads?limit=101')).status).toBe(422);
    await world.control('oddities', { 'limit-cut': 'on' });
    expect((await world.get<{ threads: unknown[] }>('/v1/threads?limit=500')).threads).toHaveLength(100);
    await world.close();
  });

  it('gives pages shorter than limit with a next_cursor, and still every thread once', async () => {
    const world = await startRig({ threads: 200, profile: 'documented', oddities: { 'short-pages': true } });
    let cursor: string | null = null;
    const sizes: number[] = [];
    const seen = new Set<string>();
    do {
      const more: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page: { threads: { id: string }[]; next_cursor: string | null } = await world.get(
        `/v1/threads?limit=10${more}`,
      );
      for (const thread of page.threads) seen.add(thread.id);
      cursor = page.next_cursor;
      if (cursor !== null) sizes.push(page.threads.length);
    } while (cursor !== null);
    expect(sizes.some((size) => size < 10)).toBe(true);
    expect(seen.size).toBe(200);
    await world.close();
  });

  it('cuts since and until to whole seconds with whole-second-window', async () => {
    const { threadId } = await rig.control('inbound', {});
    rig.clock.advance(MINUTE);
    const justAfter = window(rig.clock.ago(MINUTE - 500), rig.clock.ago(0));
    expect(await ids(justAfter)).toEqual([]);
    await rig.control('oddities', { 'whole-second-window': 'on' });
    expect(await ids(justAfter)).toEqual([threadId]);
  });

  it('answers bad parameters, tokens and paths with the Problem of the contract', async () => {
    const status = async (path: string, init?: Parameters<Rig['fetch']>[1]) => (await rig.fetch(path, init)).status;
    expect(await status('/v1/threads?limit=0')).toBe(422);
    expect(await status('/v1/threads?since=yesterday')).toBe(422);
    expect(await status('/v1/threads?cursor=nonsense')).toBe(422);
    expect(await status('/v1/threads', { headers: { authorization: 'Bearer wrong' } })).toBe(401);
    expect(await status('/v1/threads/unknown')).toBe(404);
    expect(await status('/v1/threads/unknown/messages')).toBe(404);
    expect(await status('/v1/threads', { method: 'DELETE' })).toBe(405);
    expect(await status('/v1/%zz')).toBe(404);
    expect(await status('/control/state')).toBe(401);
    expect(await status('/truth')).toBe(401);
  });
});
