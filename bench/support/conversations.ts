import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApi } from '../../src/api/server.js';
import { checkBalance } from '../../src/assurance/balance.js';
import { loadConfig } from '../../src/config/config.js';
import { systemClock } from '../../src/domain/clock.js';
import { PHONE_FAULTS, type PhoneFault } from '../../src/simulator/phone/model.js';
import { startPhoneSimulator } from '../../src/simulator/phone/server.js';
import { startPlatform, TAKES } from '../../src/simulator/platform.js';
import { seededRandom } from '../../src/simulator/seeded-random.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { assembleRig, LIVELY, type Rig, type RigServers } from '../../test/support/assemble-rig.js';
import { eventually } from '../../test/support/eventually.js';
import { freePort } from '../../test/support/free-port.js';
import { jsonAnswer } from '../../test/support/gateway.js';

export interface Conversations {
  conversations: number;
  /** SIGKILLs of the worker, each after a random number of further messages. */
  kills: number;
  seed: number;
  say(line: string): void;
}

/** What became of them, by the ledger and by the truth of every simulated party. */
export interface ConversationsAccount {
  inbound: number;
  endings: Record<string, number>;
  /** Inbound messages without exactly one ending or a named wait. */
  unsettled: number;
  missing: number;
  answeredTwice: number;
  /** Calls that the phone provider placed beyond the first under one key of ours. */
  calledTwice: number;
  calls: number;
  /** Replies that answer mail of a machine. */
  repliesToMachines: number;
  /** Threads of five messages within a minute that do not have one answer and five endings. */
  brokenBursts: number;
  bursts: number;
  /** Work that the platform was given under more than one webhook id. */
  handedOffTwice: number;
  handOffs: number;
  /** Ids that an equation of the balance does not explain. */
  residuals: number;
  kills: number;
}

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const TOKEN = 'token-of-the-conversations';
const CONTROL = 'control-of-the-conversations';
const FAULTY_SHARE = 0.05;
const BURST = 5;
const MINUTES = 60_000;
const WRITERS = 4;

const PLAYBOOKS = {
  'hand_off.yaml': 'name: hand_off\nwhen: { label: cancel_order }\nthen: { hand_off: { platform: agent } }\n',
};
const KINDS = [
  { kind: 'question', share: 0.46 },
  { kind: 'refund', share: 0.15 },
  { kind: 'burst', share: 0.1 },
  { kind: 'machine', share: 0.08 },
  { kind: 'call', share: 0.08 },
  { kind: 'hand_off', share: 0.06 },
  { kind: 'form', share: 0.07 },
] as const;
type Kind = (typeof KINDS)[number]['kind'];

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
      visitMinGapMs: 5_000,
      callVisibleMs: 3_000,
      callPollMs: 2_000,
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
    const written = await converse(rig, options);
    say('everything is written; waiting until each message has its ending or a named wait');
    await eventually(
      () => 'every message is settled',
      async () => (await openMessages(rig)) === 0 && (await storedInbound(rig)) >= written.expected,
      { withinMs: 10 * MINUTES },
    );
    return await account(rig, written, { phone: phone.world.calls, platform: platform.truth(), kills: options.kills });
  } finally {
    for (const release of releases) await release();
  }
}

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

interface Written {
  /** Provider ids of mail that a machine wrote. */
  machines: string[];
  /** Provider thread ids of bursts. */
  bursts: string[];
  expected: number;
}

async function converse(rig: Rig, { conversations, kills, seed, say }: Conversations): Promise<Written> {
  const random = seededRandom(seed, 'conversations');
  const written: Written = { machines: [], bursts: [], expected: 0 };
  const killAt = new Set(
    Array.from({ length: kills }, (_, index) =>
      Math.floor(((index + 0.2 + 0.6 * random.next()) * conversations) / kills),
    ),
  );
  const rest = Array.from({ length: conversations }, (_, index) => ({ index, kind: draw(random.next()) }));
  let done = 0;
  let killing = Promise.resolve();
  const write = async (index: number, kind: Kind): Promise<void> => {
    const from = `customer.${index}@example.com`;
    if (kind === 'form') {
      await rig.control('form-traffic', { form: 'contact', count: 1, withheld: 0.02, repeated: 0.05, forged: 0.05 });
      written.expected += 1;
      return;
    }
    if (kind === 'burst') {
      const { threadId } = await rig.control('inbound', { from, subject: 'My order' });
      for (let more = 1; more < BURST; more++) await rig.control('inbound', { threadId, from });
      written.bursts.push(threadId);
      written.expected += BURST;
      return;
    }
    const { messageId } = await rig.control('inbound', { from, ...BODIES[kind](index) });
    if (kind === 'machine') written.machines.push(messageId);
    written.expected += 1;
  };
  const lane = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      await write(next.index, next.kind);
      done += 1;
      if (killAt.delete(done)) {
        say(`kill ${kills - killAt.size} of ${kills}, after ${done} conversations`);
        killing = killing.then(() => rig.worker.sigkill()).then(() => rig.worker.start());
      }
      if (done % 20 === 0) await killing; // customers do not wait for a worker, but this machine has to
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, lane));
  await killing;
  return written;
}

function draw(chance: number): Kind {
  let left = chance;
  for (const { kind, share } of KINDS) {
    left -= share;
    if (left < 0) return kind;
  }
  return 'question';
}

const BODIES: Record<Exclude<Kind, 'burst' | 'form'>, (index: number) => object> = {
  question: (index) => ({ subject: 'My order', text: `Where is my order WB-${100_000 + index}?` }),
  refund: () => ({ subject: 'Refund', text: 'Please give me my money back.' }),
  machine: () => ({
    subject: 'Out of office',
    text: 'Where is my order?',
    headers: { 'auto-submitted': 'auto-replied' },
  }),
  // Numbers that Ofcom keeps for drama: 020 7946 0001 to 0999.
  call: (index) => ({
    subject: 'Call me',
    text: `Please call me back on +44 20 7946 ${String((index % 999) + 1).padStart(4, '0')}.`,
  }),
  hand_off: () => ({ subject: 'Order', text: 'Please cancel my order.' }),
};

const openMessages = async (rig: Rig): Promise<number> =>
  (
    await rig.query<{ n: number }>`
      SELECT count(*)::int AS n FROM message WHERE direction = 'inbound' AND (state IN ('recorded', 'carried')
        OR (state = 'waiting' AND waiting_kind IN ('body', 'settle', 'turn', 'confirmation', 'callback', 'outcome')))`
  )[0]?.n ?? -1;

const storedInbound = async (rig: Rig): Promise<number> =>
  (await rig.query<{ n: number }>`SELECT count(*)::int AS n FROM message WHERE direction = 'inbound'`)[0]?.n ?? 0;

interface Truths {
  phone: { url: string }[];
  platform: { message: string; webhookId: string }[];
  kills: number;
}

async function account(rig: Rig, written: Written, truths: Truths): Promise<ConversationsAccount> {
  const drawn = await rig.account(5 * MINUTES);
  const { replies } = await rig.truth();
  const machines = new Set(written.machines);
  const endings = await rig.query<{ ending: string; n: number }>`
    SELECT COALESCE(disposition, state || ' ' || COALESCE(waiting_kind, '')) AS ending, count(*)::int AS n
    FROM message WHERE direction = 'inbound' GROUP BY 1 ORDER BY 1`;
  const [settled] = await rig.query<{ unsettled: number }>`
    SELECT count(*)::int AS unsettled FROM message m WHERE direction = 'inbound' AND NOT (
      (state = 'waiting' AND waiting_kind IS NOT NULL) OR (state = 'ended' AND (SELECT count(*) FROM lifecycle_event e
        WHERE e.message_id = m.id AND e.kind = 'ended') = 1 + (SELECT count(*) FROM lifecycle_event e
        WHERE e.message_id = m.id AND e.kind = 'reopened')))`;
  const ended = new Map(
    (
      await rig.query<{ thread: string; n: number }>`
        SELECT t.provider_thread_id AS thread, count(*)::int AS n FROM message m JOIN thread t ON t.id = m.thread_id
        WHERE m.direction = 'inbound' AND m.state = 'ended' GROUP BY 1`
    ).map(({ thread, n }) => [thread, n]),
  );
  const answers = (threadId: string): number => replies.filter((reply) => reply.threadId === threadId).length;
  // Where nobody can know whether a reply was executed a person has it: then at most one answer, and as many endings.
  const isBroken = (threadId: string): boolean => answers(threadId) > 1 || ended.get(threadId) !== BURST;
  const balance = await checkBalance(rig.db);
  return {
    inbound: await storedInbound(rig),
    endings: Object.fromEntries(endings.map(({ ending, n }) => [ending.trim(), n])),
    unsettled: settled?.unsettled ?? -1,
    missing: drawn.missing ?? -1,
    answeredTwice: drawn.answeredTwice ?? -1,
    calledTwice: truths.phone.length - new Set(truths.phone.map(({ url }) => url)).size,
    calls: truths.phone.length,
    repliesToMachines: replies.filter(({ inReplyTo }) => inReplyTo !== null && machines.has(inReplyTo)).length,
    brokenBursts: written.bursts.filter(isBroken).length,
    bursts: written.bursts.length,
    handedOffTwice: truths.platform.length - new Set(truths.platform.map(({ message }) => message)).size,
    handOffs: truths.platform.length,
    residuals: balance.equations.reduce((sum, one) => sum + one.residuals + Math.abs(one.left - one.right), 0),
    kills: truths.kills,
  };
}
