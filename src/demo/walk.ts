import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { type BackfillCalls, createBackfillCalls } from '../activities/backfill-calls.js';
import type { ActivityDeps } from '../activities/deps.js';
import { createSourceCalls } from '../activities/source-calls.js';
import { figuresBefore } from '../assurance/backfill/before.js';
import { COURTEOUS_PACE } from '../domain/backfill.js';
import { narrowerWidth, nextWidth } from '../domain/backfill-walk.js';
import type { Clock } from '../domain/clock.js';
import { exhaustInterval } from '../domain/exhaust.js';
import { type FailureType, WaybillError } from '../domain/failures.js';
import type { Timing } from '../domain/timing.js';
import {
  type BackfillProgress,
  endBackfillThread,
  readBackfillProgress,
  takeBackfillThreads,
} from '../ledger/backfill-threads.js';
import {
  beginBackfill,
  closeBackfillListing,
  createBackfill,
  endBackfill,
  intervalToList,
  keepBefore,
  readBackfill,
} from '../ledger/backfills.js';
import type { Database } from '../ledger/database.js';
import { openRound } from '../ledger/visits.js';
import type { World } from '../simulator/world.js';
import { INBOXES } from '../simulator/world-model.js';
import { createLogger } from '../telemetry/logger.js';
import { dashboardClient } from './simulated-source.js';

/** Readings of a thread in the ledger's transactions at once: they cost Postgres time, and nothing of the provider's. */
const LANES = 8;
const READINGS = 3;

export interface Walk {
  db: Database;
  world: World;
  source: string;
  from: number;
  to: number;
  timing: Timing;
  /** When it begins, on the virtual clock. */
  begunAt: number;
  progress?(progress: BackfillProgress & { virtualMs: number; calls: number }): void;
  signal: AbortSignal;
}

export interface Walked {
  backfillId: string;
  calls: number;
  /** How long it would have lasted: one call per second and five seconds between batches, as the original's did. */
  virtualMs: number;
}

/**
 * A backfill of the show: the calls, the rows and the books of the product's own, in the order in which its workflow would make
 * them, one after the other on a virtual clock at the original's pace.
 */
export async function walkBackfill(walk: Walk): Promise<Walked> {
  const { db, source, timing, signal } = walk;
  let at = walk.begunAt;
  let calls = 0;
  const clock: Clock = { now: () => new Date(at) };
  const deps = depsOf(walk, clock);
  const activities = createBackfillCalls(deps);
  const visits = createSourceCalls(deps);
  const asked = <T>(call: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    at += 1_000 / (COURTEOUS_PACE.perSecond ?? 1);
    calls += 1;
    return asActivity(call);
  };
  const backfill = await createBackfill(db, {
    source,
    name: 'incident',
    workflowId: `backfill/${source}/incident`,
    mode: 'record',
    policy: null,
    direction: 'newest_first',
    from: new Date(walk.from),
    to: new Date(walk.to),
    pace: COURTEOUS_PACE,
    ownQueue: false,
    hours: null,
    widthMs: timing.coveringWidthMs,
    askedBy: 'demo',
    now: clock.now(),
  });
  if (!backfill) throw new WaybillError('LedgerConflict', `Another backfill of "${source}" is open.`);
  const backfillId = backfill.id;
  await beginBackfill(db, backfillId, { firstRunId: backfillId, inHand: [], now: clock.now() });
  await keepBefore(db, backfillId, await figuresBefore(db, { source, from: backfill.from, to: backfill.to }));
  do {
    for (;;) {
      await readListed();
      const interval = await intervalToList(db, backfillId, timing.coveringWidthMs);
      if (!interval) break;
      await list({ from: new Date(interval.from), to: new Date(interval.to) });
    }
  } while (!(await endBackfill(db, backfillId, { state: 'done', now: clock.now() })));
  return { backfillId, calls, virtualMs: at - walk.begunAt };

  async function list(interval: { from: Date; to: Date }): Promise<void> {
    let { because, threads } = await exhaust(interval);
    // What a list no longer shows of what we hold is for the live rounds beside it to look into: then it is believed.
    if (because === 'ListingContradicted' && (await visitUnlisted())) ({ because, threads } = await exhaust(interval));
    const { widthMs } = await readBackfill(db, backfillId);
    const width =
      because === null
        ? nextWidth(widthMs, threads, timing.coveringWidthMs)
        : narrowerWidth(interval.to.getTime() - interval.from.getTime(), timing.coveringWidthMs);
    await closeBackfillListing(db, { backfillId, interval, because, widthMs: width, now: clock.now() });
  }

  async function exhaust(interval: {
    from: Date;
    to: Date;
  }): Promise<{ because: FailureType | null; threads: number }> {
    let threads = 0;
    const spoken = { from: interval.from.toISOString(), to: interval.to.toISOString() };
    const exhausted = await exhaustInterval(async (position) => {
      const page = await asked(() =>
        activities.backfillListPage({ source, backfillId, interval: spoken, ...position }),
      );
      threads += page.rows;
      return page;
    }, failureType);
    return { because: exhausted.outcome === 'end' ? null : exhausted.because, threads };
  }

  /** One live round, and a second one where a thread is missing: only two readings make it gone. */
  async function visitUnlisted(): Promise<boolean> {
    const unlisted = await db.$queryRaw<{ id: string }[]>`
      SELECT id FROM thread WHERE source = ${source} AND unlisted_at IS NOT NULL AND gone_at IS NULL ORDER BY id`;
    const roundId = await openRound(db, source, `demo/${source}/${clock.now().toISOString()}`, clock.now());
    for (const { id: threadId } of unlisted) {
      const { next } = await asked(() => visits.readThreadPage({ source, roundId, threadId }));
      if (next !== 'missing') continue;
      at += timing.visitEveryMs;
      await asked(() => visits.readThreadPage({ source, roundId, threadId }));
    }
    return unlisted.length > 0;
  }

  async function readListed(): Promise<void> {
    for (;;) {
      const threads = await takeBackfillThreads(db, backfillId, COURTEOUS_PACE.batchThreads);
      if (threads.length === 0) return;
      let next = 0;
      const lane = async () => {
        for (let thread = threads[next++]; thread !== undefined; thread = threads[next++]) await readWhole(thread);
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      at += COURTEOUS_PACE.batchPauseMs;
      walk.progress?.({ ...(await readBackfillProgress(db, backfillId)), virtualMs: at - walk.begunAt, calls });
    }
  }

  async function readWhole(thread: string): Promise<void> {
    for (let reading = 0; reading < READINGS; reading++) {
      let position: { afterCall?: string; confirm?: string } = {};
      for (;;) {
        const given = position;
        const page: Awaited<ReturnType<BackfillCalls['backfillThreadPage']>> = await asked(() =>
          activities.backfillThreadPage({ source, backfillId, thread, ...given }),
        );
        if (page.next === 'more') position = { ...given, afterCall: page.callId };
        else if (page.next === 'confirm') position = { confirm: page.readingId };
        else if (page.next === 'shifted') break;
        else return;
      }
    }
    await endBackfillThread(db, thread, { state: 'unread', because: 'ListingUnstable', now: clock.now() });
  }
}

/** What these calls need of a worker. */
function depsOf({ db, world, timing }: Walk, clock: Clock): ActivityDeps {
  const deps: Pick<ActivityDeps, 'db' | 'clock' | 'timing' | 'ownAddresses' | 'clientOf' | 'adapterVersionOf'> & {
    log: Pick<ActivityDeps['log'], 'backfill' | 'intake'>;
  } = {
    db,
    clock,
    timing,
    log: {
      backfill: createLogger({ subsystem: 'backfill', level: 'silent' }),
      intake: createLogger({ subsystem: 'intake', level: 'silent' }),
    },
    ownAddresses: new Set(INBOXES),
    clientOf: () => dashboardClient(world, clock),
    adapterVersionOf: () => 'demo/1',
  };
  return deps as ActivityDeps;
}

/** Runs a call as the first attempt of an activity, without a server: all that it asks of its surroundings. */
const asActivity = <T>(call: () => Promise<T>): Promise<T> =>
  asyncLocalStorage.run({ info: { attempt: 1 } } as Context, call);

function failureType(error: unknown): FailureType {
  if (error instanceof WaybillError) return error.type;
  throw error;
}
