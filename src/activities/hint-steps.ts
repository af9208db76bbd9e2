import { activityInfo } from '@temporalio/activity';
import { LookUpHintInput } from '../contracts/hint-steps.js';
import type { FailureType } from '../domain/failures.js';
import { beginLookup, readHint, recordHintLookup, recordNoThread } from '../ledger/hints.js';
import { callProvider } from '../sources/provider-call.js';
import { ProviderFailure } from '../sources/source.js';
import type { ActivityDeps } from './deps.js';

/** Answers to a look that no other attempt changes: there is no such thread, or the provider does not take its id for one. */
const NO_THREAD = new Set<FailureType>(['SourceNotFound', 'SourceRefused']);

/** Activities of a source's queue that follow a webhook to a thread which no listing has shown yet. */
export const createHintSteps = ({ db, clock, timing, log, ...access }: ActivityDeps) => ({
  /** One provider call: the thread is stored and due, or the hint notes that the provider does not know it. */
  async lookUpHint(payload: LookUpHintInput): Promise<{ stored: number }> {
    const { source, windowId, hintId } = LookUpHintInput.parse(payload);
    const { providerThreadId, state } = await readHint(db, hintId);
    if (state !== 'open') return { stored: 0 };
    const request = {
      source,
      operation: 'getThread' as const,
      parameters: { thread: providerThreadId, purpose: 'hint' },
      windowId,
      readingId: null,
      page: 0,
      attempt: activityInfo().attempt,
    };
    const context = () => ({ source, hintId, now: clock.now(), timing });
    await beginLookup(db, context());
    try {
      const { call, answer } = await callProvider({ db, clock, timing, ...access }, request, (client) =>
        client.getThread(providerThreadId),
      );
      const { stored, parked } = await recordHintLookup(db, call, answer, context());
      if (parked > 0) log.intake.warn({ event: 'row.parked', source, callId: call.id, reason: 'unreadable_row' });
      return { stored };
    } catch (error) {
      if (!(error instanceof ProviderFailure) || !NO_THREAD.has(error.type) || !error.callId) throw error;
      await recordNoThread(db, error.callId, context());
      return { stored: 0 };
    }
  },
});

export type HintSteps = ReturnType<typeof createHintSteps>;
