import Fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Problem } from '../../../src/api/problems.js';
import { addOutcomeRoutes } from '../../../src/api/routes/outcomes.js';
import { checkBalance } from '../../../src/assurance/balance.js';
import { readDeciding } from '../../../src/delivery/actions/context.js';
import { continueHandOff, decideHandOff } from '../../../src/delivery/actions/hand-off.js';
import { deliverHandOff } from '../../../src/delivery/hand-off.js';
import type { Choice } from '../../../src/domain/actions.js';
import type { Mode } from '../../../src/domain/states.js';
import { listAlarms } from '../../../src/ledger/alarm-desk.js';
import { only } from '../../../src/ledger/database.js';
import { recordUnderstanding } from '../../../src/ledger/decisions.js';
import { listHandOffs } from '../../../src/ledger/hand-offs.js';
import { holdMessage } from '../../../src/ledger/hold-messages.js';
import { setRoute, waitMessage } from '../../../src/ledger/lifecycles.js';
import { bindSource } from '../../../src/ledger/sources.js';
import { type PlatformReaction, startPlatform, TAKES } from '../../../src/simulator/platform.js';
import { createPlatformClient } from '../../../src/sources/platform/client.js';
import { createLogger } from '../../../src/telemetry/logger.js';
import { DAY, HOUR, iso, MINUTE } from '../../support/clock.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';
import { testLedger } from '../../support/ledger.js';
import { assertTrail } from '../../support/trail.js';
import { WEBHOOK_SECRET } from '../../support/webhook-receiver.js';

const TOKEN = 'token-of-the-platform-1234567890';
const CHOICE: Choice = {
  playbook: { name: 'to-n8n', version: '1' },
  action: { do: 'hand_off', platform: 'n8n' },
  asksApproval: false,
  tags: [],
  reasons: [],
};
const BEGUN = ['recorded', 'carried', 'triaged', 'classified'];
const quiet = createLogger({ subsystem: 'api', level: 'silent', format: 'ndjson' });

/** A live message, a platform that does what it is told, and the route to which it reports. */
async function handedOff({ mode = 'live' as Mode, withContent = false, deadlineMs = 2_000 } = {}) {
  const ledger = await testLedger();
  const { db, clock, timing } = ledger;
  const platform = await startPlatform({ secret: WEBHOOK_SECRET, token: TOKEN, controlToken: 'control' });
  onTestFinished(() => platform.close());
  // The library that checks the signature takes no stamp that is far from the machine's clock.
  const client = createPlatformClient({ url: platform.url, secret: WEBHOOK_SECRET, deadlineMs });
  onTestFinished(() => client.close());
  const app = Fastify();
  const woken: string[] = [];
  await addOutcomeRoutes(app, {
    db,
    clock,
    log: quiet,
    platforms: [
      { name: 'n8n', token: TOKEN },
      { name: 'other', token: 'token-of-the-other-1234567890' },
    ],
    waker: { wake: (ids) => void woken.push(...ids) },
    operatorOf: async (token) => (token === 'token-of-an-operator' ? 'an operator' : null),
  });
  const reportTo = await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => app.close());
  const bound = {
    kind: 'platform',
    origin: 'platform:n8n',
    mailboxGroup: 'n8n',
    ratePerSecond: 10,
    mode: null,
    answerFrom: null,
  };
  await bindSource(db, { name: 'n8n', ...bound, firstMode: 'observe', now: clock.now() });
  await ledger.bind({ mode: 'live', answerFrom: new Date(0) });
  await ledger.list([incomingThread('t1')]);
  await ledger.read('t1', [incomingMessage('m1')]);
  const message = await ledger.carry('m1');
  await db.transaction(async (tx) => {
    const understood = { label: 'invoice', confidence: 0.9, classifier: 'test/1', reasons: [] };
    await setRoute(tx, message, { route: 'email', evidence: 'its channel', now: clock.now() });
    await recordUnderstanding(tx, message, understood, clock.now());
  });
  let stallMs = 0;
  const deps = {
    db,
    clock,
    timing,
    platformOf: () => ({ name: 'n8n', outcomeWithinMs: HOUR, withContent, reportTo }),
    platformClientOf: () => {
      clock.advance(stallMs);
      return client;
    },
  };
  const { id, carry } = message;

  /** A step of the lifecycle: what is under way, or the hand-off itself. */
  const decide = () =>
    db.transaction(async (tx) => {
      const held = await holdMessage(tx, id, carry);
      if (!held) return null;
      const deciding = await readDeciding(tx, held, { now: clock.now(), timing });
      return (await continueHandOff(deciding)) ?? decideHandOff({ ...deciding, choice: CHOICE, mode }, 'n8n');
    });
  const report = async (body: object, token = TOKEN, as = id) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await app.inject({ method: 'POST', url: `/v1/messages/${as}/outcome`, headers, payload: body });
    return { status: answer.statusCode, body: answer.json() as Record<string, unknown> };
  };
  return {
    ...{ ledger, db, clock, timing, platform, woken, app, id, decide, report },
    /** So long a process stands still between its last question and its request. */
    stall: (ms: number) => {
      stallMs = ms;
    },
    deliver: () => {
      clock.advance(1);
      return deliverHandOff(deps, id);
    },
    react: (...reactions: Partial<PlatformReaction>[]) =>
      void platform.reactions.push(...reactions.map((one) => ({ ...TAKES, outcome: 'never' as const, ...one }))),
    handOff: async () => only(await listHandOffs(db, { platform: null, states: [], limit: 10 }), 'hand-off'),
    ending: () => ledger.message('m1'),
    edit: () => ledger.read('t1', [incomingMessage('m1', { text: 'Please cancel it instead.' })]),
    assertTrail: (expected: string[]) => assertTrail(db, id, [...BEGUN, ...expected]),
    balanced: async () =>
      (await checkBalance(db)).equations.filter((one) => one.left !== one.right || one.residuals > 0),
  };
}

describe('a message that is handed off', () => {
  it('waits for its outcome, is acknowledged, and ends when the platform reports that it is done', async () => {
    const one = await handedOff();
    one.react({});
    expect(await one.decide()).toMatchObject({
      kind: 'wait',
      for: 'outcome',
      start: { workflow: 'handOff', messageId: one.id },
    });
    expect(await one.deliver()).toMatchObject({ kind: 'acknowledged' });
    expect(await one.decide()).toMatchObject({ kind: 'wait', for: 'outcome' });
    expect(await one.report({ status: 'done', reference: 'run 17' })).toMatchObject({ status: 422 });
    // Ids are told in either case; workflows have them in one.
    expect(await one.report({ status: 'done', reference: 'run-17' }, TOKEN, one.id.toUpperCase())).toEqual({
      status: 200,
      body: { status: 'recorded', late: false },
    });
    expect(one.woken).toEqual([`message/dashboard/${one.id}`, `hand-off/${one.id}`]);
    expect(await one.decide()).toEqual({ kind: 'ended', along: [] });
    expect(await one.ending()).toMatchObject({ disposition: 'handed_off_done', reason: 'outcome_done' });
    await one.assertTrail([
      'waiting for outcome',
      'handed_off',
      'outcome_reported',
      'ended handed_off_done (outcome_done)',
    ]);
    expect(await one.balanced()).toEqual([]);
  });

  it('goes as references alone, under an id that derives from it', async () => {
    const one = await handedOff();
    await one.decide();
    one.react({});
    await one.deliver();
    const [work] = one.platform.truth();
    expect(work).toMatchObject({ message: one.id, webhookId: `hand_off_${one.id}`, deliveries: 1, taken: true });
    expect(work?.data).toMatchObject({
      label: 'invoice',
      route: 'email',
      source: 'dashboard',
      thread: { provider: 't1' },
    });
    expect(JSON.stringify(work)).not.toMatch(/customer@|Where is my parcel/);
    expect(one.platform.refused).toBe(0);
  });

  it('goes with its content where the platform is configured for it', async () => {
    const one = await handedOff({ withContent: true });
    await one.decide();
    one.react({});
    await one.deliver();
    expect(one.platform.truth()[0]?.data.content).toMatchObject({
      text: 'Where is my parcel? (m1)',
      subject: 'Parcel',
    });
  });

  it('is delivered again under the same id when the acknowledgement was lost, and is worked on once', async () => {
    const one = await handedOff();
    await one.decide();
    one.react({ answer: 'break' }, {});
    await expect(one.deliver()).rejects.toMatchObject({ type: 'SourceUnreachable', retryAfterMs: 5_000 });
    expect(await one.handOff()).toMatchObject({ state: 'sending', attempts: 1 });
    expect(await one.deliver()).toMatchObject({ kind: 'acknowledged' });
    expect(one.platform.truth()).toMatchObject([{ deliveries: 2, taken: true }]);
  });

  it('is taken for acknowledged when its outcome comes although the acknowledgement was lost', async () => {
    const one = await handedOff();
    await one.decide();
    one.react({ answer: 'break' });
    await expect(one.deliver()).rejects.toMatchObject({ type: 'SourceUnreachable' });
    expect(await one.report({ status: 'done' })).toMatchObject({ status: 200 });
    expect(await one.deliver()).toEqual({ kind: 'over', state: 'done' });
    await one.decide();
    expect(await one.ending()).toMatchObject({ disposition: 'handed_off_done' });
    expect(one.platform.truth()).toMatchObject([{ deliveries: 1 }]);
    expect(await one.balanced()).toEqual([]);
  });

  it('ends the earlier messages of its burst with it and wakes them, except one whose reply may have left', async () => {
    const one = await handedOff();
    await one.decide();
    one.react({});
    await one.deliver();
    const at = (minutes: number) => ({ originAt: iso(-DAY + minutes * MINUTE) });
    await one.ledger.read('t1', [incomingMessage('m0', at(0)), incomingMessage('in doubt', at(1))]);
    await one.db.transaction(async (tx) => {
      const until = new Date(one.clock.now().getTime() + MINUTE);
      await waitMessage(tx, await one.ledger.carry('in doubt'), 'confirmation', until, one.clock.now());
    });
    await one.report({ status: 'done' });
    const { id: earlier } = await one.ledger.message('m0');
    expect(await one.decide()).toEqual({ kind: 'ended', along: [earlier] });
    expect(await one.ledger.message('m0')).toMatchObject({ disposition: 'answered_with', other: one.id });
    expect(await one.ledger.message('in doubt')).toMatchObject({ state: 'waiting', waitingKind: 'confirmation' });
  });

  it('is decided anew when other words come under it before it has left', async () => {
    const one = await handedOff();
    await one.decide();
    await one.edit();
    expect(await one.deliver()).toEqual({ kind: 'over', state: 'withdrawn' });
    expect(one.platform.truth()).toEqual([]);
  });

  it('is a case as well when other words come under it after that', async () => {
    const one = await handedOff();
    await one.decide();
    one.react({});
    await one.deliver();
    await one.edit();
    expect(await one.db.$queryRaw`SELECT reason, state FROM "case"`).toEqual([
      { reason: 'edited_after_answer', state: 'open' },
    ]);
    expect(await one.decide()).toMatchObject({ kind: 'wait', for: 'outcome' });
    await one.report({ status: 'done' });
    await one.decide();
    expect(await one.ending()).toMatchObject({ disposition: 'handed_off_done' });
    expect(await one.balanced()).toEqual([]);
  });

  it('goes to a person when the platform reports that it failed', async () => {
    const one = await handedOff();
    await one.decide();
    one.react({});
    await one.deliver();
    await one.report({ status: 'failed', reason: 'no_such_invoice' });
    await one.decide();
    expect(await one.ending()).toMatchObject({ disposition: 'escalated', reason: 'hand_off_failed' });
    expect((await one.handOff()).outcome).toEqual({ status: 'failed', reference: null, reason: 'no_such_invoice' });
  });

  it.each([400, 401, 404, 410])('goes to a person when it is refused with %i, after one request', async (answer) => {
    const one = await handedOff();
    await one.decide();
    one.react({ answer, takes: false });
    expect(await one.deliver()).toEqual({ kind: 'over', state: 'refused' });
    await one.decide();
    expect(await one.ending()).toMatchObject({ disposition: 'escalated', reason: 'hand_off_refused' });
    expect(await one.ledger.count('provider_call')).toBeGreaterThan(0);
    expect(await one.balanced()).toEqual([]);
  });

  it.each([302, 429, 500])('is tried again after %i by the growing schedule, eight times at most', async (answer) => {
    const one = await handedOff();
    await one.decide();
    one.react(...Array.from({ length: 8 }, () => ({ answer, takes: false })));
    const waits: unknown[] = [];
    for (let attempt = 1; attempt < 8; attempt++) {
      await one.deliver().catch(({ retryAfterMs }) => waits.push(retryAfterMs / 1_000));
      one.clock.advance(HOUR); // past the pause that a 429 asks for
    }
    expect(waits).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]);
    expect(await one.deliver()).toEqual({ kind: 'over', state: 'refused' });
    const calls = await one.db.$queryRaw<{ n: number }[]>`
      SELECT count(*)::int AS n FROM provider_call WHERE operation = 'handOff' AND message_id = ${one.id}::uuid AND finished_at IS NOT NULL`;
    expect(calls).toEqual([{ n: 8 }]);
  });

  it('goes to a person with an alarm when no outcome comes in time; a late one is recorded and changes nothing', async () => {
    const one = await handedOff();
    await one.decide();
    one.react({});
    await one.deliver();
    one.clock.advance(HOUR);
    await one.decide();
    expect(await one.ending()).toMatchObject({ disposition: 'escalated', reason: 'hand_off_overdue' });
    expect(await listAlarms(one.db, [])).toMatchObject([{ kind: 'hand_off_overdue', source: 'n8n', state: 'open' }]);
    expect(await one.report({ status: 'done' })).toEqual({ status: 200, body: { status: 'recorded', late: true } });
    expect(await one.handOff()).toMatchObject({ state: 'overdue', outcome: { status: 'done' } });
    expect(await one.ending()).toMatchObject({ disposition: 'escalated', reason: 'hand_off_overdue' });
    expect(await listAlarms(one.db, [])).toMatchObject([{ state: 'quenched' }]);
    expect(await one.balanced()).toEqual([]);
  });

  it('is overdue when the outcome comes after the deadline and nobody had looked before', async () => {
    const one = await handedOff();
    await one.decide();
    one.react({});
    await one.deliver();
    one.clock.advance(2 * HOUR);
    expect(await one.report({ status: 'done' })).toEqual({ status: 200, body: { status: 'recorded', late: true } });
    await one.decide();
    expect(await one.ending()).toMatchObject({ reason: 'hand_off_overdue' });
  });

  it('is given to a person when no platform takes it in time, whoever looks', async () => {
    const one = await handedOff();
    await one.decide();
    one.clock.advance(2 * DAY);
    await one.decide();
    expect(await one.ending()).toMatchObject({ disposition: 'escalated', reason: 'hand_off_refused' });
    expect(await one.deliver()).toEqual({ kind: 'over', state: 'refused' });
    expect(one.platform.truth()).toEqual([]);
  });
});

describe('a reported outcome', () => {
  it('that is repeated is answered like the first; one that contradicts it is not taken', async () => {
    const one = await handedOff();
    await one.decide();
    one.react({});
    await one.deliver();
    expect(await one.report({ status: 'done' })).toMatchObject({ status: 200, body: { status: 'recorded' } });
    expect(await one.report({ status: 'done' })).toMatchObject({ status: 200, body: { status: 'repeated' } });
    expect(await one.report({ status: 'failed' })).toMatchObject({
      status: 409,
      body: {
        error: 'conflict',
        message: 'Something else was reported before, and that counts: done.',
        reason: 'done',
      },
    });
    expect(await one.handOff()).toMatchObject({ state: 'done' });
    await one.decide();
    await one.assertTrail([
      'waiting for outcome',
      'handed_off',
      'outcome_reported',
      'ended handed_off_done (outcome_done)',
    ]);
  });

  it('with a forged token, or that of another platform, is refused and leaves nothing', async () => {
    const one = await handedOff();
    await one.decide();
    one.react({});
    await one.deliver();
    const forged = await one.report({ status: 'done' }, 'a-forged-token-12345678901234');
    expect(forged).toMatchObject({ status: 401, body: { error: 'unauthenticated' } });
    const other = await one.report({ status: 'done' }, 'token-of-the-other-1234567890');
    expect(other).toMatchObject({ status: 404, body: { error: 'not_found' } });
    const unknown = await one.report({ status: 'done', words: 'no' });
    expect(unknown).toMatchObject({ status: 422, body: { error: 'invalid', problems: [{ at: 'body' }] } });
    for (const { body } of [forged, other, unknown]) expect(() => Problem.strict().parse(body)).not.toThrow();
    expect(await one.handOff()).toMatchObject({ state: 'acknowledged', outcome: null });
    expect(await one.report({ status: 'done' }, 'token-of-an-operator')).toMatchObject({ status: 200 });
  });

  it('with words of its own is refused: nothing a customer wrote comes back this way', async () => {
    const one = await handedOff();
    await one.decide();
    one.react({});
    await one.deliver();
    for (const more of [
      { note: 'the customer said' },
      { reason: 'The customer said so' },
      { reference: 'x'.repeat(200) },
    ])
      expect(await one.report({ status: 'done', ...more })).toMatchObject({ status: 422 });
    expect(await one.report({ status: 'perhaps' })).toMatchObject({ status: 422 });
    expect((await one.handOff()).outcome).toBeNull();
  });

  it('of a message that never left is unknown', async () => {
    const one = await handedOff();
    await one.decide();
    expect(await one.report({ status: 'done' })).toMatchObject({ status: 404 });
  });
});

describe('nothing is handed off', () => {
  it.each(['approve', 'shadow'] as const)('in %s when it is decided', async (mode) => {
    const one = await handedOff({ mode });
    await one.decide();
    expect(await one.ending()).toMatchObject({ disposition: 'escalated' });
    expect(await one.ledger.count('hand_off')).toBe(0);
  });

  it('while sending is stopped: what never left is taken back and decided anew', async () => {
    const one = await handedOff();
    await one.decide();
    await one.db.$executeRaw`INSERT INTO sending_stop (stopped_at, stopped_by) VALUES (${one.clock.now()}, 'somebody')`;
    expect(await one.deliver()).toEqual({ kind: 'over', state: 'withdrawn' });
    expect(one.platform.truth()).toEqual([]);
    await one.db.$executeRaw`UPDATE sending_stop SET lifted_at = ${one.clock.now()}, lifted_by = 'somebody'`;
    expect(await one.decide()).toMatchObject({ kind: 'wait', for: 'outcome' });
    one.react({});
    expect(await one.deliver()).toMatchObject({ kind: 'acknowledged' });
  });

  it('again while sending is stopped, where it may have been taken: it is held and its time goes on later', async () => {
    const one = await handedOff();
    await one.decide();
    one.react({ answer: 500, takes: false });
    await one.deliver().catch(() => undefined);
    await one.db.$executeRaw`INSERT INTO sending_stop (stopped_at, stopped_by) VALUES (${one.clock.now()}, 'somebody')`;
    one.clock.advance(2 * DAY);
    expect(await one.deliver()).toMatchObject({ kind: 'hold' });
    expect((await one.handOff()).deadlineAt.getTime()).toBeGreaterThan(one.clock.now().getTime());
    expect(one.platform.truth()).toMatchObject([{ deliveries: 1 }]);
  });

  it('once its source only observes', async () => {
    const one = await handedOff();
    await one.decide();
    await one.ledger.bind({ mode: 'observe' });
    expect(await one.deliver()).toEqual({ kind: 'over', state: 'withdrawn' });
    expect(one.platform.truth()).toEqual([]);
  });

  it('by a process that stood still after it had asked whether it may', async () => {
    const one = await handedOff();
    await one.decide();
    one.react({});
    one.stall(one.timing.stopWithinMs + 1);
    await expect(one.deliver()).rejects.toMatchObject({ type: 'SourceTimeout', retryAfterMs: 5_000 });
    expect(one.platform.truth()).toEqual([]);
    one.stall(0);
    expect(await one.deliver()).toMatchObject({ kind: 'acknowledged' });
  });

  it('to a platform that nobody configured', async () => {
    const one = await handedOff();
    await one.db.$executeRaw`DELETE FROM source WHERE name = 'n8n'`;
    await one.decide();
    expect(await one.ending()).toMatchObject({ disposition: 'escalated', reason: 'playbook_unusable' });
  });
});
