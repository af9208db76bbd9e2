import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApi } from '../../src/api/server.js';
import { loadConfig } from '../../src/config/config.js';
import { systemClock } from '../../src/domain/clock.js';
import { DEFAULT_TIMING } from '../../src/domain/timing.js';
import { PHONE_FAULTS, type PhoneFault } from '../../src/simulator/phone/model.js';
import { startPhoneSimulator } from '../../src/simulator/phone/server.js';
import { startPlatform, TAKES } from '../../src/simulator/platform.js';
import { seededRandom } from '../../src/simulator/seeded-random.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { assembleRig, LIVELY, type Rig, type RigServers } from '../../test/support/assemble-rig.js';
import { freePort } from '../../test/support/free-port.js';
import { jsonAnswer } from '../../test/support/gateway.js';
import { type ConversationsAccount, drawConversations } from './conversations-account.js';
import { type Written, writeConversations } from './customers.js';
import { killWhileItWorks } from './killing.js';
import { untilSettled } from './settling.js';

export interface Conversations {
  conversations: number;
  /** SIGKILLs of the worker, each after a random number of further endings. */
  kills: number;
  seed: number;
  /** Longest time until everything is settled; beyond it the run fails and names what is not. */
  withinMs: number;
  say(line: string): void;
}

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const TOKEN = 'token-of-the-conversations';
const CONTROL = 'control-of-the-conversations';
const FAULTY_SHARE = 0.05;
const MINUTES = 60_000;

const PLAYBOOKS = {
  'hand_off.yaml': 'name: hand_off\nwhen: { label: cancel_order }\nthen: { hand_off: { platform: agent } }\n',
};
/** Customers of every route write to an installation whose providers fail in one of twenty requests, and whose worker is killed. */
export async function runConversations(servers: RigServers, options: Conversations): Promise<ConversationsAccount> {
  const { seed, say } = options;
  const [simulatorPort, apiPort] = [await freePort(), await freePort()];
  const phone = await startPhoneSimulator({
    accountSid: 'AC1',
    authToken: TOKEN,
    controlToken: CONTROL,
    seed,
    stepMs: 100,
  });
  for (const fault of Object.keys(PHONE_FAULTS) as PhoneFault[]) phone.world.rate(fault, FAULTY_SHARE);
  const platform = await startPlatform({ secret: SECRET, token: TOKEN, controlToken: CONTROL });
  const rig = await assembleRig(servers, {
    simulator: { threads: 0, profile: 'documented', seed, port: simulatorPort },
    timing: {
      ...LIVELY,
      // A thousand threads in which nothing happens any more would take every call, were each of them read every few seconds.
      visitMinGapMs: 10_000,
      visitSilenceShare: DEFAULT_TIMING.visitSilenceShare,
      callVisibleMs: 3_000,
      callPollMs: 2_000,
      // One of ten requests for a call is in doubt, and half of those placed none: by default it is made again after 15 minutes.
      callAgainMs: 10_000,
      // One of twenty requests to the phone provider is refused with a 429 that names no pause.
      retryAfterDefaultMs: 2_000,
      formsEveryMs: 3_000,
      caseEveryMs: 2_000,
      redispatchMs: 20_000,
    },
    env: {
      WAYBILL_API_PORT: String(apiPort),
      WAYBILL_PLAYBOOKS: 'playbooks',
      WAYBILL_PLATFORMS: 'platforms.json',
      WAYBILL_FORMS: 'forms.json',
      AGENT_SECRET: SECRET,
      AGENT_TOKEN: TOKEN,
      FORM_SECRET: SECRET,
      VENDOR_TOKEN: 'token-of-the-rig',
      WAYBILL_PHONE_URL: phone.url,
      WAYBILL_PHONE_ACCOUNT_SID: 'AC1',
      WAYBILL_PHONE_AUTH_TOKEN: TOKEN,
      WAYBILL_PHONE_FROM: '+442079460000',
      WAYBILL_PHONE_PUBLIC_URL: `http://127.0.0.1:${apiPort}`,
      WAYBILL_PHONE_INSTRUCTIONS_URL: 'http://instructions.example.com/say',
      WAYBILL_PHONE_HOURS: 'mon-sun 00:00-24:00',
      WAYBILL_PHONE_RATE: '50',
    },
  });
  const releases: (() => Promise<unknown>)[] = [rig.release, platform.close, phone.close];
  try {
    configure(rig, platform.url, simulatorPort);
    const config = loadConfig(rig.env, { cwd: rig.folder });
    const log = createLogger({ subsystem: 'api', level: 'silent', format: 'ndjson' });
    const api = await startApi({ config, db: rig.db, clock: systemClock, log });
    releases.unshift(() => api.close());
    disturb(rig, seed);
    const random = seededRandom(seed, 'platform');
    platform.reactions.push(
      ...Array.from({ length: options.conversations }, () =>
        random.chance(FAULTY_SHARE) ? { ...TAKES, answer: random.chance(0.5) ? ('break' as const) : 503 } : TAKES,
      ),
    );
    await rig.control('forms', { form: 'contact', target: `${api.url}/webhooks/forms/contact`, secret: SECRET });
    await rig.worker.start();
    const began = performance.now();
    const left = () => Math.max(0, options.withinMs - (performance.now() - began));
    let written: Written | null = null;
    const writing = writeConversations(rig, options.conversations, seed).then((all) => {
      say(`${all.messages} messages of ${options.conversations} conversations are written`);
      written = all;
      return all;
    });
    const over = new AbortController();
    const kills = { kills: options.kills, endings: options.conversations, seed, say, signal: over.signal };
    const work = Promise.all([writing, killWhileItWorks(rig, kills)]);
    releases.unshift(async () => {
      over.abort();
      await work.catch(() => undefined); // whoever waits for it below has heard of it
    });
    await Promise.race([untilSettled(rig, () => written?.messages ?? null, { withinMs: left(), say }), never(work)]);
    const [all] = await work;
    await untilSettled(rig, () => all.messages, { withinMs: left(), say }); // a late kill may have opened something again
    say('every message has its ending or a named wait; everything is read once more, without faults');
    // This reading only compares the ledger with the truth; under random refusals the pacer would draw it out for minutes.
    rig.gateway.setRule((_request, forward) => forward());
    return await drawConversations(
      rig,
      all,
      { phone: phone.world.calls, platform: platform.truth, kills: options.kills },
      Math.max(MINUTES, left()),
    );
  } finally {
    for (const release of releases) await release();
  }
}

/** Fails with the work, and says nothing of its end. */
const never = (work: Promise<unknown>): Promise<never> => work.then(() => new Promise<never>(() => undefined));

function configure(rig: Rig, platformUrl: string, simulatorPort: number): void {
  cpSync('playbooks', join(rig.folder, 'playbooks'), { recursive: true });
  for (const [name, text] of Object.entries(PLAYBOOKS)) writeFileSync(join(rig.folder, 'playbooks', name), text);
  const agent = { name: 'agent', url: platformUrl, secret: { env: 'AGENT_SECRET' }, token: { env: 'AGENT_TOKEN' } };
  writeFileSync(join(rig.folder, 'platforms.json'), JSON.stringify({ platforms: [agent] }));
  const contact = {
    verify: { scheme: 'standard-webhooks', secrets: [{ env: 'FORM_SECRET' }] },
    fields: {
      submission_id: 'id',
      sequence: 'number',
      submitted_at: 'created_at',
      email: 'fields.email',
      message: 'fields.message',
    },
    required: ['email', 'message'],
    mode: 'live',
    answer_from: '1970-01-01T00:00:00Z',
    reconcile: {
      by: 'list',
      url: `http://127.0.0.1:${simulatorPort}/forms/contact/submissions`,
      token: { env: 'VENDOR_TOKEN' },
      rate_per_second: 20,
    },
  };
  writeFileSync(join(rig.folder, 'forms.json'), JSON.stringify({ forms: { contact } }));
}

/** One of twenty requests to the dashboard fails: refused, answered 503, broken before, or executed with its answer lost. */
function disturb(rig: Rig, seed: number): void {
  const random = seededRandom(seed, 'disturb');
  rig.gateway.setRule(async (_request, forward) => {
    if (!random.chance(FAULTY_SHARE)) return forward();
    const which = random.between(0, 3);
    if (which === 0) return jsonAnswer(429, { error: 'too_many' }, { 'retry-after': '1' });
    if (which === 1) return jsonAnswer(503, { error: 'trouble' });
    if (which === 2) return null;
    await forward();
    return null;
  });
}
