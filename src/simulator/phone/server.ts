import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import { type Clock, systemClock } from '../../domain/clock.js';
import { type Answer, type Exchange, holdsToken, readJson, send } from '../exchange.js';
import { RequestProblem } from '../refusal.js';
import { answerCalls } from './calls-routes.js';
import { PhoneWorld } from './exchange-world.js';
import { type Delivery, OUTCOMES, type Outcome, PHONE_FAULTS, type PhoneFault, type SimulatedCall } from './model.js';

export interface PhoneSimulatorOptions {
  accountSid: string;
  authToken: string;
  /** Bearer token of control and truth. */
  controlToken: string;
  port?: number;
  seed?: number;
  /** Time between two statuses of a call, ms; 50 by default. */
  stepMs?: number;
  /** How long a hidden call stays out of the list, ms; 2 s by default. */
  hiddenMs?: number;
  /** How late a late callback is, ms; 2 s by default. */
  lateMs?: number;
  clock?: Clock;
}

export interface RunningPhoneSimulator {
  url: string;
  world: PhoneWorld;
  /** Resolves when every callback that is due has been sent and answered. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** What really is: every call that was placed, and every callback that was sent or lost. */
export interface PhoneTruth {
  calls: (Omit<SimulatedCall, 'events' | 'told' | 'stages'> & { status: string })[];
  callbacks: { sent: PhoneWorld['sent']; lost: Delivery[] };
}

const HOST = '127.0.0.1';
const TICK_MS = 20;
const CALLBACK_DEADLINE_MS = 5_000;

/** The provider without a server of its own. */
export interface Phone {
  world: PhoneWorld;
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Resolves when every callback that is due has been sent and answered. */
  settled(): Promise<void>;
  /** No callback leaves any more. */
  stop(): void;
}

/** The simulated phone provider. It has no idempotency key: the same request twice is two calls. */
export function createPhone(options: Omit<PhoneSimulatorOptions, 'port'>): Phone {
  const { seed = 1, stepMs = 50, hiddenMs = 2_000, lateMs = 2_000, clock = systemClock } = options;
  const world = new PhoneWorld(clock, { seed, stepMs, hiddenMs, lateMs });
  const underWay = new Set<Promise<void>>();
  const tick = (): void => {
    for (const delivery of world.takeDue()) {
      const sending = deliver(options, world, delivery).finally(() => underWay.delete(sending));
      underWay.add(sending);
    }
  };
  const ticking = setInterval(tick, TICK_MS);
  return {
    world,
    handle: (request, response) => handle(options, world, request, response),
    async settled() {
      tick();
      while (underWay.size > 0) await Promise.all(underWay);
    },
    stop: () => clearInterval(ticking),
  };
}

/** Starts it on 127.0.0.1. */
export async function startPhoneSimulator(options: PhoneSimulatorOptions): Promise<RunningPhoneSimulator> {
  const phone = createPhone(options);
  const server = createServer((request, response) => void phone.handle(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, HOST, resolve);
  });
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    world: phone.world,
    settled: () => phone.settled(),
    close: () =>
      new Promise((resolve) => {
        phone.stop();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** One callback, signed as the provider signs: a form, and the address that it was ordered for. It is not tried again. */
async function deliver({ accountSid, authToken }: PhoneSimulatorOptions, world: PhoneWorld, delivery: Delivery) {
  const call = world.find(delivery.sid);
  if (!call?.statusCallback) return;
  const form: Record<string, string> = {
    AccountSid: accountSid,
    ApiVersion: '2010-04-01',
    CallSid: call.sid,
    CallStatus: delivery.status,
    CallbackSource: 'call-progress-events',
    Direction: 'outbound-api',
    From: call.from,
    SequenceNumber: String(delivery.sequence),
    Timestamp: new Date(world.now()).toUTCString(),
    To: call.to,
  };
  const answered = await fetch(call.statusCallback, {
    method: 'POST',
    headers: { 'x-twilio-signature': getExpectedTwilioSignature(authToken, call.statusCallback, form) },
    body: new URLSearchParams(form),
    signal: AbortSignal.timeout(CALLBACK_DEADLINE_MS),
  }).then(
    (answer) => answer.status,
    () => null,
  );
  world.sent.push({ ...delivery, answered });
}

async function handle(
  options: PhoneSimulatorOptions,
  world: PhoneWorld,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'http://simulator.invalid');
    const path = url.pathname.split('/').slice(1).map(decodeURIComponent);
    const exchange: Exchange = { method: request.method ?? 'GET', path, query: url.searchParams, request, response };
    const [area] = path;
    if (area === '2010-04-01') {
      if (!isAccount(request, options)) throw new RequestProblem(401, '20003', 'authentication failed');
      const answer = await answerCalls(world, options.accountSid, exchange);
      if (answer === null) response.destroy();
      else send(response, answer);
      return;
    }
    if (area !== 'control' && area !== 'truth') throw new RequestProblem(404, '20404', 'there is no such path');
    if (!holdsToken(request, options.controlToken)) throw new RequestProblem(401, '20003', 'bad control token');
    send(response, area === 'truth' ? truth(world, exchange) : await control(world, exchange));
  } catch (failure) {
    const problem = failure instanceof RequestProblem ? failure : new RequestProblem(500, '20500', String(failure));
    if (response.headersSent) response.destroy();
    else
      send(response, {
        status: problem.status,
        body: { code: Number(problem.code), message: problem.message, status: problem.status },
        headers: problem.headers,
      });
  }
}

function isAccount(request: IncomingMessage, { accountSid, authToken }: PhoneSimulatorOptions): boolean {
  const wanted = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(request.headers.authorization ?? ''), digest(wanted));
}

/** `POST /control/faults` {fault, times | share}; `POST /control/outcomes` {outcomes}. */
async function control(world: PhoneWorld, { method, path, request }: Exchange): Promise<Answer> {
  if (method !== 'POST') throw new RequestProblem(405, '20005', 'control is written');
  const body = await readJson(request);
  if (path[1] === 'faults') {
    const { fault, times, share } = body;
    if (typeof fault !== 'string' || !Object.hasOwn(PHONE_FAULTS, fault))
      throw new RequestProblem(422, '20422', 'there is no such fault');
    if (typeof times === 'number') world.force(fault as PhoneFault, times);
    if (typeof share === 'number') world.rate(fault as PhoneFault, share);
    return { status: 200, body: {} };
  }
  if (path[1] === 'outcomes') {
    const { outcomes } = body;
    if (!Array.isArray(outcomes) || !outcomes.every((one): one is Outcome => OUTCOMES.includes(one as Outcome)))
      throw new RequestProblem(422, '20422', `outcomes are of ${OUTCOMES.join(', ')}`);
    world.expect(outcomes);
    return { status: 200, body: {} };
  }
  throw new RequestProblem(404, '20404', 'there is no such control');
}

/** Everything under the truth of the calls, for whoever compares after a run has ended. */
function truth(world: PhoneWorld, { method }: Exchange): Answer {
  if (method !== 'GET') throw new RequestProblem(405, '20005', 'truth can only be read');
  const body: PhoneTruth = {
    calls: world.calls.map((call) => {
      const { events: _events, told: _told, stages: _stages, ...known } = call;
      return { ...known, status: world.status(call) };
    }),
    callbacks: { sent: world.sent, lost: world.lost },
  };
  return { status: 200, body };
}
