import { randomBytes, randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addDashboardWebhooks } from '../../../src/api/webhooks.js';
import { systemClock } from '../../../src/domain/clock.js';
import { dueThreads } from '../../../src/ledger/visits.js';
import { createLogger } from '../../../src/telemetry/logger.js';
import { DAY, START } from '../../support/clock.js';
import { eventually } from '../../support/eventually.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

const newSecret = (): string => `whsec_${randomBytes(24).toString('base64')}`;
const SECRET = newSecret();

interface Sent {
  id?: string;
  secret?: string;
  at?: Date;
  body?: string;
  /** What is sent in place of the body that was signed. */
  instead?: string;
  source?: string;
}

async function withApi(more: { perMinute?: number; secrets?: string[] } = {}) {
  const ledger = await testLedger();
  await ledger.bind();
  const hinted: { source: string; isThreadKnown: boolean }[] = [];
  const app: FastifyInstance = Fastify();
  await addDashboardWebhooks(app, {
    db: ledger.db,
    clock: ledger.clock,
    log: createLogger({ subsystem: 'api', level: 'silent' }),
    secrets: more.secrets ?? [SECRET],
    perMinute: more.perMinute ?? 1_000,
    onHint: (hint) => hinted.push(hint),
  });
  onTestFinished(() => app.close());
  const send = async ({
    id = randomUUID(),
    secret = SECRET,
    at = systemClock.now(),
    body = '{"thread_id":"t1"}',
    ...sent
  }: Sent = {}) => {
    const answer = await app.inject({
      method: 'POST',
      url: `/webhooks/dashboard/${sent.source ?? 'dashboard'}`,
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
        'webhook-signature': new Webhook(secret).sign(id, at, body),
      },
      payload: sent.instead ?? body,
    });
    return { status: answer.statusCode, body: answer.json() as { status: string } };
  };
  const refused = async (cause: string) => {
    const rows = await ledger.db.$queryRaw<{ count: number; day: string }[]>`
      SELECT count::int, day::text FROM hint_refusal WHERE cause = ${cause}`;
    return rows.length > 0 && rows;
  };
  return { ledger, app, send, hinted, refused };
}

const dueNow = ({ db, clock }: TestLedger) => dueThreads(db, 'dashboard', clock.now(), 10);

describe('POST /webhooks/dashboard/:source', () => {
  it('records a hint before it answers 202 and makes the thread that it names due now', async () => {
    const { ledger, send, hinted } = await withApi();
    await ledger.list([incomingThread('t1')]);
    await ledger.read('t1', [incomingMessage('m1')]);
    expect(await dueNow(ledger)).toEqual([]);
    expect(await send({ id: 'msg_1' })).toEqual({ status: 202, body: { status: 'recorded' } });
    expect(await dueNow(ledger)).toEqual([await ledger.threadId('t1')]);
    expect(await ledger.db.$queryRaw`SELECT webhook_id, provider_thread_id, state, received_at FROM hint`).toEqual([
      { webhook_id: 'msg_1', provider_thread_id: 't1', state: 'open', received_at: START },
    ]);
    expect(hinted).toEqual([{ source: 'dashboard', isThreadKnown: true }]);
  });

  it('takes the id from data as well, and fields that it does not know', async () => {
    const { ledger, send, hinted } = await withApi();
    const body = JSON.stringify({ type: 'message.created', data: { thread_id: 't9', subject: 'Parcel' }, more: 1 });
    expect((await send({ body })).status).toBe(202);
    expect(hinted).toEqual([{ source: 'dashboard', isThreadKnown: false }]);
    expect(await ledger.db.$queryRaw`SELECT provider_thread_id AS id, thread_id FROM hint`).toEqual([
      { id: 't9', thread_id: null },
    ]);
  });

  it('answers a replay with 200 and does nothing more', async () => {
    const { ledger, send, hinted } = await withApi();
    await ledger.list([incomingThread('t1')]);
    await send({ id: 'msg_1' });
    await ledger.read('t1', [incomingMessage('m1')]);
    await ledger.db.$executeRaw`DELETE FROM thread_due`;
    expect(await send({ id: 'msg_1' })).toEqual({ status: 200, body: { status: 'replay' } });
    expect(await dueNow(ledger)).toEqual([]);
    expect(await ledger.count('hint')).toBe(1);
    expect(hinted).toHaveLength(1);
  });

  it('refuses what no secret of ours signed, or what was changed after it was signed, even by a space', async () => {
    const { ledger, send, refused } = await withApi();
    expect((await send({ secret: newSecret() })).status).toBe(401);
    expect((await send({ instead: '{"thread_id": "t1"}' })).status).toBe(401);
    const [count] = await eventually('both are counted', async () => {
      const rows = await refused('forged');
      return rows && rows[0]?.count === 2 && rows;
    });
    expect(count).toEqual({ count: 2, day: START.toISOString().slice(0, 10) });
    expect(await ledger.count('hint')).toBe(0);
  });

  it('refuses a delivery without the headers of the signature', async () => {
    const { app } = await withApi();
    const answer = await app.inject({
      method: 'POST',
      url: '/webhooks/dashboard/dashboard',
      payload: '{"thread_id":"t1"}',
    });
    expect(answer.statusCode).toBe(401);
  });

  it.each([6 * 60_000, -6 * 60_000])('refuses a timestamp that is %s ms away', async (ago) => {
    const { ledger, send, refused } = await withApi();
    expect((await send({ at: new Date(systemClock.now().getTime() - ago) })).status).toBe(401);
    await eventually('it is counted', () => refused('stale'));
    expect(await ledger.count('hint')).toBe(0);
  });

  it('takes either of two secrets while one replaces the other', async () => {
    const next = newSecret();
    const { send } = await withApi({ secrets: [SECRET, next] });
    expect((await send()).status).toBe(202);
    expect((await send({ secret: next })).status).toBe(202);
    expect((await send({ secret: newSecret() })).status).toBe(401);
  });

  it('refuses more bytes than a hint has with 413, and reads no further', async () => {
    const { ledger, send, refused } = await withApi();
    expect((await send({ body: JSON.stringify({ thread_id: 't1', text: 'x'.repeat(70_000) }) })).status).toBe(413);
    await eventually('it is counted', () => refused('oversized'));
    expect(await ledger.count('hint')).toBe(0);
  });

  it.each(['{"data":{}}', 'no json', '{"thread_id":7}', '{"thread_id":""}', '{"thread_id":"a\\u0000b"}', ''])(
    'refuses %j, which we signed for and which names no thread',
    async (body) => {
      const { ledger, send, refused } = await withApi();
      expect((await send({ body })).status).toBe(400);
      await eventually('it is counted', () => refused('unreadable'));
      expect(await ledger.count('hint')).toBe(0);
    },
  );

  it('answers 404 for a source that does not exist, and keeps nothing of its name', async () => {
    const { ledger, send, refused } = await withApi();
    expect((await send({ source: 'elsewhere' })).status).toBe(404);
    await eventually('it is counted', () => refused('unknown_source'));
    expect(await ledger.db.$queryRaw`SELECT DISTINCT source FROM hint_refusal`).toEqual([{ source: '' }]);
  });

  it('answers 429 to a flood, and guesses of a signature count towards it', async () => {
    const { ledger, send, refused } = await withApi({ perMinute: 20 });
    const statuses: number[] = [];
    for (let index = 0; index < 200; index++) statuses.push((await send({ secret: newSecret() })).status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(20);
    expect(statuses.filter((status) => status === 429)).toHaveLength(180);
    expect((await send()).status).toBe(429);
    await eventually('all are counted', async () => {
      const rows = await refused('too_many');
      return rows && rows[0]?.count === 181;
    });
    expect(await ledger.count('hint')).toBe(0);
  });

  it('answers 503 while the ledger is away, so that the sender comes again', async () => {
    const { ledger, send } = await withApi();
    await ledger.db.run('ALTER TABLE hint RENAME TO hint_away');
    expect((await send({ id: 'msg_1' })).status).toBe(503);
    await ledger.db.run('ALTER TABLE hint_away RENAME TO hint');
    expect((await send({ id: 'msg_1' })).status).toBe(202);
  });

  it('counts refusals by day', async () => {
    const { ledger, send, refused } = await withApi();
    await send({ secret: newSecret() });
    await eventually('the first is counted', () => refused('forged'));
    ledger.clock.advance(DAY);
    await send({ secret: newSecret() });
    await eventually('both days have one', async () => {
      const rows = await refused('forged');
      return rows && rows.length === 2;
    });
  });
});
