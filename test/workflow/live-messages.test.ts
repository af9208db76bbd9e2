import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { LIVELY, type Rig, startRig } from '../support/rig.js';
import { trailOf } from '../support/trail.js';

/** What customers write while the product runs, on threads that were known before. Each test has a thread of its own. */

const DAY = 86_400_000;

interface Stored {
  id: string;
  state: string;
  waitingKind: string | null;
  disposition: string | null;
  reason: string | null;
  carry: number;
  other: string | null;
}

let rig: Rig;
let quietThreads: string[];

beforeAll(async () => {
  const timing = { ...LIVELY, settleMs: 2_500, redispatchMs: 2_000, redispatchWaitingMs: 2_000 };
  rig = await startRig({ simulator: { threads: 20, profile: 'observed', seed: 11 }, timing });
  await rig.worker.start();
  await rig.account();
  const rows = await rig.query<{ id: string }>`
    SELECT provider_thread_id AS id FROM thread t
    WHERE status IN ('open', 'closed') AND gone_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM "case" c WHERE c.thread_id = t.id)
      AND NOT EXISTS (SELECT 1 FROM message m WHERE m.thread_id = t.id AND m.origin_at > ${new Date(Date.now() - 10 * DAY)})
    ORDER BY 1`;
  quietThreads = rows.map((row) => row.id);
}, 150_000);
afterAll(() => rig?.release());

const aQuietThread = (): string => {
  const id = quietThreads.pop();
  if (id === undefined) throw new Error('the world has too few quiet threads: raise its number of threads');
  return id;
};

/** A question that the playbooks answer, whatever the thread was about before. */
const write = async (threadId: string, body: object = {}): Promise<string> =>
  (await rig.control('inbound', { threadId, subject: 'My order', ...body })).messageId;

const find = async (providerMessageId: string): Promise<Stored | undefined> => {
  const [row] = await rig.query<Stored>`
    SELECT id, state, waiting_kind AS "waitingKind", disposition, reason, carry_count AS carry, other_message_id AS other
    FROM message WHERE provider_message_id = ${providerMessageId}`;
  return row;
};

const stands = (messageId: string, wanted: Partial<Stored>): Promise<Stored> => {
  let found: Stored | undefined;
  const isWanted = async () => {
    found = await find(messageId);
    const row = found;
    return row && Object.entries(wanted).every(([name, value]) => row[name as keyof Stored] === value) && row;
  };
  return eventually(() => `${JSON.stringify(found)} does not become ${JSON.stringify(wanted)}`, isWanted);
};

const repliesIn = async (threadId: string) =>
  (await rig.truth()).replies.filter((reply) => reply.threadId === threadId && reply.clientRef !== null);

it.concurrent('a message on an old thread with a stamp of three days ago is found, settled and answered once', async () => {
  const threadId = aQuietThread();
  const messageId = await write(threadId, { originAt: new Date(Date.now() - 3 * DAY).toISOString() });
  const { id, carry } = await stands(messageId, { disposition: 'answered', reason: 'accepted' });
  expect(carry).toBe(1);
  expect(await repliesIn(threadId)).toMatchObject([{ clientRef: `wb-${id}`, inReplyTo: messageId }]);
  await eventually('the reply is seen in its thread', async () =>
    (await trailOf(rig.db, id)).includes('reply_confirmed'),
  );
  expect(await trailOf(rig.db, id)).toEqual([
    ...[
      'recorded',
      'carried',
      'triaged',
      'classified',
      'waiting for settle',
      'decided',
      'reply_prepared',
      'reply_looked',
    ],
    ...['reply_posting', 'reply_accepted', 'ended answered (accepted)', 'reply_confirmed'],
  ]);
});

it.concurrent('five messages that come within seconds get one answer and five endings', async () => {
  const threadId = aQuietThread();
  const first = await write(threadId);
  await eventually('the first is recorded', () => find(first));
  const more: string[] = [];
  for (const words of ['Any news?', 'Hello?', 'I am waiting for an answer.', 'Where is my order WB-100001?']) {
    more.push(await write(threadId, { text: words }));
  }
  const last = await stands(more.at(-1) ?? '', { disposition: 'answered' });
  const others = await Promise.all([first, ...more.slice(0, -1)].map((id) => stands(id, { state: 'ended' })));
  expect(others.map(({ disposition, reason, other }) => ({ disposition, reason, other }))).toEqual(
    Array.from({ length: 4 }, () => ({ disposition: 'answered_with', reason: 'burst', other: last.id })),
  );
  expect(await repliesIn(threadId)).toHaveLength(1);
});

it.concurrent('a message that is listed before its body waits for it and is answered', async () => {
  const threadId = aQuietThread();
  const messageId = await write(threadId, { bodyInMs: 3_600_000 });
  const waiting = await stands(messageId, { state: 'waiting', waitingKind: 'body' });
  await rig.control('late-body', { messageId, ms: 0 });
  expect(await stands(messageId, { disposition: 'answered' })).toMatchObject({ carry: 1 });
  const trail = [...new Set(await trailOf(rig.db, waiting.id))]; // it may look for its body more than once
  const steps = ['recorded', 'carried', 'waiting for body', 'body_arrived', 'triaged', 'classified', 'reply_accepted'];
  expect(trail.filter((line) => steps.includes(line))).toEqual(steps);
  expect(await repliesIn(threadId)).toHaveLength(1);
});

it.concurrent('a lifecycle that somebody terminated is carried again and answered once', async () => {
  const threadId = aQuietThread();
  const messageId = await write(threadId);
  const { id } = await stands(messageId, { state: 'waiting', waitingKind: 'settle', carry: 1 });
  await rig.client.workflow.getHandle(`message/simulator/${id}`).terminate('by the test');
  const ended = await stands(messageId, { disposition: 'answered' });
  expect(ended.carry).toBe(2);
  expect((await trailOf(rig.db, id)).filter((line) => line === 'carried')).toHaveLength(2);
  expect(await repliesIn(threadId)).toHaveLength(1);
});

it.concurrent('a person who answers while the thread settles is not followed by a reply of ours', async () => {
  const threadId = aQuietThread();
  const messageId = await write(threadId);
  await stands(messageId, { state: 'waiting', waitingKind: 'settle' });
  await rig.control('person-reply', { threadId, text: 'It left this morning.' });
  const { reason } = await stands(messageId, { disposition: 'superseded_by' });
  expect(['person_replied', 'person_replied_first']).toContain(reason);
  expect(await repliesIn(threadId)).toEqual([]);
});

it.concurrent('a message written on a new thread is found by the next listing and answered', async () => {
  const { messageId, threadId } = await rig.control('inbound', { text: 'Where is my order WB-100002?' });
  await stands(messageId, { disposition: 'answered' });
  expect(await repliesIn(threadId)).toHaveLength(1);
});
