import { expect, it } from 'vitest';
import { createToken } from '../../../src/ledger/tokens.js';
import { apiOver } from '../../support/api.js';
import { phoneWorld, TO } from '../../support/phone-world.js';

type Body = Record<string, unknown>;

/** Asks the API over the ledger of a phone world as somebody who may look. */
async function asking(ledger: Awaited<ReturnType<typeof phoneWorld>>['ledger']) {
  const app = await apiOver(ledger);
  const made = await createToken(ledger.db, {
    name: 'viewer',
    role: 'viewer',
    by: 'cli:test',
    now: ledger.clock.now(),
  });
  return async (url: string) => {
    const answer = await app.inject({ url, headers: { authorization: `Bearer ${made?.text}` } });
    return { status: answer.statusCode, body: answer.json<Body>(), text: answer.body };
  };
}

it('a call is listed and shown with its attempts and what was told of each, without its number', async () => {
  const { ledger, ask, decide, finish, simulator } = await phoneWorld();
  const get = await asking(ledger);
  simulator.world.expect(['busy', 'completed']);
  const messageId = await ask('m1');
  await decide(messageId);
  expect((await get('/v1/calls?open=true')).body).toMatchObject({
    calls: [{ messageId, state: 'scheduled', attempt: 1 }],
  });
  expect((await finish(messageId)).state).toBe('completed');
  expect((await get('/v1/calls?open=true')).body).toEqual({ calls: [], next: null });

  const { body: listed } = await get('/v1/calls?state=completed&source=dashboard');
  const [call] = listed['calls'] as Body[];
  const { body, text } = await get(`/v1/calls/${String(call?.['id'])}`);
  expect(body['call']).toEqual(call);
  expect((await get(`/v1/calls/${messageId}`)).body).toEqual(body);
  const attempts = body['attempts'] as {
    attempt: number;
    status: string;
    sid: string;
    reports: { status: string }[];
  }[];
  expect(attempts.map(({ attempt, status }) => [attempt, status])).toEqual([
    [1, 'busy'],
    [2, 'completed'],
  ]);
  for (const { reports, status } of attempts) expect(reports.map((one) => one.status)).toContain(status);
  expect(text).not.toContain(TO);
  expect(text).not.toContain(TO.slice(3));
});

it('pages go from the newest call to the oldest, each once', async () => {
  const { ledger, ask, decide } = await phoneWorld();
  const get = await asking(ledger);
  const asked: string[] = [];
  for (const [index, number] of ['+442079460101', '+442079460102', '+442079460103'].entries()) {
    const id = await ask(`m${index}`, { text: `Please call me on ${number}.` });
    await decide(id);
    asked.push(id);
  }
  const seen: string[] = [];
  for (let before: string | null = null, round = 0; round < 5; round++) {
    const { body }: { body: Body } = await get(`/v1/calls?limit=2${before === null ? '' : `&before=${before}`}`);
    seen.push(...(body['calls'] as { messageId: string }[]).map((one) => one.messageId));
    before = body['next'] as string | null;
    if (before === null) break;
  }
  expect(seen).toEqual(asked.toReversed());
  expect((await get(`/v1/calls?until=${new Date(0).toISOString()}`)).body).toEqual({ calls: [], next: null });
  expect((await get('/v1/calls?before=yesterday')).status).toBe(422);
});
