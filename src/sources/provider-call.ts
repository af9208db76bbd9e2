import type { Clock } from '../domain/clock.js';
import type { Timing } from '../domain/timing.js';
import { type CallRequest, failCall, type OpenCall, openCall } from '../ledger/calls.js';
import type { Sql } from '../ledger/database.js';
import { type Courtesy, pauseMs } from './courtesy.js';
import { ProviderFailure, type SourceClient } from './source.js';

/** `Client`: what speaks to the provider; a dashboard's unless another is named. */
export interface ProviderCallDeps<Client = SourceClient> {
  db: Sql;
  clock: Clock;
  timing: Timing;
  clientOf(source: string): Client;
  /** Absent where nothing but the ledger tells of a pause. */
  courtesy?: Courtesy;
}

/**
 * The one way to a provider: opens the row of the call, makes one request, and on failure closes the row with what the
 * provider really said. On success the caller closes it in the transaction that records the answer.
 * @throws WaybillError SourceBlocked before anything leaves; ProviderFailure with the id of the row
 */
export async function callProvider<T, Client = SourceClient>(
  deps: ProviderCallDeps<Client>,
  request: Omit<CallRequest, 'now'>,
  make: (client: Client) => Promise<T>,
): Promise<{ call: OpenCall; answer: T }> {
  const call = await openCall(deps.db, { ...request, now: deps.clock.now() });
  return { call, answer: await makeRecorded(deps, request.source, call, make) };
}

/** The second half of `callProvider`, for a call whose row was opened before. */
export async function makeRecorded<T, Client = SourceClient>(
  { db, clock, timing, clientOf, courtesy }: ProviderCallDeps<Client>,
  source: string,
  call: OpenCall,
  make: (client: Client) => Promise<T>,
): Promise<T> {
  try {
    refuseWhilePaused(courtesy, source);
    return await make(clientOf(source));
  } catch (error) {
    const now = clock.now();
    const provider = error instanceof ProviderFailure ? error : null;
    // The head of the answer has begun the pause already; a slow body does not make it longer.
    const asked = pauseOf(provider, timing);
    const pause = asked === null ? null : courtesy?.restOf(source) || asked;
    await failCall(
      db,
      source,
      call,
      {
        failure: provider?.type ?? 'Unexpected',
        status: provider?.status ?? null,
        answer: provider?.answer ?? null,
        retryAfterMs: provider?.type === 'SourceBlocked' ? null : (provider?.retryAfterMs ?? null),
        blockedUntil: pause === null ? null : new Date(now.getTime() + pause),
      },
      now,
    );
    if (provider) provider.callId = call.id;
    if (provider?.type !== 'SourceBlocked') courtesy?.stir(source);
    throw error;
  }
}

/** The pause may have been asked for between the row and the request: then the request does not leave, which leaves no doubt. */
function refuseWhilePaused(courtesy: Courtesy | undefined, source: string): void {
  const rest = courtesy?.restOf(source) ?? 0;
  if (rest > 0)
    throw new ProviderFailure('SourceBlocked', `The source "${source}" was paused before the request left.`, {
      retryAfterMs: rest,
    });
}

/** How long nobody may call after this failure; null where it asks for no pause. */
function pauseOf(failure: ProviderFailure | null, timing: Timing): number | null {
  if (failure === null || failure.type === 'SourceBlocked') return null;
  if (failure.type !== 'SourceRateLimited' && failure.retryAfterMs === undefined) return null;
  return pauseMs(failure.retryAfterMs, timing);
}
