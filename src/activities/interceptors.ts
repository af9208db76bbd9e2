import { CompleteAsyncError, Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { type FailureType, WaybillError } from '../domain/failures.js';
import type { Timing } from '../domain/timing.js';
import { sqlStateOf } from '../ledger/database.js';
import { recordFailure } from '../ledger/failures.js';
import type { ActivityDeps } from './deps.js';

/** Delay with full jitter, so that callers who failed together do not come back together. Temporal's policies have none. */
const jittered = (restMs: number): number => restMs + Math.floor(Math.random() * Math.max(1_000, restMs * 0.1));

interface Reduced {
  type: FailureType;
  code: string | null;
  callId: string | null;
  retryable: boolean;
  retryAfterMs: number | null;
}

/** SQLSTATE classes that another attempt cannot mend: bad data, a broken constraint, a wrong statement. */
const OUR_FAULT = /^(22|23|42)/;
/** After so many attempts an error that no rule names counts as final: the step is given up and the item set aside. */
const MOST_UNEXPECTED = 10;

function reduce(error: unknown, attempt: number, timing: Timing): Reduced {
  if (error instanceof WaybillError) {
    const { type, code = null, callId = null, retryable } = error;
    // A stopped source waits for a person: nothing is gained by asking often.
    const retryAfterMs = error.retryAfterMs ?? (type === 'SourceStopped' ? timing.stoppedRetryMs : null);
    return { type, code, callId, retryable, retryAfterMs };
  }
  const code =
    typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
      ? error.code
      : null;
  const final = { callId: null, retryable: attempt < MOST_UNEXPECTED, retryAfterMs: null };
  const sqlState = sqlStateOf(error);
  // A deadlock, a serialisation failure or a timeout passes with another attempt, however often it takes.
  if (sqlState !== null && !OUR_FAULT.test(sqlState))
    return { type: 'LedgerUnavailable', code: sqlState, ...final, retryable: true };
  return { type: 'Unexpected', code: sqlState ?? code, ...final };
}

/** Message, stack and causes, for the ledger alone. */
function inFull(error: unknown): string {
  const parts: string[] = [];
  for (let one: unknown = error, depth = 0; one !== undefined && one !== null && depth < 5; depth++) {
    parts.push(
      one instanceof Error
        ? (one.stack ?? one.message)
        : typeof one === 'string'
          ? one
          : (JSON.stringify(one) ?? typeof one),
    );
    one = one instanceof Error ? one.cause : null;
  }
  return parts.join('\ncaused by: ');
}

/**
 * Turns any error of an activity into a failure that carries type, code and the provider_call row, and nothing else: message,
 * cause and stack, which may quote a customer, go to the ledger. Source: DESIGN law 1.
 */
export const createErrorInterceptor = (
  deps: Pick<ActivityDeps, 'db' | 'clock' | 'log' | 'timing'>,
): ActivityInboundCallsInterceptor => ({
  async execute(input, next) {
    try {
      return await next(input);
    } catch (error) {
      if (error instanceof CancelledFailure || error instanceof CompleteAsyncError) throw error;
      const { info } = Context.current();
      const { type, code, callId, retryable, retryAfterMs } = reduce(error, info.attempt, deps.timing);
      const payload = input.args[0];
      const messageId = hasMessageId(payload) ? payload.messageId : null;
      await recordFailure(deps.db, {
        at: deps.clock.now(),
        type,
        code,
        callId,
        messageId,
        activity: info.activityType,
        workflowId: info.workflowExecution?.workflowId ?? null,
        attempt: info.attempt,
        detail: inFull(error),
      }).catch((unwritten: unknown) => {
        // Without a ledger the detail is lost; the log keeps what may stand in it: type and code, of the step and of the ledger.
        const ids = {
          activityType: info.activityType,
          workflowId: info.workflowExecution?.workflowId,
          attempt: info.attempt,
        };
        deps.log.provider.error({ event: 'failure.unrecorded', ...ids, type, code, error: unwritten });
      });
      const { activityType, attempt } = info;
      if (type === 'SourceStopped' && callId)
        deps.log.intake.error({ event: 'source.stopped', callId, reason: 'mass_parking' });
      if (callId)
        deps.log.provider.warn({ event: 'call.failed', callId, operation: activityType, status: code, attempt });
      else
        deps.log.provider.warn({
          event: 'step.retried',
          activityType,
          attempt,
          workflowId: info.workflowExecution?.workflowId,
        });
      const failure = ApplicationFailure.create({
        message: code ? `${type} (${code})` : type,
        type,
        nonRetryable: !retryable,
        details: callId ? [{ callId }] : [],
        ...(retryAfterMs === null ? {} : { nextRetryDelay: jittered(retryAfterMs) }),
      });
      failure.stack = '';
      throw failure;
    }
  },
});

const hasMessageId = (payload: unknown): payload is { messageId: string } =>
  typeof payload === 'object' && payload !== null && 'messageId' in payload && typeof payload.messageId === 'string';
