import { activityInfo } from '@temporalio/activity';
import { decidingText } from '../classify/plain-text.js';
import { BackfillListPageInput, BackfillThreadPageInput } from '../contracts/backfill-steps.js';
import type { IncomingMessage } from '../domain/message.js';
import { triage } from '../domain/triage.js';
import { type FoundMessage, noteBackfillFinds } from '../ledger/backfill-finds.js';
import {
  type BackfillThread,
  closeBackfillThread,
  countBackfillPage,
  endBackfillThread,
  hurryYoungThreads,
  listBackfillThreads,
  readBackfillThread,
} from '../ledger/backfill-threads.js';
import { type Backfill, readBackfill } from '../ledger/backfills.js';
import { type CallRequest, type OpenCall, readPriorPage } from '../ledger/calls.js';
import { relianceOn } from '../ledger/claims.js';
import type { NextOfReading } from '../ledger/close-reading.js';
import { compareMessagePage, compareThreadPage } from '../ledger/compare-pages.js';
import type { Sql } from '../ledger/database.js';
import { hasBody } from '../ledger/new-messages.js';
import { recordConfirmingPage, recordMessagePage } from '../ledger/record-messages.js';
import { recordThreadPage } from '../ledger/record-threads.js';
import { noteThreadAbsent, readThread } from '../ledger/visits.js';
import { callProvider } from '../sources/provider-call.js';
import { ProviderFailure } from '../sources/source.js';
import type { ActivityDeps } from './deps.js';
import type { ListPageResult } from './source-calls.js';

export interface BackfillPageResult {
  callId: string;
  readingId: string;
  next: NextOfReading | 'missing' | 'gone';
  /** Messages of the page that were not ours. */
  missed: number;
  known: number;
  parked: number;
  /** Inbound messages stored that have no ending yet. */
  open: number;
}

/** A thread that only a backfill has listed is read by it: not by live visits, for which its old mail would be news. Its end hurries them. */
const LIVE_AFTER_MS = 30 * 86_400_000;

/** The calls of a backfill: one request each, recorded as those of the intake are, and compared alone in `report`. */
export const createBackfillCalls = (deps: ActivityDeps) => {
  const { db, clock, timing, log, ownAddresses } = deps;

  return {
    /** Lists one page of a creation interval and commits it. @throws CursorExpired, not retried: the interval is read anew */
    async backfillListPage(payload: BackfillListPageInput): Promise<ListPageResult> {
      const { source, backfillId, interval, afterCall, earlier = [] } = BackfillListPageInput.parse(payload);
      const { mode } = await readBackfill(db, backfillId);
      const prior = afterCall ? await readPriorPage(db, afterCall) : null;
      const page = prior ? prior.page + 1 : 0;
      const { coveringWidthMs } = await relianceOn(db, source, timing);
      const covering = Date.parse(interval.to) - Date.parse(interval.from) >= coveringWidthMs;
      const request = {
        source,
        operation: 'listThreads' as const,
        parameters: { since: interval.from, until: interval.to, covering, page, backfill: backfillId },
        readingId: prior?.readingId ?? null,
        page,
        attempt: activityInfo().attempt,
      };
      const query = { from: interval.from, to: interval.to, cursor: prior?.nextCursor ?? null };
      const { call, answer } = await callProvider(deps, request, (client) => client.listThreads(query));
      const now = clock.now();
      const context = {
        source,
        windowId: null,
        backfillId,
        interval: { from: new Date(interval.from), to: new Date(interval.to) },
        covering,
        earlier,
        now,
        timing,
        along: async (tx: Sql, threads: Parameters<typeof listBackfillThreads>[3]) => {
          await listBackfillThreads(tx, backfillId, source, threads);
          if (mode !== 'report') await hurryYoungThreads(tx, { source, threads, now, timing });
        },
      };
      const dueAt = new Date(now.getTime() + LIVE_AFTER_MS);
      const { rows, known, stored, parked, next } =
        mode === 'report'
          ? await compareThreadPage(db, call, answer, context)
          : await recordThreadPage(db, call, answer, { ...context, firstSeenBy: 'backfill', dueAt });
      return { callId: call.id, readingId: call.readingId, rows, known, stored, parked, next };
    },

    /** Reads one page of a thread of the walk and commits it, with what of it was missing. */
    async backfillThreadPage(payload: BackfillThreadPageInput): Promise<BackfillPageResult> {
      const input = BackfillThreadPageInput.parse(payload);
      const { source, backfillId, afterCall } = input;
      const thread = await readBackfillThread(db, input.thread);
      const backfill = await readBackfill(db, backfillId);
      const prior = afterCall ? await readPriorPage(db, afterCall) : null;
      const page = prior ? prior.page + 1 : 0;
      const begunAt = clock.now();
      const purpose = input.confirm ? { purpose: 'confirm' } : {};
      const request: Omit<CallRequest, 'now'> = {
        source,
        operation: 'listMessages',
        parameters: { thread: thread.providerThreadId, page, backfill: backfillId, ...purpose },
        threadId: thread.threadId,
        readingId: prior?.readingId ?? null,
        page,
        attempt: activityInfo().attempt,
      };
      try {
        const { call, answer } = await callProvider(deps, request, (client) =>
          client.listMessages({ providerThreadId: thread.providerThreadId, cursor: prior?.nextCursor ?? null }),
        );
        const commit = backfill.mode === 'report' || thread.threadId === null ? comparePage : takePage;
        return await commit({ backfill, thread, call, answer, confirm: input.confirm });
      } catch (error) {
        if (!(error instanceof ProviderFailure) || error.type !== 'SourceNotFound' || !error.callId) throw error;
        return absent({ backfill, thread, begunAt, callId: error.callId });
      }
    },
  };

  interface Answered {
    backfill: Backfill;
    thread: BackfillThread;
    call: OpenCall;
    answer: Parameters<typeof recordMessagePage>[2];
    confirm: string | undefined;
  }

  async function takePage({ backfill, thread, call, answer, confirm }: Answered): Promise<BackfillPageResult> {
    const threadId = thread.threadId ?? '';
    const { status } = await readThread(db, threadId);
    let missed = 0;
    const context = {
      threadId,
      firstSeenBy: 'backfill' as const,
      adapterVersion: deps.adapterVersionOf(backfill.source),
      now: clock.now(),
      timing,
      backfill: {
        id: backfill.id,
        mode: backfill.mode === 'automate' ? ('automate' as const) : ('record' as const),
        policy: backfill.policy,
      },
      along: async (tx: Sql, page: Parameters<NonNullable<Parameters<typeof recordMessagePage>[3]['along']>>[1]) => {
        const found = page.inserted.map(({ id, message }) => ({
          message,
          id,
          receivedAt: message.receivedAt,
          route: routeOf(message, status),
        }));
        missed = found.length;
        await settle(tx, { backfill, thread, call, confirm }, { found, parked: page.parked, next: page.next });
      },
    };
    const { known, parked, next, open } = confirm
      ? await recordConfirmingPage(db, call, answer, { readingId: confirm }, context)
      : await recordMessagePage(db, call, answer, context);
    if (parked > 0)
      log.backfill.warn({ event: 'row.parked', source: backfill.source, callId: call.id, reason: 'unreadable_row' });
    return { callId: call.id, readingId: call.readingId, next, missed, known, parked, open };
  }

  async function comparePage({ backfill, thread, call, answer, confirm }: Answered): Promise<BackfillPageResult> {
    let missed = 0;
    const status = thread.threadId ? (await readThread(db, thread.threadId)).status : 'open';
    const { known, next } = await compareMessagePage(db, call, answer, {
      source: backfill.source,
      now: clock.now(),
      ...(confirm ? { confirm } : {}),
      along: async (tx, page) => {
        const found = page.missing.map((message) => ({
          message,
          id: null,
          receivedAt: message.receivedAt,
          route: routeOf(message, status),
        }));
        missed = found.length;
        await settle(tx, { backfill, thread, call, confirm }, { found, parked: page.unreadable, next: page.next });
      },
    });
    return { callId: call.id, readingId: call.readingId, next, missed, known, parked: 0, open: 0 };
  }

  /** What a page means for the books of the backfill, in the page's own transaction. */
  async function settle(
    tx: Sql,
    { backfill, thread, call, confirm }: Pick<Answered, 'backfill' | 'thread' | 'call' | 'confirm'>,
    { found, parked, next }: { found: FoundMessage[]; parked: number; next: NextOfReading },
  ): Promise<void> {
    const now = clock.now();
    const finding = { backfillId: backfill.id, source: backfill.source, thread, callId: call.id, now };
    await noteBackfillFinds(tx, { ...finding, toleranceMs: timing.originToleranceMs }, found);
    await countBackfillPage(tx, thread.id, { parked });
    if (next === 'end')
      await closeBackfillThread(tx, thread.id, { source: backfill.source, readingId: confirm ?? call.readingId, now });
  }

  /** In `report` the thread is not noted as missing: what the ledger holds is not touched. */
  async function absent({
    backfill,
    thread,
    begunAt,
    callId,
  }: {
    backfill: Backfill;
    thread: BackfillThread;
    begunAt: Date;
    callId: string;
  }): Promise<BackfillPageResult> {
    const now = clock.now();
    const said =
      thread.threadId && backfill.mode !== 'report'
        ? await noteThreadAbsent(db, { threadId: thread.threadId, begunAt, now, timing, callId })
        : 'gone';
    await countBackfillPage(db, thread.id, { parked: 0 });
    if (said !== 'missing') await endBackfillThread(db, thread.id, { state: 'gone', because: 'SourceNotFound', now });
    const next = said === 'missing' ? 'missing' : 'gone';
    return { callId, readingId: callId, next, missed: 0, known: 0, parked: 0, open: 0 };
  }

  /** The way a message would have gone, or why it would have gone none; of what people wrote, nothing. */
  function routeOf(message: IncomingMessage, threadStatus: string): string | null {
    if (message.direction === 'outbound') return null;
    const verdict = triage({
      channel: message.channel,
      from: message.from,
      headers: message.headers,
      hasBody: hasBody(message),
      threadStatus,
      ownAddresses,
      text: decidingText(message),
    });
    if ('wait' in verdict) return 'empty_body';
    return 'go' in verdict ? verdict.go : verdict.reason;
  }
};

export type BackfillCalls = ReturnType<typeof createBackfillCalls>;
