import { randomBytes, randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningApi, startApi } from '../../src/api/server.js';
import { loadConfig } from '../../src/config/config.js';
import { systemClock } from '../../src/domain/clock.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { jsonAnswer } from '../support/gateway.js';
import { QUICK, type Rig, startRig } from '../support/rig.js';

/** A webhook brings its message although no window and no round is due for an hour. */

const SECRET = `whsec_${randomBytes(24).toString('base64')}`;
const HOUR = 3_600_000;

let rig: Rig;
let api: RunningApi;

beforeAll(async () => {
  rig = await startRig({ simulator: { threads: 4 }, timing: { ...QUICK, pollEveryMs: HOUR, visitEveryMs: HOUR } });
  const env = { ...rig.env, WAYBILL_DASHBOARD_WEBHOOK_SECRET: SECRET, WAYBILL_API_PORT: String(await freePort()) };
  const log = createLogger({ subsystem: 'api', level: 'silent' });
  api = await startApi({ config: loadConfig(env), db: rig.db, clock: systemClock, log });
  await rig.worker.start();
  // The look before a reply reads its thread as well, and may be first to see what a test writes there.
  await eventually('the past is read and carried to its end', async () => {
    const [row] = await rig.query<{ unread: number; threads: number; open: number }>`
      SELECT count(*)::int AS threads, (count(*) FILTER (WHERE read_whole_at IS NULL AND gone_at IS NULL))::int AS unread,
             (SELECT count(*)::int FROM message WHERE state IN ('recorded', 'carried', 'waiting')) AS open FROM thread`;
    return row && row.threads >= 4 && row.unread === 0 && row.open === 0;
  });
}, 90_000);
afterAll(async () => {
  await api?.close();
  await rig?.release();
});

async function deliver(threadId: string): Promise<number> {
  const id = `msg_${randomUUID()}`;
  const at = systemClock.now();
  const body = JSON.stringify({ type: 'message.created', data: { thread_id: threadId } });
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(SECRET).sign(id, at, body),
  };
  const answer = await fetch(`${api.url}/webhooks/dashboard/simulator`, { method: 'POST', headers, body });
  return answer.status;
}

const seenBy = (messageId: string) =>
  eventually('the message is stored', async () => {
    const [row] = await rig.query<{ by: string }>`
      SELECT first_seen_by AS by FROM message WHERE provider_message_id = ${messageId}`;
    return row?.by;
  });

it('on a thread that we know', async () => {
  const [thread] = await rig.query<{ id: string }>`
    SELECT provider_thread_id AS id FROM thread WHERE gone_at IS NULL ORDER BY id LIMIT 1`;
  const { messageId } = await rig.control('inbound', { threadId: thread?.id });
  expect(await deliver(thread?.id ?? '')).toBe(202);
  expect(await seenBy(messageId)).toBe('webhook');
  await eventually('the hint says which visit met it', async () => {
    const rows = await rig.query`
      SELECT 1 FROM hint JOIN provider_call ON provider_call.reading_id = hint.visit_reading_id WHERE hint.state = 'met'`;
    return rows.length > 0;
  });
});

it('on a thread that no listing shows: it is looked up by one call on the queue of its source', async () => {
  const { messageId, threadId } = await rig.control('inbound', { listedInMs: HOUR });
  expect(await deliver(threadId)).toBe(202);
  expect(await seenBy(messageId)).toBe('webhook');
  expect(
    await rig.query`
      SELECT thread.first_seen_by AS by, count(*)::int AS calls FROM thread
      JOIN provider_call ON operation = 'getThread' AND ids = ARRAY[provider_thread_id]
      WHERE provider_thread_id = ${threadId} GROUP BY 1`,
  ).toEqual([{ by: 'webhook', calls: 1 }]);
});

it('also behind one whose thread the provider cannot give: a poisoned hint holds up nothing', async () => {
  const poison = await rig.control('inbound', { listedInMs: HOUR });
  const good = await rig.control('inbound', { listedInMs: HOUR });
  rig.gateway.setRule(async ({ target }, forward) =>
    target.includes(poison.threadId) ? jsonAnswer(500, { error: 'internal' }) : forward(),
  );
  expect(await deliver(poison.threadId)).toBe(202);
  expect(await deliver(good.threadId)).toBe(202);
  expect(await seenBy(good.messageId)).toBe('webhook');
  rig.gateway.setRule((_request, forward) => forward());
});
