import { activityInfo } from '@temporalio/activity';
import { ListSubmissionsInput, SubmitCanaryInput } from '../contracts/form-steps.js';
import { WaybillError } from '../domain/failures.js';
import type { Form } from '../domain/forms.js';
import { finishCall, NO_ROWS, readPriorPage } from '../ledger/calls.js';
import type { Database } from '../ledger/database.js';
import { canaryMarker } from '../ledger/form-canaries.js';
import { type RecordedSubmissions, recordSubmissionPage } from '../ledger/form-rounds.js';
import type { FormClient } from '../sources/forms/client.js';
import { callProvider, type ProviderCallDeps } from '../sources/provider-call.js';
import type { ActivityDeps } from './deps.js';

export interface FormCallDeps extends ProviderCallDeps<FormClient> {
  db: Database;
  forms: readonly Form[];
}

export type ListedSubmissions = RecordedSubmissions & { callId: string };

const formOf = (forms: readonly Form[], source: string): Form => {
  const form = forms.find((one) => one.source === source);
  if (form) return form;
  throw new WaybillError('ConfigurationInvalid', `No form of the source "${source}" is configured.`, {
    retryable: false,
  });
};

/** One page of the vendor's list: one request, and what it brought in one transaction. */
export async function listSubmissionPage(
  deps: FormCallDeps,
  { source, roundId, since, afterCall }: ListSubmissionsInput,
  attempt: number,
): Promise<ListedSubmissions> {
  const { db, clock, timing } = deps;
  const form = formOf(deps.forms, source);
  const prior = afterCall ? await readPriorPage(db, afterCall) : null;
  const page = prior ? prior.page + 1 : 0;
  const { call, answer } = await callProvider(
    deps,
    {
      source,
      operation: 'listSubmissions',
      parameters: { since, page },
      roundId,
      readingId: prior?.readingId ?? null,
      page,
      attempt,
    },
    (client) => client.listSubmissions({ since, cursor: prior?.nextCursor ?? null }),
  );
  return {
    ...(await recordSubmissionPage(db, call, answer, { form, roundId, now: clock.now(), timing })),
    callId: call.id,
  };
}

/** Sends the form as a visitor would. The same canary twice is one. */
export async function sendFormCanary(
  deps: FormCallDeps,
  { source, canaryId }: SubmitCanaryInput,
  attempt: number,
): Promise<void> {
  const form = formOf(deps.forms, source);
  const { call, answer } = await callProvider(
    deps,
    { source, operation: 'submitCanary', parameters: { canary: canaryId }, readingId: null, page: 0, attempt },
    (client) => client.submitCanary(canaryMarker(form, canaryId)),
  );
  await finishCall(deps.db, call, { ...NO_ROWS, status: answer.status }, deps.clock.now());
}

/** Activities of a form's queue: each is one request to its vendor. */
export const createFormCalls = (deps: ActivityDeps) => {
  const { db, clock, timing, courtesy, forms = [], formClientOf } = deps;
  const clientOf = (source: string): FormClient => {
    const client = formClientOf?.(source);
    if (client) return client;
    throw new WaybillError('ConfigurationInvalid', `This worker has no access to the form of "${source}".`);
  };
  const calling: FormCallDeps = { db, clock, timing, courtesy, forms, clientOf };
  return {
    async listSubmissions(payload: ListSubmissionsInput): Promise<ListedSubmissions> {
      const listed = await listSubmissionPage(calling, ListSubmissionsInput.parse(payload), activityInfo().attempt);
      const { callId, parked } = listed;
      if (parked > 0)
        deps.log.intake.warn({
          event: 'submission.parked',
          source: payload.source,
          callId,
          reason: 'submission_invalid',
        });
      return listed;
    },
    submitCanary: (payload: SubmitCanaryInput): Promise<void> =>
      sendFormCanary(calling, SubmitCanaryInput.parse(payload), activityInfo().attempt),
  };
};

export type FormCalls = ReturnType<typeof createFormCalls>;
