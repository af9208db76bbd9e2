import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ExecutedReply } from '../../src/simulator/truth.js';
import type { WireMessage } from '../../src/simulator/wire.js';
import { CONTROL, type Rig, startRig } from './harness.js';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ profile: 'documented' });
});
afterEach(() => rig.close());

interface ByKey {
  key: string | null;
  requests: { outcome: string; executesAt: string | null }[];
  executions: ExecutedReply[];
}
const repliesByKey = async (): Promise<ByKey[]> => {
  const response = await fetch(`${rig.simulator.url}/truth/replies`, {
    headers: { authorization: `Bearer ${CONTROL}` },
  });
  return ((await response.json()) as { replies: ByKey[] }).replies;
};

describe('POST /v1/threads/{id}/replies', () => {
  it('shows the reply in the thread with its client_ref, and in the truth ledger', async () => {
    const { threadId, messageId } = await rig.control('inbound', {});
    const response = await rig.reply(
      threadId,
      { text: 'on its way', client_ref: 'wb-1' },
      { 'idempotency-key': 'key-1' },
    );
    expect(response.status).toBe(201);
    const sent = (await response.json()) as WireMessage;
    expect(sent).toMatchObject({ thread_id: threadId, direction: 'outbound', text: 'on its way', client_ref: 'wb-1' });
    expect((await rig.read(threadId)).find((message) => message.client_ref === 'wb-1')).toEqual(sent);
    const executedAt = rig.clock.now().toISOString();
    const { replies, answeredTwice } = await rig.truth();
    expect(replies).toEqual([
      { key: 'key-1', clientRef: 'wb-1', threadId, messageId: sent.id, executedAt, inReplyTo: messageId },
    ]);
    expect(answeredTwice).toEqual([]);
  });

  it('sends nothing more for the same Idempotency-Key as documented, and ignores it with the oddity', async () => {
    const { threadId } = await rig.control('inbound', {});
    const send = async () =>
      (await (
        await rig.reply(threadId, { text: 'a', client_ref: 'wb-1' }, { 'idempotency-key': 'k' })
      ).json()) as WireMessage;
    const first = await send();
    expect((await send()).id).toBe(first.id);
    expect(await rig.read(threadId)).toHaveLength(2);
    await rig.control('oddities', { 'idempotency-key-ignored': 'on' });
    expect((await send()).id).not.toBe(first.id);
    expect(await rig.read(threadId)).toHaveLength(3);
    const [entry] = await repliesByKey();
    expect(entry?.requests).toHaveLength(3);
    expect(entry?.executions).toHaveLength(2);
  });

  it('names a twin group that was answered twice, once in each thread', async () => {
    const mail = { text: 'the same words', headers: { 'message-id': '<one@example.org>' } };
    const [one, two] = [await rig.control('inbound', mail), await rig.control('inbound', mail)];
    await rig.reply(one.threadId, { text: 'a', client_ref: 'wb-1' });
    expect((await rig.truth()).answeredTwice).toEqual([]);
    await rig.reply(two.threadId, { text: 'a', client_ref: 'wb-2' });
    expect((await rig.truth()).answeredTwice).toEqual([[one.messageId, two.messageId]]);
  });

  it('breaks the connection after the reply was sent, with broken-reply', async () => {
    await rig.control('oddities', { 'broken-reply': 'on' });
    const { threadId } = await rig.control('inbound', {});
    let broken = 0;
    for (let count = 0; count < 60 && broken === 0; count += 1) {
      const answered = await rig.reply(threadId, { text: 'a', client_ref: `wb-${count}` }).then(
        () => true,
        () => false,
      );
      if (!answered) broken += 1;
      const refs = (await rig.read(threadId)).map((message) => message.client_ref);
      expect(refs).toContain(`wb-${count}`);
    }
    expect(broken).toBe(1);
  });

  it('executes a reply after the client gave up, with delayed-reply, and shows it only then', async () => {
    await rig.control('oddities', { 'delayed-reply': 'on' });
    const { threadId } = await rig.control('inbound', {});
    let late: string | null = null;
    for (let count = 0; count < 60 && late === null; count += 1) {
      const ref = `wb-${count}`;
      const giveUp = new AbortController();
      const answered = fetch(`${rig.simulator.url}/v1/threads/${threadId}/replies`, {
        method: 'POST',
        body: JSON.stringify({ text: 'a', client_ref: ref }),
        headers: { authorization: 'Bearer token-of-the-contract' },
        signal: giveUp.signal,
      }).then(
        () => true,
        () => false,
      );
      let waits = true;
      void answered.then(() => {
        waits = false;
      });
      while (waits && late === null) {
        const requests = (await repliesByKey()).flatMap((entry) => entry.requests);
        if (requests[count]?.outcome === 'executed late') late = ref;
      }
      giveUp.abort();
      await answered;
    }
    const refs = async () => (await rig.read(threadId)).map((message) => message.client_ref);
    expect(late).not.toBeNull();
    expect(await refs()).not.toContain(late);
    expect((await rig.truth()).replies.map((reply) => reply.clientRef)).not.toContain(late);
    rig.clock.advance(300_000);
    expect(await refs()).toContain(late);
    expect((await rig.truth()).replies.map((reply) => reply.clientRef)).toContain(late);
  });

  it('refuses what the contract does not allow', async () => {
    const { threadId } = await rig.control('inbound', {});
    expect((await rig.reply(threadId, {})).status).toBe(422);
    expect((await rig.reply(threadId, { text: 'x'.repeat(100_001) })).status).toBe(422);
    expect((await rig.reply(threadId, { text: 'a', client_ref: 'x'.repeat(256) })).status).toBe(422);
    expect((await rig.reply(threadId, { text: 'a' }, { 'idempotency-key': 'x'.repeat(256) })).status).toBe(422);
    expect((await rig.reply('unknown', { text: 'a' })).status).toBe(404);
    const notJson = { method: 'POST', body: 'no json' };
    expect((await rig.fetch(`/v1/threads/${threadId}/replies`, notJson)).status).toBe(422);
    expect((await rig.truth()).replies).toEqual([]);
  });

  it("takes a person's reply and an internal note, neither of which is ours", async () => {
    const { threadId } = await rig.control('inbound', {});
    await rig.control('person-reply', { threadId, text: 'a person wrote' });
    const note = { method: 'POST', body: JSON.stringify({ text: 'internal' }) };
    expect((await rig.fetch(`/v1/threads/${threadId}/notes`, note)).status).toBe(201);
    const messages = await rig.read(threadId);
    expect(messages).toHaveLength(2);
    expect(messages.filter((message) => message.direction === 'outbound').map((message) => message.client_ref)).toEqual(
      [null],
    );
    expect((await rig.truth()).replies).toEqual([]);
  });
});
