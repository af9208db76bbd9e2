import { activityInfo } from '@temporalio/activity';
import { AuditPageInput } from '../contracts/audit-steps.js';
import { beginAuditThread, endAuditThread } from '../ledger/audits.js';
import { readPriorPage } from '../ledger/calls.js';
import { recordConfirmingPage, recordMessagePage } from '../ledger/record-messages.js';
import { noteThreadAbsent, readThread } from '../ledger/visits.js';
import { callProvider } from '../sources/provider-call.js';
import { ProviderFailure } from '../sources/source.js';
import type { ActivityDeps } from './deps.js';

export interface AuditPageResult {
  callId: string;
  readingId: string;
  /** `gone`: the provider does not know the thread; its outcome is written. */
  next: 'more' | 'confirm' | 'end' | 'shifted' | 'gone';
  /** Inbound messages stored that have no ending yet. */
  open: number;
}

/** The audit's own calls on a source's queue: one request each, recorded as a visit's is. */
export const createAuditCalls = (deps: ActivityDeps) => {
  const { db, clock, timing } = deps;
  return {
    /** Reads one page of a drawn thread and commits it; what it stores was first seen by the audit. */
    async auditThreadPage(payload: AuditPageInput): Promise<AuditPageResult> {
      const { source, auditId, threadId, afterCall, confirm } = AuditPageInput.parse(payload);
      const { providerThreadId } = await readThread(db, threadId);
      const prior = afterCall ? await readPriorPage(db, afterCall) : null;
      const page = prior ? prior.page + 1 : 0;
      const begunAt = clock.now();
      await beginAuditThread(db, auditId, threadId, begunAt);
      const request = {
        source,
        operation: 'listMessages' as const,
        parameters: { thread: providerThreadId, page, audit: auditId, ...(confirm ? { purpose: 'confirm' } : {}) },
        threadId,
        readingId: prior?.readingId ?? null,
        page,
        attempt: activityInfo().attempt,
      };
      const context = () => ({
        threadId,
        firstSeenBy: 'audit' as const,
        adapterVersion: deps.adapterVersionOf(source),
        now: clock.now(),
        timing,
      });
      try {
        const { call, answer } = await callProvider(deps, request, (client) =>
          client.listMessages({ providerThreadId, cursor: prior?.nextCursor ?? null }),
        );
        const { next, open } = confirm
          ? await recordConfirmingPage(db, call, answer, { readingId: confirm }, context())
          : await recordMessagePage(db, call, answer, context());
        return { callId: call.id, readingId: call.readingId, next, open };
      } catch (error) {
        if (!(error instanceof ProviderFailure) || error.type !== 'SourceNotFound' || !error.callId) throw error;
        const absence = await noteThreadAbsent(db, {
          threadId,
          begunAt,
          now: clock.now(),
          timing,
          callId: error.callId,
        });
        // A first 404 may be wrong: until it is confirmed the thread counts as one that could not be read.
        await endAuditThread(db, auditId, threadId, absence === 'missing' ? 'unread' : 'gone');
        return { callId: error.callId, readingId: error.callId, next: 'gone', open: 0 };
      }
    },
  };
};

export type AuditCalls = ReturnType<typeof createAuditCalls>;
