import { expect, it } from 'vitest';
import { judgeClaims } from '../../../src/assurance/probes/judge-claims.js';
import { CLAIMS, type ClaimName, claimsOf } from '../../../src/domain/claims.js';
import { finishCall, type Operation, openCall } from '../../../src/ledger/calls.js';
import { readClaims, recordObservation, relianceOn } from '../../../src/ledger/claims.js';
import { readReadingsAt } from '../../../src/ledger/windows.js';
import { claimVerdict } from '../../support/claim-verdict.js';
import { DAY, HOUR, iso, MINUTE, START } from '../../support/clock.js';
import { incomingMessage, incomingThread, outgoingMessage, unreadableRow } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

/** Verdicts drawn from constructed ledgers: each kind of evidence on its own. */

const SOURCE = 'dashboard';

interface CallFacts {
  operation?: Operation;
  parameters?: Record<string, unknown>;
  ids?: string[];
  nextCursor?: string | null;
  unknownFields?: Record<string, number>;
  /** Instead of a good answer. */
  failure?: string;
  status?: number | null;
  answer?: string | null;
  retryAfterMs?: number | null;
}

async function ledgerWithSource() {
  const ledger = await testLedger();
  await ledger.bind();
  const { db, clock, timing } = ledger;
  const judge = () => judgeClaims({ db, clock, timing }, SOURCE);
  const verdict = (claim: ClaimName) => claimVerdict(db, SOURCE, claim);
  const rowOf = async (claim: ClaimName) =>
    (await readClaims(db, SOURCE, clock.now())).find((row) => row.claim === claim);
  /** A call as it stands in the ledger when it has ended. */
  async function call(facts: CallFacts = {}): Promise<void> {
    const { operation = 'listThreads', parameters = {}, ids = [], failure } = facts;
    const request = { source: SOURCE, operation, parameters, readingId: null, page: 0, attempt: 1, now: clock.now() };
    const open = await openCall(db, request);
    clock.advance(10);
    if (failure === undefined) {
      const counts = { rows: ids.length, known: ids.length, stored: 0, parked: 0, rejected: 0 };
      const { nextCursor = null, unknownFields = {} } = facts;
      await finishCall(db, open, { ...counts, status: 200, ids, nextCursor, unknownFields }, clock.now());
      return;
    }
    await db.$executeRaw`
      UPDATE provider_call SET finished_at = ${clock.now()}, failure = ${failure}, status = ${facts.status ?? null},
        answer = ${facts.answer ?? null}, retry_after_ms = ${facts.retryAfterMs ?? null}::bigint WHERE id = ${open.id}::uuid`;
  }
  const calls = async (count: number, facts: CallFacts = {}) => {
    for (let made = 0; made < count; made++) await call(facts);
  };
  return { ...ledger, judge, verdict, rowOf, call, calls };
}

it('a ledger in which nothing happened leaves every claim untested', async () => {
  const { judge, db, clock } = await ledgerWithSource();
  const account = await judge();
  expect(account).toMatchObject({ verified: 0, refuted: 0, turns: [] });
  const rows = await readClaims(db, SOURCE, clock.now());
  expect(rows.map((row) => row.verdict)).toEqual(claimsOf('dashboard').map(() => 'untested'));
});

it.each<[ClaimName, CallFacts]>([
  ['retry_after_told', { failure: 'SourceRateLimited', status: 429, retryAfterMs: null }],
  ['ok_is_json', { failure: 'SourceAnswerUnreadable', status: 200, answer: '<html>502</html>' }],
  ['ok_is_whole', { failure: 'SourceAnswerUnreadable', status: 200, answer: '{"threads":[{"id"' }],
  ['every_request_answered', { failure: 'SourceTimeout' }],
  ['answer_sent_to_end', { failure: 'SourceUnreachable', status: 200 }],
  ['server_is_there', { failure: 'SourceTrouble', status: 503 }],
  ['short_page_is_last', { ids: ['t1'], nextCursor: 'more', parameters: { limit: 100 } }],
  ['shape_of_thread_lists', { ids: ['t1'], unknownFields: { priority: 1, 'absent:inbox': 1 } }],
  ['shape_of_replies', { operation: 'postReply', unknownFields: { 'retyped:to:string': 1 } }],
])('%s is refuted by one call, and by nothing else is', async (claim, facts) => {
  const { call, judge, verdict, db, clock } = await ledgerWithSource();
  await call(facts);
  const { refuted } = await judge();
  expect(await verdict(claim)).toBe('refuted');
  expect(refuted).toBe(1);
  const rows = await readClaims(db, SOURCE, clock.now());
  expect(rows.find((row) => row.claim === claim)?.observed).not.toContain('undefined');
});

it('a pause that a 429 names, and pages that are full, verify what they bear on', async () => {
  const { call, calls, judge, verdict } = await ledgerWithSource();
  await call({ failure: 'SourceRateLimited', status: 429, retryAfterMs: 1_000 });
  await calls(CLAIMS.short_page_is_last.enough, { ids: ['t1', 't2'], nextCursor: 'more', parameters: { limit: 2 } });
  await judge();
  expect(await verdict('retry_after_told')).toBe('verified');
  expect(await verdict('short_page_is_last')).toBe('verified');
  expect(await verdict('shape_of_thread_lists')).toBe('verified');
});

it('an empty list counts only between two answers of the same window that show one thread', async () => {
  const { call, judge, verdict } = await ledgerWithSource();
  const parameters = { since: iso(-2 * DAY), until: iso(), page: 0 };
  await call({ parameters, ids: ['t1'] });
  await call({ parameters });
  await judge();
  expect(await verdict('empty_list_is_empty')).toBe('untested'); // it may have been deleted meanwhile
  await call({ parameters, ids: ['t1'] });
  await judge();
  expect(await verdict('empty_list_is_empty')).toBe('refuted');
});

it('a thread that a wide listing lacked after it was created, and that shows later, appears late', async () => {
  const { list, clock, judge, verdict, rowOf } = await ledgerWithSource();
  await list([incomingThread('t1')]);
  clock.advance(HOUR);
  const second = incomingThread('t2', { createdAt: iso(59 * MINUTE + 59_000) });
  await list([incomingThread('t1'), second]);
  await judge();
  expect(await verdict('listed_at_once')).toBe('untested');
  const late = incomingThread('t3', { createdAt: iso(30 * MINUTE) });
  clock.advance(MINUTE);
  await list([incomingThread('t1'), second, late]);
  await judge();
  expect(await verdict('listed_at_once')).toBe('refuted');
  expect((await rowOf('listed_at_once'))?.evidence).toMatchObject({ contradicts: 1, longestMs: 31 * MINUTE });
});

it('a newer thread below an older one breaks the order, a thread with later mail says nothing about it', async () => {
  const { list, read, clock, judge, verdict } = await ledgerWithSource();
  const created = { old1: -5, old2: -4, old3: -3, fresh1: -3, fresh2: -2, fresh3: -1 };
  const thread = (id: keyof typeof created) => incomingThread(id, { createdAt: iso(created[id] * HOUR) });
  const readAll = async () => {
    clock.advance(1_000);
    for (const [id, hours] of Object.entries(created))
      await read(id, [incomingMessage(`m of ${id}`, { providerThreadId: id, originAt: iso(hours * HOUR) })]);
  };
  await list((['fresh3', 'fresh2', 'fresh1', 'old3', 'old2', 'old1'] as const).map(thread));
  await readAll();
  await judge();
  expect(await verdict('list_newest_first')).toBe('untested');
  await list((['fresh3', 'fresh2', 'fresh1', 'old3', 'old1', 'old2'] as const).map(thread));
  await readAll();
  await judge();
  expect(await verdict('list_newest_first')).toBe('untested'); // one of them may have had mail that is deleted
  await list((['old1', 'fresh1', 'old2', 'fresh2', 'old3', 'fresh3'] as const).map(thread));
  await readAll();
  await judge();
  expect(await verdict('list_newest_first')).toBe('refuted');
});

it('an id on two pages of one reading refutes that pages hold still', async () => {
  const { list, judge, verdict } = await ledgerWithSource();
  const first = await list([incomingThread('t1'), incomingThread('t2')], { nextCursor: 'more' });
  await list([incomingThread('t2'), incomingThread('t3')], { after: first.call });
  await judge();
  expect(await verdict('pages_hold_still')).toBe('refuted');
});

it('replies on old threads that no wide listing shows refute a list by activity, those that it shows verify it', async () => {
  for (const isShown of [false, true]) {
    const { list, read, clock, judge, verdict } = await ledgerWithSource();
    const ids = ['t1', 't2', 't3'];
    const threads = ids.map((id) => incomingThread(id, { createdAt: iso(-10 * DAY) }));
    await list(threads);
    for (const id of ids) await read(id, [incomingMessage(`${id}-1`, { providerThreadId: id })]);
    clock.advance(10 * MINUTE);
    for (const id of ids)
      await read(id, [
        incomingMessage(`${id}-2`, { providerThreadId: id, originAt: iso(5 * MINUTE) }),
        incomingMessage(`${id}-1`, { providerThreadId: id }),
      ]);
    clock.advance(10 * MINUTE);
    const window = { from: new Date(START.getTime() - 2 * DAY), to: clock.now() };
    await list(isShown ? threads : [], window);
    await judge();
    expect(await verdict('list_by_activity')).toBe(isShown ? 'verified' : 'refuted');
  }
});

it('a message that a later reading of its thread lacks is gone, one that moved to another thread is merged', async () => {
  const { list, read, clock, judge, verdict } = await ledgerWithSource();
  await list([incomingThread('t1'), incomingThread('t2')]);
  await read('t1', [incomingMessage('m2'), incomingMessage('m1')]);
  await read('t2', [incomingMessage('m3', { providerThreadId: 't2' })]);
  clock.advance(HOUR);
  await read('t1', [incomingMessage('m2')]);
  await judge();
  expect(await verdict('messages_stay')).toBe('refuted');
  expect(await verdict('threads_stay_apart')).toBe('untested');
  clock.advance(HOUR);
  await read('t1', [incomingMessage('m3'), incomingMessage('m2')]);
  await judge();
  expect(await verdict('threads_stay_apart')).toBe('refuted');
});

it('late mail below what was read before it breaks the order and shows that the stamp is the origin’s', async () => {
  const { list, read, clock, judge, verdict } = await ledgerWithSource();
  await list([incomingThread('t1')]);
  await read('t1', [incomingMessage('m1')]);
  clock.advance(HOUR);
  const late = incomingMessage('m2', { originAt: iso(-5 * HOUR) });
  await read('t1', [incomingMessage('m1'), late]);
  await judge();
  expect(await verdict('newest_arrival_first')).toBe('refuted');
  expect(await verdict('received_at_is_receipt')).toBe('refuted');
});

it('our own reply above a customer’s earlier mail breaks no order', async () => {
  const { list, read, clock, judge, verdict } = await ledgerWithSource();
  await list([incomingThread('t1')]);
  await read('t1', [incomingMessage('m1')]);
  clock.advance(HOUR);
  await read('t1', [
    outgoingMessage('r1', { originAt: iso(50 * MINUTE) }),
    incomingMessage('m2', { originAt: iso(40 * MINUTE) }),
    incomingMessage('m1'),
  ]);
  await judge();
  expect(await verdict('newest_arrival_first')).toBe('untested');
  expect(await verdict('received_at_is_receipt')).toBe('untested');
});

it('a body that comes late is another matter than one that never comes', async () => {
  const { list, read, clock, judge, verdict } = await ledgerWithSource();
  await list([incomingThread('t1')]);
  const bare = incomingMessage('m1', { text: null });
  await read('t1', [bare]);
  await judge();
  expect(await verdict('message_has_body')).toBe('untested');
  clock.advance(20 * MINUTE);
  await read('t1', [bare]);
  await judge();
  expect(await verdict('message_has_body')).toBe('refuted');
  expect(await verdict('complete_at_first')).toBe('untested');
  await read('t1', [incomingMessage('m1')]);
  await judge();
  expect(await verdict('complete_at_first')).toBe('refuted');
});

it('a null subject and a sender without an address refute what was promised of them', async () => {
  const { list, read, judge, verdict } = await ledgerWithSource();
  await list([incomingThread('t1')]);
  await read('t1', [
    incomingMessage('m1', { subject: null }),
    incomingMessage('m2', { from: { kind: 'unreadable', value: '', name: null } }),
  ]);
  await judge();
  expect(await verdict('message_has_subject')).toBe('refuted');
  expect(await verdict('sender_is_address')).toBe('refuted');
});

it('a row of another shape turns the claim, with a diff and a sample in which nothing is left that somebody wrote', async () => {
  const { list, read, calls, judge, rowOf, clock, db } = await ledgerWithSource();
  await list([incomingThread('t1')]);
  await calls(CLAIMS.shape_of_message_lists.enough, { operation: 'listMessages' });
  expect((await judge()).turns).toContainEqual({
    claim: 'shape_of_message_lists',
    before: 'untested',
    after: 'verified',
  });
  clock.advance(MINUTE);
  await read('t1', [unreadableRow('{"id":"m1","text":"my secret","direction":3}', 'm1')]);
  await judge();
  const row = await rowOf('shape_of_message_lists');
  expect(row).toMatchObject({ verdict: 'refuted', since: clock.now() });
  expect(JSON.stringify(row?.evidence)).toContain('direction');
  expect(JSON.stringify(row?.evidence)).not.toContain('secret');
  const alarms = await db.$queryRaw<{ subject: string; state: string }[]>`SELECT subject, state FROM alarm`;
  expect(alarms).toEqual([{ subject: 'shape_of_message_lists', state: 'open' }]);
});

async function note(
  ledger: TestLedger,
  claim: ClaimName,
  outcome: 'supports' | 'contradicts',
  cases = 1,
  evidence = {},
) {
  const now = ledger.clock.now();
  await recordObservation(ledger.db, { source: SOURCE, claim, outcome, cases, callId: null, evidence, now });
}

it('code relies on verified claims alone, and stops when a verdict turns, with an alarm that its return quenches', async () => {
  const ledger = await ledgerWithSource();
  const { db, judge, timing, clock } = ledger;
  const nothing = {
    coveringWidthMs: timing.coveringWidthMs,
    receiptUsed: false,
    resendAllowed: false,
    listReplacesVisits: false,
  };
  expect(await relianceOn(db, SOURCE, timing)).toEqual(nothing);
  await note(ledger, 'narrow_windows_list_all', 'supports', 120, { widthMs: HOUR });
  await note(ledger, 'idempotency_key_honoured', 'supports');
  await note(ledger, 'received_at_is_receipt', 'supports', 3);
  await judge();
  expect(await relianceOn(db, SOURCE, timing)).toEqual({
    ...nothing,
    coveringWidthMs: HOUR,
    receiptUsed: true,
    resendAllowed: true,
  });
  clock.advance(MINUTE);
  for (const claim of ['narrow_windows_list_all', 'idempotency_key_honoured', 'received_at_is_receipt'] as const)
    await note(ledger, claim, 'contradicts');
  const { turns } = await judge();
  expect(turns).toHaveLength(3);
  expect(await relianceOn(db, SOURCE, timing)).toEqual(nothing);
  const alarms = () => db.$queryRaw<{ state: string }[]>`SELECT state FROM alarm WHERE kind = 'claim_turned'`;
  expect(await alarms()).toEqual([{ state: 'open' }, { state: 'open' }, { state: 'open' }]);
  clock.advance(timing.claimMemoryMs + DAY);
  await note(ledger, 'idempotency_key_honoured', 'supports');
  await judge();
  expect((await relianceOn(db, SOURCE, timing)).resendAllowed).toBe(true);
  expect((await alarms()).filter((one) => one.state === 'quenched')).toHaveLength(1);
});

it('of a behaviour that is one way or the other the newest five cases count, so that a provider that changes is noticed', async () => {
  const ledger = await ledgerWithSource();
  for (let seen = 0; seen < 20; seen++) await note(ledger, 'limit_above_100_refused', 'supports');
  await ledger.judge();
  expect(await ledger.verdict('limit_above_100_refused')).toBe('verified');
  for (let seen = 0; seen < 3; seen++) {
    ledger.clock.advance(MINUTE);
    await note(ledger, 'limit_above_100_refused', 'contradicts');
  }
  await ledger.judge();
  expect(await ledger.verdict('limit_above_100_refused')).toBe('refuted');
});

it('a rare fault is remembered for as long as it is said, and then forgotten', async () => {
  const { call, calls, judge, verdict, clock, timing } = await ledgerWithSource();
  await call({ failure: 'SourceRateLimited', status: 429 });
  await judge();
  clock.advance(2 * DAY);
  await calls(2, { failure: 'SourceRateLimited', status: 429, retryAfterMs: 500 });
  await judge();
  expect(await verdict('retry_after_told')).toBe('refuted');
  clock.advance(timing.claimMemoryMs);
  await calls(2, { failure: 'SourceRateLimited', status: 429, retryAfterMs: 500 });
  await judge();
  expect(await verdict('retry_after_told')).toBe('verified');
});

it('a receipt counts as the activity of a message while the claim is verified', async () => {
  const ledger = await ledgerWithSource();
  const { list, read, judge, clock, db } = ledger;
  await list([incomingThread('t1'), incomingThread('t2')]);
  await note(ledger, 'received_at_is_receipt', 'supports', 2);
  await judge();
  await read('t1', [incomingMessage('m1')]);
  clock.advance(MINUTE);
  await note(ledger, 'received_at_is_receipt', 'contradicts');
  await judge();
  await read('t2', [incomingMessage('m2', { providerThreadId: 't2' })]);
  const rows = await db.$queryRaw<{ id: string; receivedAt: Date | null }[]>`
    SELECT provider_message_id AS id, received_at AS "receivedAt" FROM message ORDER BY 1`;
  expect(rows).toEqual([
    { id: 'm1', receivedAt: new Date(iso(-HOUR)) },
    { id: 'm2', receivedAt: null },
  ]);
});

it('listings that counted only because narrow windows were relied on are owed again when that turns', async () => {
  const { list, judge, verdict, db, clock } = await ledgerWithSource();
  const claim = 'narrow_windows_list_all' as const;
  const see = (outcome: 'supports' | 'contradicts', cases: number) =>
    recordObservation(db, {
      source: SOURCE,
      claim,
      outcome,
      cases,
      callId: null,
      evidence: { widthMs: HOUR },
      now: clock.now(),
    });
  await see('supports', CLAIMS[claim].enough);
  await judge();
  await list([incomingThread('t1')], {
    from: new Date(START.getTime() - 3 * DAY),
    to: new Date(START.getTime() - DAY),
  });
  await list([incomingThread('t2')], { from: new Date(START.getTime() - HOUR), to: START });
  const counting = async (at: Date) => (await readReadingsAt(db, SOURCE, at)).map((one) => one.to - one.from);
  const before = clock.now();
  expect(await counting(before)).toEqual([2 * DAY, HOUR]);
  clock.advance(MINUTE);
  await see('contradicts', 1);
  await judge();
  expect(await verdict(claim)).toBe('refuted');
  expect(await counting(clock.now())).toEqual([2 * DAY]);
  expect(await counting(before)).toEqual([2 * DAY, HOUR]); // as it was known then
});
