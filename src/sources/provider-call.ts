import type { Clock } from '../domain/clock.js';
import type { Timing } from '../domain/timing.js';
import { type CallRequest, failCall, type OpenCall, openCall } from '../ledger/calls.js';
import type { Sql } from '../ledger/database.js';
import { ProviderFailure, type SourceClient } from './source.js';

export interface ProviderCallDeps {
  db: Sql;
  clock: Clock;
  timing: Timing;
  clientOf(source: string): SourceClient;
}

/**
 * The one way to a provider: opens the row of the call, makes one request, and on failure closes the row with what the
 * provider really said. On success the caller closes it in the transaction that records the answer.
 * @throws WaybillError SourceBlocked before anything leaves; ProviderFailure with the id of the row
 */
export async function callProvider<T>(
  deps: ProviderCallDeps,
  request: Omit<CallRequest, 'now'>,
  make: (client: SourceClient) => Promise<T>,
): Promise<{ call: OpenCall; answer: T }> {
  const call = await openCall(deps.db, { ...request, now: deps.clock.now() });
  return { call, answer: await makeRecorded(deps, request.source, call, make) };
}

/** The second half of `callProvider`, for a call whose row was opened before. */
export async function makeRecorded<T>(
  { db, clock, timing, clientOf }: ProviderCallDeps,
  source: string,
  call: OpenCall,
  make: (client: SourceClient) => Promise<T>,
): Promise<T> {
  try {
    return await make(clientOf(source));
  } catch (error) {
    const now = clock.now();
    const provider = error instanceof ProviderFailure ? error : null;
    const pauseMs = pauseOf(provider, timing);
    await failCall(
      db,
      source,
      call,
      {
        failure: provider?.type ?? 'Unexpected',
        status: provider?.status ?? null,
        answer: provider?.answer ?? null,
        retryAfterMs: provider?.retryAfterMs ?? null,
        blockedUntil: pauseMs === null ? null : new Date(now.getTime() + pauseMs),
      },
      now,
    );
    if (provider) provider.callId = call.id;
    throw error;
  }
}

/** How long nobody may call after this failure; null where it asks for no pause. Absurd values are capped. */
function pauseOf(failure: ProviderFailure | null, timing: Timing): number | null {
  if (failure === null) return null;
  if (failure.type !== 'SourceRateLimited' && failure.retryAfterMs === undefined) return null;
  return Math.min(failure.retryAfterMs ?? timing.retryAfterDefaultMs, timing.retryAfterMaxMs);
}
