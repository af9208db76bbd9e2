import { judgeSighting, type Sighting } from '../../domain/calls.js';
import { finishCall, type OpenCall, pagesOfReading, readPriorPage } from '../../ledger/calls.js';
import { claimVerdictAt } from '../../ledger/claims.js';
import type { Sql } from '../../ledger/database.js';
import { readMessage } from '../../ledger/lifecycles.js';
import {
  doubtCall,
  endCall,
  holdShownCalls,
  lockCallOf,
  type PhoneCallRow,
  readCallOf,
  unclaimedCalls,
} from '../../ledger/phone-calls.js';
import type { PhoneCallPage } from '../../sources/phone/normalize.js';
import { callProvider } from '../../sources/provider-call.js';
import { ProviderFailure } from '../../sources/source.js';
import { byPhone, type CallDeps } from './deps.js';
import { raiseMismatch, takeReport } from './report.js';
import { scheduleAgain } from './step.js';

/** Pages of a look: so many calls between two numbers in so short a time are for a person. */
const MOST_PAGES = 20;
/** The provider's clock need not be ours; its stamps have whole seconds. */
const SKEW_MS = 30_000;

export interface LookInput {
  messageId: string;
  attempt: number;
  /** The call of the page before. */
  afterCall?: string;
}

export type LookResult = { next: 'more'; callId: string } | { next: 'done' };

/** Looks by both numbers for the call of a request in doubt: one page a time, and judged when the list is exhausted. */
export async function lookForCall(deps: CallDeps, input: LookInput): Promise<LookResult> {
  const { db, clock } = deps;
  const call = await beginLook(deps, input.messageId);
  if (call === null) return { next: 'done' };
  const prior = input.afterCall === undefined ? null : await readPriorPage(db, input.afterCall);
  const page = prior ? prior.page + 1 : 0;
  const query = { from: call.fromNumber, to: call.toNumber, page: prior?.nextCursor ?? null };
  const { call: row, answer } = await callProvider(
    byPhone(deps),
    {
      source: call.provider,
      operation: 'listCalls',
      parameters: { purpose: 'look', call: call.id, attempt: call.attempt, page },
      messageId: call.messageId,
      readingId: prior?.readingId ?? null,
      page,
      attempt: input.attempt,
    },
    (client) => client.listCalls(query),
  );
  const now = clock.now();
  return db.transaction(async (tx): Promise<LookResult> => {
    await recordCallPage(tx, { provider: call.provider, row, answer, via: 'look', now });
    const since = new Date((call.placingAt ?? now).getTime() - SKEW_MS);
    const isOver = answer.nextPage === null || answer.calls.some((one) => one.createdAt < since);
    if (!isOver && page + 1 < MOST_PAGES) return { next: 'more', callId: row.id };
    await judgeLook(tx, deps, call, { reading: row.readingId, since, wasCut: !isOver, now });
    return { next: 'done' };
  });
}

/** A call that is still in doubt; a request found on its way belongs to a run that is over. */
async function beginLook({ db, clock }: CallDeps, messageId: string): Promise<PhoneCallRow | null> {
  return db.transaction(async (tx) => {
    const call = await lockCallOf(tx, messageId);
    if (call === null || (call.state !== 'doubtful' && call.state !== 'placing')) return null;
    if (call.state === 'placing') await doubtCall(tx, call, (await readMessage(tx, messageId)).carry, clock.now());
    return { ...call, state: 'doubtful' };
  });
}

export interface ShownPage {
  provider: string;
  row: OpenCall;
  answer: PhoneCallPage;
  via: 'look' | 'list';
  now: Date;
}

/** Holds what a page of the list shows and closes its row. */
export async function recordCallPage(tx: Sql, { provider, row, answer, via, now }: ShownPage): Promise<void> {
  const ids = answer.calls.map((one) => one.sid);
  const stored = await holdShownCalls(tx, provider, answer.calls, via, now);
  const counts = { rows: ids.length, known: ids.length - stored, stored, parked: 0, rejected: 0 };
  await finishCall(
    tx,
    row,
    { ...counts, status: answer.status, ids, nextCursor: answer.nextPage, unknownFields: {} },
    now,
  );
}

async function judgeLook(
  tx: Sql,
  deps: CallDeps,
  looked: PhoneCallRow,
  { reading, since, wasCut, now }: { reading: string; since: Date; wasCut: boolean; now: Date },
): Promise<void> {
  const call = await lockCallOf(tx, looked.messageId);
  // A callback may have settled it while the list was read.
  if (call?.state !== 'doubtful' || call.attempt !== looked.attempt) return;
  const sids = (await pagesOfReading(tx, reading)).flatMap((page) => page.ids);
  const sighting: Sighting = judgeSighting(call.sid, await unclaimedCalls(tx, call, sids, since), wasCut);
  const { carry } = await readMessage(tx, call.messageId);
  // An empty list proves that nothing was placed only as long as the list is not known to lack calls. Source: DESIGN laws 5 and 7.
  const provesNothing =
    sighting.kind === 'none' && (await claimVerdictAt(tx, call.provider, 'call_listed_in_time', now)) === 'refuted';
  if (sighting.kind === 'ambiguous' || provesNothing) {
    await endCall(tx, call, { as: 'given_up', reason: 'call_unconfirmed' }, carry, now);
    return;
  }
  if (sighting.kind === 'none') {
    await scheduleAgain(tx, deps, call, carry, now);
    return;
  }
  const [seen] = await tx.$queryRaw<{ key: string; status: PhoneCallPage['calls'][number]['status'] }[]>`
    SELECT one.key, seen.status FROM call_attempt one, phone_call seen
    WHERE one.call_id = ${call.id}::uuid AND one.attempt = ${call.attempt}
      AND seen.provider = ${call.provider} AND seen.sid = ${sighting.sid}`;
  if (!seen) return;
  const { key, status } = seen;
  await takeReport(tx, { provider: call.provider, key, sid: sighting.sid, status, via: 'look', sequence: null, now });
}

/** Asks after a call that the provider has been silent about. */
export async function pollCall(
  deps: CallDeps,
  { messageId, attempt }: { messageId: string; attempt: number },
): Promise<void> {
  const { db, clock } = deps;
  const call = await readCallOf(db, messageId);
  if (call?.state !== 'placed' || call.sid === null) return;
  const { sid, provider } = call;
  const request = {
    source: provider,
    operation: 'getCall' as const,
    parameters: { sid },
    messageId,
    readingId: null,
    page: 0,
    attempt,
  };
  try {
    const { call: row, answer } = await callProvider(byPhone(deps), request, (client) => client.getCall(sid));
    const now = clock.now();
    await db.transaction(async (tx) => {
      await takeReport(tx, { provider, key: null, sid, status: answer.call.status, via: 'poll', sequence: null, now });
      const stored = await holdShownCalls(tx, provider, [answer.call], 'poll', now);
      const counts = { rows: 1, known: 1 - stored, stored, parked: 0, rejected: 0 };
      await finishCall(
        tx,
        row,
        { ...counts, status: answer.status, ids: [sid], nextCursor: null, unknownFields: {} },
        now,
      );
    });
  } catch (error) {
    if (!(error instanceof ProviderFailure) || error.type !== 'SourceNotFound') throw error;
    const now = clock.now();
    await db.transaction(async (tx) => {
      const held = await lockCallOf(tx, messageId);
      if (held?.state !== 'placed') return;
      const { carry } = await readMessage(tx, messageId);
      await raiseMismatch(tx, provider, `missing/${sid}`, { sid, callId: error.callId ?? null }, now);
      await endCall(tx, held, { as: 'given_up', reason: 'call_unconfirmed' }, carry, now);
    });
  }
}
