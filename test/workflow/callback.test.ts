import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningApi, startApi } from '../../src/api/server.js';
import { loadConfig } from '../../src/config/config.js';
import { systemClock } from '../../src/domain/clock.js';
import { type RunningPhoneSimulator, startPhoneSimulator } from '../../src/simulator/phone/server.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { callMe, playbooksThatCall } from '../support/call-playbooks.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { exportHistories, textsIn } from '../support/histories.js';
import { LIVELY, type Rig, startRig } from '../support/rig.js';
import { runCommand } from '../support/worker-process.js';

/** A request for a call through worker, API and the simulated phone provider, each of them real. */

const MINUTES = 60_000;
const ACCOUNT = 'AC00000000000000000000000000000002';
const AUTH = 'auth-token-of-the-test';
const CONTROL = 'control-of-the-test';

let folder: string;
let phone: RunningPhoneSimulator;
let gateway: Gateway;
let rig: Rig;
let api: RunningApi;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-callback-'));
  phone = await startPhoneSimulator({ accountSid: ACCOUNT, authToken: AUTH, controlToken: CONTROL, stepMs: 200 });
  gateway = await startGateway(phone.url);
  const port = await freePort();
  rig = await startRig({
    timing: { ...LIVELY, settleMs: 300, callVisibleMs: 1_000, callPollMs: 1_000 },
    env: {
      WAYBILL_API_PORT: String(port),
      WAYBILL_PLAYBOOKS: playbooksThatCall(folder),
      WAYBILL_PHONE_URL: gateway.url,
      WAYBILL_PHONE_ACCOUNT_SID: ACCOUNT,
      WAYBILL_PHONE_AUTH_TOKEN: AUTH,
      WAYBILL_PHONE_FROM: '+442079460000',
      WAYBILL_PHONE_PUBLIC_URL: `http://127.0.0.1:${port}`,
      WAYBILL_PHONE_INSTRUCTIONS_URL: 'http://instructions.example.com/say',
      WAYBILL_PHONE_HOURS: 'mon-sun 00:00-24:00',
      WAYBILL_PHONE_RATE: '50',
    },
  });
  const config = loadConfig(rig.env, { cwd: rig.folder });
  const log = createLogger({ subsystem: 'api', level: 'silent', format: 'ndjson' });
  api = await startApi({ config, db: rig.db, clock: systemClock, log });
  await rig.worker.start();
}, MINUTES);

afterAll(async () => {
  await api?.close();
  await rig?.release();
  await gateway?.close();
  await phone?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function endingOf(providerMessageId: string) {
  return eventually(
    'the message has its ending',
    async () => {
      const [row] = await rig.query<{ id: string; disposition: string; reason: string }>`
        SELECT id, disposition, reason FROM message WHERE provider_message_id = ${providerMessageId} AND state = 'ended'`;
      return row;
    },
    { withinMs: 90_000 },
  );
}

async function callsTo(number: string): Promise<number> {
  const answer = await fetch(`${phone.url}/truth`, { headers: { authorization: `Bearer ${CONTROL}` } });
  const { calls } = (await answer.json()) as { calls: { to: string }[] };
  return calls.filter(({ to }) => to === number).length;
}

const done = { disposition: 'callback_done', reason: 'call_completed' };

it(
  'is placed once and ends callback_done, told by callbacks, and no number passes through Temporal',
  async () => {
    const { messageId } = await rig.control('inbound', {
      text: callMe('+44 20 7946 0958'),
      listedInMs: 300,
    });
    expect(await endingOf(messageId)).toMatchObject(done);
    expect(await callsTo('+442079460958')).toBe(1);
    const [told] = await rig.query<{
      via: string;
    }>`SELECT via FROM call_report WHERE status = 'completed' ORDER BY at LIMIT 1`;
    expect(told?.via).toBe('webhook');
    const runs = await exportHistories(rig.client);
    expect(runs.map(({ type }) => type)).toContain('callback');
    const leaked = runs.flatMap((run) => textsIn(run)).filter((text) => /20\s?7946\s?0(958|000)/.test(text));
    expect(leaked).toEqual([]);
  },
  2 * MINUTES,
);

it(
  'is placed once although the worker dies between placing and recording, and every callback is lost',
  async () => {
    phone.world.rate('lost-callback', 1);
    let died: Promise<void> | null = null;
    gateway.setRule(async (request, forward) => {
      if (died !== null || request.method !== 'POST') return forward();
      await forward();
      died = rig.worker.sigkill();
      await died;
      return null;
    });
    const { messageId } = await rig.control('inbound', { text: callMe('+1 202-555-0123'), listedInMs: 300 });
    await eventually('the worker is dead', () => died !== null && !rig.worker.isRunning());
    await rig.worker.start();
    const ended = await endingOf(messageId);
    expect(ended).toMatchObject(done);
    expect(await callsTo('+12025550123')).toBe(1);
    const attempts = await rig.query<{ via: string }>`
      SELECT one.first_seen_by AS via FROM call_attempt one JOIN call ON call.id = one.call_id WHERE call.message_id = ${ended.id}::uuid`;
    expect(attempts).toEqual([{ via: 'look' }]);
  },
  2 * MINUTES,
);

it('of which no callback came are known by the list: the audit has both figures, and the coverage its instant', async () => {
  const waybill = (...args: string[]) => runCommand(args, { env: rig.env, cwd: rig.folder });
  const { code, stdout, stderr } = await waybill('audit', 'run', '--source', 'phone', '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({
    ...{
      trouble: null,
      pushed: { loss: { method: 'census', shown: 2, missed: 0 }, frame: { state: 'unknown', holes: 0 } },
    },
  });
  expect(await waybill('coverage', '--source', 'phone')).toMatchObject({
    ...{
      code: 0,
      stdout: expect.stringMatching(/^phone: pushed calls and their statuses complete until .*; 0 missing/),
    },
  });
}, 60_000);
