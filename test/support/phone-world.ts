import Fastify from 'fastify';
import { onTestFinished } from 'vitest';
import { addCallWebhooks } from '../../src/api/call-webhooks.js';
import { readDeciding } from '../../src/delivery/actions/context.js';
import type { CallDeps } from '../../src/delivery/calling/deps.js';
import { lookForCall, pollCall } from '../../src/delivery/calling/follow-call.js';
import { placeCall } from '../../src/delivery/calling/place-call.js';
import { type CallStep, nextCallStep } from '../../src/delivery/calling/step.js';
import { decideMessage } from '../../src/delivery/decide-message.js';
import type { Choice } from '../../src/domain/actions.js';
import type { IncomingMessage } from '../../src/domain/message.js';
import type { Timing } from '../../src/domain/timing.js';
import { recordUnderstanding } from '../../src/ledger/decisions.js';
import { holdMessage } from '../../src/ledger/hold-messages.js';
import { type PhoneCallRow, readCallOf } from '../../src/ledger/phone-calls.js';
import { startPhoneSimulator } from '../../src/simulator/phone/server.js';
import { createPhoneClient } from '../../src/sources/phone/client.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { addressesOf } from '../../src/workers/phone-provider.js';
import { incomingMessage, incomingThread } from './incoming.js';
import { testLedger } from './ledger.js';

export const ACCOUNT = 'AC00000000000000000000000000000001';
export const AUTH = 'auth-token-of-the-tests';
export const FROM = '+442079460000';
export const TO = '+442079460958';
const ROUNDS = 60;

const CALL: Choice = {
  playbook: { name: 'call', version: '1' },
  action: { do: 'callback' },
  asksApproval: false,
  tags: [],
  reasons: [],
};

/** A ledger with a live source, a simulated phone provider on the same clock, and the API that takes its callbacks. */
export async function phoneWorld(given: Partial<Timing> = {}, choice: Choice = CALL) {
  const ledger = await testLedger({ settleMs: 0, callDeadlineMs: 1_000, ...given });
  const { db, clock, timing } = ledger;
  const simulator = await startPhoneSimulator({
    accountSid: ACCOUNT,
    authToken: AUTH,
    controlToken: 'control-of-the-tests',
    clock,
    stepMs: 1_000,
    hiddenMs: 20_000,
    lateMs: 60_000,
  });
  const log = createLogger({ subsystem: 'api', level: 'silent', format: 'ndjson' });
  const api = Fastify({ forceCloseConnections: true });
  const signed = { provider: 'phone', accountSid: ACCOUNT, authToken: AUTH, publicUrl: '' };
  const webhooks = { db, clock, log, ...signed, perMinute: 10_000, onReport: () => undefined };
  await addCallWebhooks(api, webhooks);
  webhooks.publicUrl = await api.listen({ host: '127.0.0.1', port: 0 });
  const client = createPhoneClient({
    url: simulator.url,
    accountSid: ACCOUNT,
    authToken: AUTH,
    callDeadlineMs: 1_000,
    clock,
  });
  onTestFinished(async () => {
    await client.close();
    await api.close();
    await simulator.close();
  });
  await ledger.bind({ mode: 'live', answerFrom: new Date(0) });
  await ledger.bind({ name: 'phone', kind: 'phone', origin: simulator.url, ratePerSecond: 100 });
  const deps: CallDeps = {
    db,
    clock,
    timing,
    calling: {
      provider: 'phone',
      from: FROM,
      region: 'GB',
      zone: null,
      hours: { days: [1, 2, 3, 4, 5], from: 540, to: 1080 },
      addresses: addressesOf(webhooks.publicUrl, 'http://instructions.example.com/say'),
    },
    phoneOf: () => client,
  };

  /** Stores a message that asks for a call, takes it up, and gives its id. */
  async function ask(id: string, more: Partial<IncomingMessage> = {}): Promise<string> {
    const thread = `thread of ${id}`;
    const text = `Please call me on ${TO}.`;
    await ledger.list([incomingThread(thread)]);
    await ledger.read(thread, [incomingMessage(id, { providerThreadId: thread, text, ...more })]);
    const message = await ledger.carry(id);
    const understanding = { label: 'complaint', confidence: 1, classifier: 'rules/1', reasons: [] };
    clock.advance(1);
    await db.transaction((tx) => recordUnderstanding(tx, message, understanding, clock.now()));
    return message.id;
  }

  /** One decision of its lifecycle. */
  async function decide(messageId: string) {
    clock.advance(1);
    const now = clock.now();
    return db.transaction(async (tx) => {
      const [row] = await tx.$queryRaw<{ carry: number }[]>`
        SELECT carry_count AS carry FROM message WHERE id = ${messageId}::uuid`;
      const held = await holdMessage(tx, messageId, row?.carry ?? 0);
      if (!held) return { kind: 'ended' as const };
      const deciding = await readDeciding(tx, held, { now, timing, calling: deps.calling });
      return decideMessage(deciding, { turnWaits: 0, playbooks: { choose: () => choice } });
    });
  }

  /** Steps as its workflow takes them, until it would wait or is over; a failure of a step is thrown. */
  async function run(messageId: string): Promise<CallStep> {
    for (let round = 0; round < ROUNDS; round++) {
      clock.advance(1);
      const step = await nextCallStep(deps, messageId);
      if (step.do === 'place') await placeCall(deps, { messageId, attempt: 1 });
      else if (step.do === 'poll') await pollCall(deps, { messageId, attempt: 1 });
      else if (step.do === 'look') {
        let seen = await lookForCall(deps, { messageId, attempt: 1 });
        while (seen.next === 'more') seen = await lookForCall(deps, { messageId, attempt: 1, afterCall: seen.callId });
      } else return step;
    }
    throw new Error('the call neither waits nor ends');
  }

  /** Runs it to its end, turning the clock by what it waits for, and lets the lifecycle end the message. */
  async function finish(messageId: string): Promise<PhoneCallRow> {
    for (let round = 0; round < ROUNDS; round++) {
      const step = await run(messageId);
      await simulator.settled();
      if (step.do === 'end') {
        await decide(messageId);
        return call(messageId);
      }
      if (step.do !== 'wait') throw new Error(`stuck at ${step.do}`);
      const after = await run(messageId);
      if (after.do !== 'wait') continue;
      clock.advance(Math.max(1, Date.parse(after.until) - clock.now().getTime()));
      await simulator.settled();
    }
    throw new Error('the call has no end');
  }

  async function call(messageId: string): Promise<PhoneCallRow> {
    const row = await readCallOf(db, messageId);
    if (!row) throw new Error('no call was ordered');
    return row;
  }

  const alarms = async (): Promise<string[]> => {
    const rows = await db.$queryRaw<{ subject: string }[]>`
      SELECT subject FROM alarm WHERE kind = 'call_mismatch' AND state = 'open' ORDER BY subject`;
    return rows.map((row) => row.subject.split('/')[0] ?? '');
  };

  return {
    ledger,
    db,
    clock,
    timing,
    simulator,
    world: simulator.world,
    deps,
    publicUrl: () => webhooks.publicUrl,
    ask,
    decide,
    run,
    finish,
    call,
    alarms,
  };
}
