import { activityInfo } from '@temporalio/activity';
import { LookUpThreadInput } from '../contracts/park-steps.js';
import { ListPageInput, ReadThreadPageInput, StepInput } from '../contracts/steps.js';
import { sendReply } from '../delivery/send-reply.js';
import type { SendResult } from '../domain/step-results.js';
import { readPriorPage } from '../ledger/calls.js';
import type { NextOfReading } from '../ledger/close-reading.js';
import { firstSeenBy } from '../ledger/hints.js';
import type { ListingStep } from '../ledger/listings.js';
import { readParkedThread, recordLookup } from '../ledger/record-lookup.js';
import { recordConfirmingPage, recordMessagePage } from '../ledger/record-messages.js';
import { recordThreadPage } from '../ledger/record-threads.js';
import { noteThreadAbsent, readThread } from '../ledger/visits.js';
import { callProvider } from '../sources/provider-call.js';
import { ProviderFailure } from '../sources/source.js';
import type { ActivityDeps } from './deps.js';

export interface PageResult {
  callId: string;
  rows: number;
  known: number;
  stored: number;
  parked: number;
}

export interface ListPageResult extends PageResult {
  next: ListingStep;
  readingId: string;
}

export interface ThreadPageResult extends PageResult {
  /** `missing`: the provider does not know the thread and is asked once more, a round later; `gone`: it did not then either. */
  next: NextOfReading | 'missing' | 'gone';
  readingId: string;
  /** Inbound messages stored that have no ending yet. */
  open: number;
}

/** Activities of a source's queue: each is one provider call, but for the send, which is declared as two. */
export const createSourceCalls = (deps: ActivityDeps) => {
  const { db, clock, timing, log } = deps;
  return {
    /** Lists one page of a creation interval and commits it. @throws CursorExpired, not retried: the interval is read anew */
    async listPage(payload: ListPageInput): Promise<ListPageResult> {
      const { source, windowId, interval, afterCall, earlier = [] } = ListPageInput.parse(payload);
      const prior = afterCall ? await readPriorPage(db, afterCall) : null;
      const page = prior ? prior.page + 1 : 0;
      const query = { from: interval.from, to: interval.to, cursor: prior?.nextCursor ?? null };
      const { call, answer } = await callProvider(
        deps,
        {
          source,
          operation: 'listThreads',
          parameters: { since: interval.from, until: interval.to, covering: interval.covering, page },
          windowId,
          readingId: prior?.readingId ?? null,
          page,
          attempt: activityInfo().attempt,
        },
        (client) => client.listThreads(query),
      );
      const { rows, known, stored, parked, next } = await recordThreadPage(db, call, answer, {
        source,
        windowId,
        interval: { from: new Date(interval.from), to: new Date(interval.to) },
        covering: interval.covering,
        earlier,
        now: clock.now(),
        timing,
      });
      if (parked > 0) log.intake.warn({ event: 'row.parked', source, callId: call.id, reason: 'unreadable_row' });
      return { callId: call.id, readingId: call.readingId, rows, known, stored, parked, next };
    },

    /** Reads one page of a thread, newest first, and commits it; a thread that the provider does not know twice is gone. */
    async readThreadPage(payload: ReadThreadPageInput): Promise<ThreadPageResult> {
      const { source, roundId, threadId, afterCall, confirm } = ReadThreadPageInput.parse(payload);
      const { providerThreadId } = await readThread(db, threadId);
      const prior = afterCall ? await readPriorPage(db, afterCall) : null;
      const page = prior ? prior.page + 1 : 0;
      const begunAt = clock.now();
      const seenBy = await firstSeenBy(db, threadId);
      const request = {
        source,
        operation: 'listMessages' as const,
        parameters: { thread: providerThreadId, page, ...(confirm ? { purpose: 'confirm' } : {}) },
        roundId,
        threadId,
        readingId: prior?.readingId ?? null,
        page,
        attempt: activityInfo().attempt,
      };
      const context = () => ({
        threadId,
        firstSeenBy: seenBy,
        adapterVersion: deps.adapterVersionOf(source),
        now: clock.now(),
        timing,
      });
      try {
        const { call, answer } = await callProvider(deps, request, (client) =>
          client.listMessages({ providerThreadId, cursor: prior?.nextCursor ?? null }),
        );
        const recorded = confirm
          ? await recordConfirmingPage(db, call, answer, { readingId: confirm }, context())
          : await recordMessagePage(db, call, answer, context());
        const { rows, known, stored, parked, next, open } = recorded;
        if (parked > 0) log.intake.warn({ event: 'row.parked', source, callId: call.id, reason: 'unreadable_row' });
        return { callId: call.id, readingId: call.readingId, rows, known, stored, parked, next, open };
      } catch (error) {
        if (!(error instanceof ProviderFailure) || error.type !== 'SourceNotFound' || !error.callId) throw error;
        const { callId } = error;
        const absent = await noteThreadAbsent(db, { threadId, begunAt, now: clock.now(), timing, callId });
        const vanished = absent === 'vanished';
        if (vanished) log.intake.warn({ event: 'page.parked', source, threadId, callId, reason: 'vanished' });
        return {
          callId,
          readingId: callId,
          rows: 0,
          known: 0,
          stored: 0,
          parked: vanished ? 1 : 0,
          next: vanished ? 'gone' : absent,
          open: 0,
        };
      }
    },

    /** Asks for one thread whose row in a listing could not be read, and commits the answer; one that is parked no more costs no call. */
    async lookUpThread(payload: LookUpThreadInput): Promise<void> {
      const { source, roundId, parkId } = LookUpThreadInput.parse(payload);
      const providerThreadId = await readParkedThread(db, parkId);
      if (providerThreadId === null) return;
      const { call, answer } = await callProvider(
        deps,
        {
          source,
          operation: 'getThread',
          parameters: { thread: providerThreadId, purpose: 'parked' },
          roundId,
          readingId: null,
          page: 0,
          attempt: activityInfo().attempt,
        },
        (client) => client.getThread(providerThreadId),
      );
      await recordLookup(db, call, answer, { source, now: clock.now(), timing });
    },

    /** @see sendReply */
    async sendReply(payload: StepInput): Promise<SendResult> {
      const { messageId, carry } = StepInput.parse(payload);
      const result = await sendReply(deps, { messageId, carry, attempt: activityInfo().attempt });
      const { attempt } = activityInfo();
      if (result.kind === 'wait') log.delivery.warn({ event: 'reply.doubted', messageId, attempt });
      else if (result.kind === 'ended' && result.disposition === 'answered')
        log.delivery.info({ event: 'reply.sent', messageId, attempt });
      else if (result.kind === 'ended')
        log.delivery.info({ event: 'reply.withdrawn', messageId, reason: result.reason });
      return result;
    },
  };
};

export type SourceCalls = ReturnType<typeof createSourceCalls>;
