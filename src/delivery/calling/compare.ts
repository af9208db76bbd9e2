import { quenchAlarm } from '../../ledger/alarms.js';
import {
  expectedCalls,
  keepComparison,
  knownCalls,
  lateCalls,
  missingCalls,
  openMismatches,
  strangeCalls,
} from '../../ledger/call-comparison.js';
import { finishedCall, pagesOfReading, readPriorPage } from '../../ledger/calls.js';
import { numberHash } from '../../ledger/phone-calls.js';
import { callProvider } from '../../sources/provider-call.js';
import { byPhone, type CallDeps } from './deps.js';
import { recordCallPage } from './follow-call.js';
import { raiseMismatch, takeReport } from './report.js';

/** Calls of a day from one number beyond this are compared as far as they were read. */
const MOST_PAGES = 200;

export interface ListedCalls {
  callId: string;
  readingId: string;
  next: 'more' | 'done' | 'cut';
}

/** One page of the provider's list of calls from our number, newest first, back to as far as the comparison goes. */
export async function listCallsPage(
  deps: CallDeps,
  { provider, attempt, afterCall }: { provider: string; attempt: number; afterCall?: string },
): Promise<ListedCalls> {
  const { db, clock, timing, calling } = deps;
  const prior = afterCall === undefined ? null : await readPriorPage(db, afterCall);
  const page = prior ? prior.page + 1 : 0;
  const query = { from: calling?.from ?? '', to: null, page: prior?.nextCursor ?? null };
  const { call: row, answer } = await callProvider(
    byPhone(deps),
    {
      source: provider,
      operation: 'listCalls',
      parameters: { purpose: 'compare', page },
      readingId: prior?.readingId ?? null,
      page,
      attempt,
    },
    (client) => client.listCalls(query),
  );
  const now = clock.now();
  await db.transaction((tx) => recordCallPage(tx, { provider, row, answer, via: 'list', now }));
  const since = new Date(now.getTime() - timing.callReconcileBackMs);
  const isOver = answer.nextPage === null || answer.calls.some((one) => one.createdAt < since);
  const next = isOver ? 'done' : page + 1 < MOST_PAGES ? 'more' : 'cut';
  return { callId: row.id, readingId: row.readingId, next };
}

export interface Comparison {
  readingId: string;
  listed: number;
  /** Statuses that no callback and no poll had told us. */
  recovered: number;
  /** Calls of the list that we know nothing of. */
  strange: number;
  /** Calls of ours that the list lacks. */
  missing: number;
}

/** Compares a reading of the list with what we placed, both ways. A condition that is over is no alarm any more. */
export async function compareCalls(
  { db, clock, timing, calling }: CallDeps,
  { provider, readingId }: { provider: string; readingId: string },
): Promise<Comparison> {
  const now = clock.now();
  const pages = await pagesOfReading(db, readingId);
  const sids = [...new Set(pages.flatMap((page) => page.ids))];
  const begunAt = (await finishedCall(db, readingId)).openedAt;
  const since = new Date(now.getTime() - timing.callReconcileBackMs);
  for (const { sid, key, status } of await lateCalls(db, provider, sids)) {
    const report = { provider, key, sid, status, via: 'list', sequence: null, now } as const;
    await db.transaction((tx) => takeReport(tx, report));
  }
  let recovered = 0;
  for (const { sid, status, messageId } of await knownCalls(db, provider, sids)) {
    const report = { provider, key: null, sid, status, via: 'list', sequence: null, now } as const;
    const receipt = await db.transaction((tx) => takeReport(tx, report));
    if (receipt.kind === 'recorded' && messageId) recovered += 1;
  }
  return db.transaction(async (tx) => {
    const from = calling?.from ?? '';
    const strange = await strangeCalls(tx, { provider, sids, since, from });
    // What was accepted while the list was read, or a moment before it, need not stand in it.
    const shownBy = new Date(begunAt.getTime() - timing.callVisibleMs);
    const range = { provider, since: new Date(since.getTime() + timing.callVisibleMs), shownBy, from };
    const missing = await missingCalls(tx, { ...range, sids });
    for (const sid of strange) await raiseMismatch(tx, provider, `unknown/${sid}`, { sid, via: 'list' }, now);
    for (const { sid, key } of missing)
      await raiseMismatch(tx, provider, `missing/${sid}`, { sid, key, readingId }, now);
    const holds = new Set([...strange.map((sid) => `unknown/${sid}`), ...missing.map(({ sid }) => `missing/${sid}`)]);
    const shown = new Set(sids);
    for (const subject of await openMismatches(tx, provider)) {
      const [kind, sid = ''] = subject.split('/');
      if (!holds.has(subject) && shown.has(sid) && (kind === 'missing' || kind === 'unknown'))
        await quenchAlarm(tx, { kind: 'call_mismatch', source: provider, subject, now });
    }
    const found = {
      ...{ readingId, listed: sids.length, recovered },
      ...{ strange: strange.length, missing: missing.length },
    };
    const expected = await expectedCalls(tx, range);
    await keepComparison(tx, {
      ...found,
      provider,
      fromHash: numberHash(from),
      expected,
      sinceAt: since,
      begunAt,
      comparedAt: now,
    });
    return found;
  });
}
