import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { LIVELY, type Rig, startRig } from '../support/rig.js';
import { trailOf } from '../support/trail.js';

/** Threads that grow long, are merged, lose a message or show other words while the product reads them. */

const PAGES_OF_LONG = 6;
let rig: Rig;

beforeAll(async () => {
  const timing = { ...LIVELY, settleMs: 4_000 };
  rig = await startRig({ simulator: { threads: 0, profile: 'documented' }, timing });
  await rig.control('oddities', { 'origin-order': 'on' });
}, 60_000);
afterAll(() => rig?.release());

interface Found {
  id: string;
  threadId: string;
  state: string;
  disposition: string | null;
  reason: string | null;
  goneAt: Date | null;
}
const find = async (messageId: string): Promise<Found | undefined> =>
  (
    await rig.query<Found>`
      SELECT m.id, provider_thread_id AS "threadId", state, disposition, reason, m.gone_at AS "goneAt"
      FROM message m JOIN thread t ON t.id = m.thread_id WHERE provider_message_id = ${messageId}`
  )[0];
const ended = (messageId: string) =>
  eventually(`${messageId} ends`, async () => {
    const found = await find(messageId);
    return found?.state === 'ended' && found;
  });

it('a thread of 130 messages is read by ranges, and mail that comes late into its depth is found', async () => {
  const { threadId } = await rig.control('inbound', { headers: { 'auto-submitted': 'auto-replied' } });
  const write = async (count: number) => {
    for (let n = 0; n < count; n++) await rig.control('person-reply', { threadId, text: `Note ${n}.` });
  };
  await write(5);
  const stamp = new Date().toISOString();
  await write(124);
  await rig.worker.start();
  await rig.account();
  const thread = async () =>
    (
      await rig.query<{ readAt: Date; ranges: number; messages: number }>`
        SELECT read_whole_at AS "readAt", (SELECT count(*)::int FROM thread_range r WHERE r.thread_id = t.id) AS ranges,
               (SELECT count(*)::int FROM message m WHERE m.thread_id = t.id) AS messages
        FROM thread t WHERE provider_thread_id = ${threadId}`
    )[0];
  expect(await thread()).toMatchObject({ ranges: 2, messages: 130 });
  const reading = await rig.query<{ pages: number }>`
    SELECT count(*)::int AS pages FROM provider_call WHERE operation = 'listMessages' AND thread_id = (
      SELECT id FROM thread WHERE provider_thread_id = ${threadId}) GROUP BY reading_id ORDER BY 1 DESC LIMIT 1`;
  expect(reading).toEqual([{ pages: PAGES_OF_LONG }]);

  const late = { threadId, originAt: stamp, headers: { 'auto-submitted': 'auto-replied' } };
  const { messageId } = await rig.control('inbound', late);
  expect(await ended(messageId)).toMatchObject({ disposition: 'ignored', reason: 'auto_submitted' });
});

it('a merge carries the messages and the case of the lost thread, and the lost thread is gone', async () => {
  const asks = { subject: 'Refund', text: 'Please give me my money back.' };
  const lost = await rig.control('inbound', asks);
  const survivor = await rig.control('inbound', { headers: { 'auto-submitted': 'auto-replied' } });
  await Promise.all([ended(lost.messageId), ended(survivor.messageId)]);
  await rig.control('merge', { lost: lost.threadId, survivor: survivor.threadId });
  const isMerged = async () => {
    const [row] = await rig.query<{ into: string; goneAt: Date | null; caseAt: string }>`
      SELECT s.provider_thread_id AS into, l.gone_at AS "goneAt",
             (SELECT t.provider_thread_id FROM "case" c JOIN thread t ON t.id = c.thread_id WHERE c.state = 'open'
                AND c.message_id = (SELECT id FROM message WHERE provider_message_id = ${lost.messageId})) AS "caseAt"
      FROM thread l JOIN thread s ON s.id = l.merged_into WHERE l.provider_thread_id = ${lost.threadId}`;
    return row?.goneAt && row;
  };
  const merged = await eventually('the lost thread is gone and names its survivor', isMerged);
  expect(merged).toMatchObject({ into: survivor.threadId, caseAt: survivor.threadId });
  const moved = await find(lost.messageId);
  expect(moved).toMatchObject({ threadId: survivor.threadId, goneAt: null });
  expect(await trailOf(rig.db, moved?.id ?? '')).toContain('moved');
});

it('a message that is deleted is gone after a second reading, and its thread goes on', async () => {
  const { messageId, threadId } = await rig.control('inbound', { headers: { 'auto-submitted': 'auto-replied' } });
  const { id } = await ended(messageId);
  const stays = await rig.control('inbound', { threadId, headers: { 'auto-submitted': 'auto-replied' } });
  await ended(stays.messageId);
  await rig.control('delete', { messageId });
  await eventually('it is gone', async () => (await find(messageId))?.goneAt);
  expect((await trailOf(rig.db, id)).at(-1)).toBe('gone');
  expect((await find(stays.messageId))?.goneAt).toBeNull();
});

it('words that change while the thread settles are the ones that are decided', async () => {
  const { messageId } = await rig.control('inbound', { subject: 'My order' });
  await eventually('it is classified', async () => {
    const found = await find(messageId);
    return found !== undefined && (await trailOf(rig.db, found.id)).includes('classified');
  });
  rig.gateway.setRule(async (request, forward) => {
    const answer = await forward();
    if (!request.target.includes('/messages') || answer.status !== 200) return answer;
    const body = JSON.parse(answer.body) as { messages: { id: string; text: string }[] };
    for (const message of body.messages) if (message.id === messageId) message.text = 'Please give me my money back.';
    return { ...answer, body: JSON.stringify(body) };
  });
  const { id, disposition } = await ended(messageId);
  expect(disposition).toBe('escalated');
  const trail = await trailOf(rig.db, id);
  expect(trail.slice(trail.indexOf('edited'))).toContain('classified');
  expect((await rig.truth()).replies).toEqual([]);
});

it('at the end nothing is missing and the books balance', async () => {
  expect(await rig.account()).toMatchObject({ missing: 0, answeredTwice: 0, balanced: true, residuals: {} });
});
