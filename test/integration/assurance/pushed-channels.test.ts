import { describe, expect, it } from 'vitest';
import { readPushedAudits } from '../../../src/assurance/audit/pushed.js';
import { pushedChannelMisses } from '../../../src/assurance/audit/pushed-channels.js';
import { pushedInWords } from '../../../src/assurance/audit/words.js';
import { judgeClaims } from '../../../src/assurance/probes/judge-claims.js';
import { type PushedContext, readPushedCoverage } from '../../../src/assurance/pushed-coverage.js';
import { compareCalls, listCallsPage } from '../../../src/delivery/calling/compare.js';
import { isFinal } from '../../../src/domain/calls.js';
import { claimsOf } from '../../../src/domain/claims.js';
import type { Reconciliation } from '../../../src/domain/forms.js';
import { readClaims, saveFinding } from '../../../src/ledger/claims.js';
import { recordSubmission } from '../../../src/ledger/submissions.js';
import { HOUR, MINUTE } from '../../support/clock.js';
import { LIST, withVendor } from '../../support/form-vendor.js';
import { submissionBody } from '../../support/forms.js';
import type { TestLedger } from '../../support/ledger.js';
import { phoneWorld } from '../../support/phone-world.js';

/** What is known of pushed channels: of forms by each kind of proof, and of calls by the provider's list. */

type Books = Pick<TestLedger, 'db' | 'clock' | 'timing'>;

const coverageOf = async ({ db, clock, timing }: Books, source: string, more: Partial<PushedContext> = {}) =>
  (await readPushedCoverage(db, { forms: [], source, at: clock.now(), timing, ...more }))[0];

async function auditOf({ db, clock, timing }: Books, source: string, forms: PushedContext['forms'] = []) {
  const [one] = await readPushedAudits(db, { forms, source, at: clock.now(), timing });
  if (!one) throw new Error('no such channel');
  return { ...one, said: pushedInWords(one) };
}

const channelsOf = async ({ db, clock, timing }: Books, source: string) =>
  Object.fromEntries(
    (await pushedChannelMisses(db, { source, at: clock.now(), timing })).map((one) => [
      one.channel,
      { first: one.first, chances: one.chances, missed: one.missed },
    ]),
  );

async function claimsAbout({ db, clock, timing }: Books, source: string) {
  await judgeClaims({ db, clock, timing }, source);
  const rows = await readClaims(db, source, clock.now());
  return Object.fromEntries(rows.map(({ claim, verdict, evidence }) => [claim, { verdict, evidence }]));
}

async function formWith(reconciliation: (url: string) => Reconciliation) {
  const vendor = await withVendor(reconciliation);
  const forms = [vendor.form];
  return {
    ...vendor,
    coverage: (at = vendor.clock.now()) => coverageOf(vendor, 'form.contact', { forms, at }),
    claims: () => claimsAbout(vendor, 'form.contact'),
    audit: () => auditOf(vendor, 'form.contact', forms),
    channels: () => channelsOf(vendor, 'form.contact'),
  };
}

const byList = (url: string): Reconciliation => ({ ...LIST, url: `${url}/submissions` });

describe('with 2 % of the webhooks of a form withheld', () => {
  it('a list recovers all of them, the coverage is complete, and the claim that all are delivered is refuted', async () => {
    const { coverage, claims, traffic, reconcile, clock, held, truth } = await formWith(byList);
    expect(await coverage()).toMatchObject({ verdict: 'unknown', missing: null, provedBy: 'list' });
    await traffic({ count: 100, withheld: 0.02 });
    const begun = clock.now();
    clock.advance(20 * MINUTE);
    await reconcile();
    expect(await held()).toHaveLength((await truth()).submissions.length);
    expect(await coverage()).toMatchObject({ verdict: 'complete', missing: 0 });
    expect(await coverage(begun)).toMatchObject({ verdict: 'unknown' });
    clock.advance(20 * MINUTE);
    expect(await claims()).toMatchObject({
      every_submission_pushed: { verdict: 'refuted', evidence: { supports: 98, contradicts: 2, share: 0.98 } },
      pushed_in_time: { verdict: 'verified' },
      submission_ids_unique: { verdict: 'untested', evidence: { cases: 100 } },
      list_holds_pushed: { verdict: 'verified', evidence: { cases: 98 } },
    });
  }, 60_000);

  it('a sequence shows them as gaps', async () => {
    const { coverage, claims, traffic, clock } = await formWith(() => ({ by: 'sequence' }));
    expect(await coverage()).toMatchObject({ verdict: 'unknown', because: 'no submission with a number has come yet' });
    await traffic({ count: 100, withheld: 0.02 });
    await traffic({ count: 1 });
    clock.advance(HOUR);
    expect(await coverage()).toMatchObject({ verdict: 'gaps', missing: 2 });
    expect(await claims()).toMatchObject({
      every_submission_pushed: { verdict: 'refuted', evidence: { supports: 99, contradicts: 2 } },
      list_holds_pushed: { verdict: 'untested' },
    });
  }, 60_000);

  it('a canary proves a sample, and nothing once it stays away or none is sent any more', async () => {
    const { coverage, traffic, reconcile, clock, timing } = await formWith((url) => ({
      ...{ by: 'canary', url: `${url}/submit`, ratePerSecond: 1, markerField: 'message' },
    }));
    await traffic({ count: 50, withheld: 0.02 });
    await reconcile();
    expect(await coverage()).toMatchObject({ verdict: 'sampled', missing: null });
    clock.advance(4 * timing.canaryEveryMs);
    expect(await coverage()).toMatchObject({ verdict: 'unknown', because: 'no canary was sent lately' });
  }, 60_000);

  it('nothing proves anything where nothing is configured, nor of a form that is configured no more', async () => {
    const vendor = await formWith(() => ({ by: 'none' }));
    await vendor.traffic({ count: 50, withheld: 0.02 });
    await vendor.reconcile();
    vendor.clock.advance(HOUR);
    expect(await vendor.coverage()).toMatchObject({ verdict: 'unknown', missing: null, provedBy: 'none' });
    expect(await coverageOf(vendor, 'form.contact')).toMatchObject({ verdict: 'unknown', missing: null });
    // The form's submissions are numbered all the same: that shows the claim false, and bounds nothing.
    expect(await vendor.claims()).toMatchObject({ every_submission_pushed: { verdict: 'refuted' } });
  }, 60_000);
});

it('a list that lacks what a webhook brought proves nothing any more', async () => {
  const vendor = await formWith(byList);
  const { db, clock, timing, form, coverage, claims, reconcile } = vendor;
  const raw = Buffer.from(submissionBody('one that the list never shows'));
  const body: unknown = JSON.parse(raw.toString());
  const now = clock.now();
  await recordSubmission(db, { form, by: 'webhook', raw, body, deliveryId: null, call: null, now, timing });
  clock.advance(5 * MINUTE);
  await reconcile();
  expect(await claims()).toMatchObject({ list_holds_pushed: { verdict: 'untested' } }); // too young to say
  clock.advance(20 * MINUTE);
  await reconcile();
  expect(await coverage()).toMatchObject({ verdict: 'complete' });
  expect(await claims()).toMatchObject({ list_holds_pushed: { verdict: 'refuted', evidence: { contradicts: 1 } } });
  expect(await coverage()).toMatchObject({ verdict: 'unknown', missing: null });
  const at = clock.now();
  clock.advance(1);
  expect(await coverage(at)).toMatchObject({ verdict: 'unknown' });
});

describe('the audit of a form', () => {
  it('by its list tells what reconciliation had to bring from what is late, and bounds what the list lacks', async () => {
    const { traffic, reconcile, clock, audit, channels } = await formWith(byList);
    expect(await audit()).toMatchObject({ loss: null, frame: { state: 'unknown' }, begunAt: null });
    await traffic({ count: 50, withheld: 0.02 });
    clock.advance(1);
    await reconcile();
    clock.advance(1);
    expect(await audit()).toMatchObject({ loss: null }); // no reading of the whole list yet
    await traffic({ count: 50, withheld: 0.02 });
    clock.advance(20 * MINUTE);
    await reconcile({ audit: true });
    expect(await audit()).toMatchObject({
      loss: { method: 'census', shown: 99, missed: 0, upper: 0 },
      aside: { late: 1, parked: 0 },
      frame: { state: 'bounded', captures: [{ witness: 'webhook', named: 98, listed: 98 }], holes: 0 },
      said: expect.stringMatching(/^of the submissions that the list shows 0 % were missing .*at most \d.* by webhook/),
    });
    clock.advance(HOUR);
    expect(await channels()).toEqual({
      webhook: { first: 98, chances: 100, missed: 2 },
      poll: { first: 2, chances: 98, missed: 0 },
    });
  }, 60_000);

  it('by its list counts as missed what an earlier reading had to bring and nothing brought', async () => {
    const { db, traffic, reconcile, clock, audit } = await formWith(byList);
    await traffic({ count: 20, withheld: 0.05 });
    clock.advance(20 * MINUTE);
    await db.$executeRaw`
      INSERT INTO form_round (source, run_id, since_at, opened_at, exhausted_at)
      VALUES ('form.contact', 'one that read it whole, as it says', ${new Date(0)}, ${clock.now()}, ${clock.now()})`;
    clock.advance(MINUTE);
    await reconcile({ audit: true });
    const found = await audit();
    expect(found).toMatchObject({ loss: { missed: 1, shown: 20, upper: 0.05 }, aside: { late: 0 } });
    expect(found.ids).toEqual(
      (await db.$queryRaw<{ id: string }[]>`SELECT id FROM submission WHERE pushed_at IS NULL`).map(({ id }) => id),
    );
  }, 60_000);

  it('by a sequence counts numbers, by a canary bounds, by nothing says unknown, and never what was not listed', async () => {
    const bySequence = await formWith(() => ({ by: 'sequence' }));
    await bySequence.traffic({ count: 50, withheld: 0.02 });
    await bySequence.traffic({ count: 1 });
    bySequence.clock.advance(HOUR);
    expect(await bySequence.audit()).toMatchObject({ loss: { missed: 1, shown: 51 }, frame: { state: 'unknown' } });

    const byCanary = await formWith((url) => ({
      ...{ by: 'canary', url: `${url}/submit`, ratePerSecond: 1, markerField: 'message' },
    }));
    await byCanary.reconcile();
    expect(await byCanary.audit()).toMatchObject({
      loss: { method: 'sample', shown: 1, missed: 0, upper: expect.closeTo(0.975, 3) },
      frame: { state: 'unknown' },
    });

    const byNothing = await formWith(() => ({ by: 'none' }));
    await byNothing.traffic({ count: 5 });
    expect(await byNothing.audit()).toMatchObject({
      ...{ loss: null, frame: { state: 'unknown' } },
      said: 'of the submissions: missing unknown; never listed: unknown',
    });
  }, 60_000);
});

async function callsWorld() {
  const world = await phoneWorld();
  const { deps } = world;
  async function compare() {
    let listed = await listCallsPage(deps, { provider: 'phone', attempt: 1 });
    while (listed.next === 'more')
      listed = await listCallsPage(deps, { provider: 'phone', attempt: 1, afterCall: listed.callId });
    return compareCalls(deps, { provider: 'phone', readingId: listed.readingId });
  }
  const coverage = () => coverageOf(world, 'phone');
  return { ...world, simulated: world.world, compare, coverage, claims: () => claimsAbout(world, 'phone') };
}

describe('calls', () => {
  it('with 2 % of the callbacks lost have their end all the same, and the claims say what was lost', async () => {
    const { simulated, ask, decide, finish, compare, coverage, claims, clock, db, timing } = await callsWorld();
    expect(await coverage()).toMatchObject({ verdict: 'unknown', channel: 'phone', missing: null });
    simulated.rate('lost-callback', 0.02);
    for (let index = 0; index < 30; index++) {
      const messageId = await ask(`message ${index}`);
      await decide(messageId);
      const { status } = await finish(messageId);
      expect(status !== null && isFinal(status)).toBe(true);
    }
    const lost = simulated.lost.length;
    expect(lost).toBeGreaterThan(0);
    expect(await compare()).toMatchObject({ strange: 0, missing: 0 });
    expect(await coverage()).toMatchObject({ verdict: 'complete', missing: 0 });
    clock.advance(20 * MINUTE);
    expect(await claims()).toMatchObject({
      every_status_called_back: { verdict: 'refuted', evidence: { contradicts: lost } },
      call_listed_at_once: { verdict: 'untested' },
      call_ids_unique: { verdict: 'untested', evidence: { contradicts: 0 } },
      call_ends_once: { verdict: 'untested', evidence: { contradicts: 0 } },
    });
    const books = { db, clock, timing };
    expect(await auditOf(books, 'phone')).toMatchObject({ loss: { missed: 0 }, frame: { holes: 0 } });
    const { webhook } = await channelsOf(books, 'phone');
    expect(webhook).toMatchObject({ missed: lost });
    // A call of which nobody ever told the end is a gap, not a success.
    await db.$executeRaw`DELETE FROM call_report WHERE sid = (SELECT min(sid) FROM call_report)`;
    clock.advance(5 * HOUR);
    expect(await coverage()).toMatchObject({ verdict: 'unknown', because: expect.stringContaining('lately') });
    await compare();
    expect(await coverage()).toMatchObject({ verdict: 'gaps', because: 'calls: 1 without an end' });
  }, 120_000);

  it('that show late in the list refute that it holds them at once, and not that it holds them in time', async () => {
    const { simulated, ask, decide, run, compare, claims, clock } = await callsWorld();
    const messageId = await ask('hidden');
    simulated.force('hidden-call', 1);
    await decide(messageId);
    expect(await run(messageId)).toMatchObject({ do: 'wait' }); // placed
    await compare();
    const rows = await claims();
    expect(Object.keys(rows)).toEqual(claimsOf('phone'));
    expect(rows).toMatchObject({
      call_listed_at_once: { verdict: 'refuted', evidence: { contradicts: 1 } },
      call_listed_in_time: { evidence: {} },
    });
    clock.advance(5 * MINUTE);
    expect(await compare()).toMatchObject({ missing: 0, strange: 0 });
    expect(await claims()).toMatchObject({
      call_listed_at_once: { verdict: 'refuted' },
      call_listed_in_time: { verdict: 'untested', evidence: { supports: 1, contradicts: 0 } },
    });
  });

  it('that the list lacks are a gap', async () => {
    const { ask, decide, finish, compare, coverage, clock, db, claims } = await callsWorld();
    const messageId = await ask('gone');
    await decide(messageId);
    await finish(messageId);
    await db.$executeRaw`UPDATE call_attempt SET sid = 'CA00000000000000000000000000000099'`;
    clock.advance(10 * MINUTE);
    await compare();
    expect(await coverage()).toMatchObject({ verdict: 'gaps', missing: 2 });
    expect(await claims()).toMatchObject({ call_listed_in_time: { verdict: 'refuted' } });
    expect(await coverage()).toMatchObject({ verdict: 'unknown', missing: null });
  });

  it.each([
    [0, 'completed', null],
    [1, 'given_up', 'call_unconfirmed'],
  ])(
    'in doubt are placed again unless the list is known to lack calls (%i cases against it)',
    async (contradicts, state, reason) => {
      const { simulated, ask, decide, finish, db, clock } = await callsWorld();
      const finding = { tally: { supports: 0, contradicts }, observed: 'as it was seen', evidence: {} };
      await db.transaction((tx) => saveFinding(tx, 'phone', 'call_listed_in_time', finding, clock.now()));
      const messageId = await ask('doubtful');
      simulated.force('broken-before-acceptance', 1);
      await decide(messageId);
      expect(await finish(messageId).catch(() => finish(messageId))).toMatchObject({ state, reason });
    },
  );
});
