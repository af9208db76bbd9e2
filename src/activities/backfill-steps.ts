import { activityInfo } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import {
  BeginBackfillInput,
  type BehindBackfill,
  EndBackfillInput,
  HoldBackfillInput,
  NextBackfillIntervalInput,
  OrderBackfillInput,
  SkipBackfillThreadInput,
  SweepInput,
  TakeBackfillInput,
} from '../contracts/backfill-steps.js';
import {
  type BackfillHold,
  type BackfillHours,
  type BackfillMode,
  type BackfillPace,
  LONGEST_BACKFILL_DAYS,
} from '../domain/backfill.js';
import { type BackfillOrder, readOrder } from '../domain/backfill-orders.js';
import { narrowerWidth, nextWidth } from '../domain/backfill-walk.js';
import { backfillQueue, sourceQueue } from '../domain/identity.js';
import { floorToSecond } from '../domain/interval.js';
import { queueRate } from '../domain/pacing.js';
import { quenchAlarm, raiseAlarm } from '../ledger/alarms.js';
import { askBackfill, type HoldFacts } from '../ledger/backfill-holds.js';
import { type OrderChanges, recordBackfillOrder } from '../ledger/backfill-orders.js';
import { endBackfillThread, takeBackfillThreads } from '../ledger/backfill-threads.js';
import {
  type Backfill,
  beginBackfill,
  closeBackfillListing,
  createBackfill,
  endBackfill,
  holdBackfill,
  intervalToList,
  keepBefore,
  lockBackfill,
  openBackfillOf,
  ownQueueRate,
  readBackfill,
} from '../ledger/backfills.js';
import { recordChange } from '../ledger/changes.js';
import { relianceOn } from '../ledger/claims.js';
import { readPacer } from '../ledger/pacers.js';
import type { ActivityDeps } from './deps.js';
import { setBackfillQueueRate, setCeilingPerKey, setQueueRate } from './queue-rate.js';

/** What its workflow goes by. */
export interface BackfillTerms {
  mode: BackfillMode;
  pace: BackfillPace;
  ownQueue: boolean;
  paused: boolean;
}

/** What became of an order. */
export interface Ordered extends BackfillTerms {
  /** Why it was not done; null where it was. */
  refused: string | null;
}

export interface HoldResult {
  /** Its row says that it has ended, whoever wrote that. */
  ended: boolean;
  hold: BackfillHold | null;
  /** When it may be over; null where nobody knows. */
  until: string | null;
}

/** Steps of a backfill that only touch the ledger. */
export const createBackfillSteps = (deps: ActivityDeps) => {
  const { db, clock, timing, temporal, log } = deps;

  return {
    /** Takes it up; null where it has ended, or another workflow holds it. */
    async beginBackfill(payload: BeginBackfillInput): Promise<BackfillTerms | null> {
      const { backfillId, inHand } = BeginBackfillInput.parse(payload);
      const runId = activityInfo().workflowExecution?.runId ?? activityInfo().activityId;
      const now = clock.now();
      const backfill = await beginBackfill(db, backfillId, { firstRunId: runId, inHand, now });
      if (!backfill) return null;
      const { source, from, to, mode, pace, ownQueue, hold } = backfill;
      if (!backfill.hasBefore) await keepBefore(db, backfillId, await deps.figuresBefore({ source, from, to }));
      await setCeilingPerKey(temporal, source, !ownQueue && pace.perSecond !== null);
      if (ownQueue) await shareBudget(source);
      log.backfill.info({
        event: 'backfill.begun',
        backfillId,
        source,
        mode,
        from: from.toISOString(),
        to: to.toISOString(),
      });
      return { mode, pace, ownQueue, paused: hold === 'person' };
    },

    /** Makes the backfill of this run of a sweep, once; null where another one of the source is walking. */
    async openSweep(payload: SweepInput): Promise<{ backfillId: string } | null> {
      const { source, sweep } = SweepInput.parse(payload);
      const { spanMs, ...wanted } = sweep;
      const workflowId = activityInfo().workflowExecution?.workflowId ?? wanted.workflowId;
      const now = clock.now();
      const to = new Date(floorToSecond(now.getTime()));
      const open = await openBackfillOf(db, source);
      if (open && open.workflowId === workflowId && open.begunAt === null) return { backfillId: open.id };
      const made = await createBackfill(db, {
        ...wanted,
        source,
        workflowId,
        from: new Date(to.getTime() - spanMs),
        to,
        now,
      });
      if (!made) log.backfill.warn({ event: 'sweep.skipped', source, backfillId: open?.id ?? null });
      return made && { backfillId: made.id };
    },

    /** Closes the interval that is behind it, and gives the creation interval to list next; null where all are listed. */
    async nextBackfillInterval(payload: NextBackfillIntervalInput): Promise<{ from: string; to: string } | null> {
      const { backfillId, behind } = NextBackfillIntervalInput.parse(payload);
      if (behind) await close(backfillId, behind);
      const { source } = await readBackfill(db, backfillId);
      const { coveringWidthMs } = await relianceOn(db, source, timing);
      const interval = await intervalToList(db, backfillId, coveringWidthMs);
      return interval && { from: new Date(interval.from).toISOString(), to: new Date(interval.to).toISOString() };
    },

    /** Our ids of the next threads of the walk, now in hand. */
    async takeBackfillThreads(payload: TakeBackfillInput): Promise<{ threads: string[] }> {
      const { backfillId, limit } = TakeBackfillInput.parse(payload);
      return { threads: await takeBackfillThreads(db, backfillId, limit) };
    },

    /** A thread that could not be read whole: it is named in the report, and the live schedule goes on with it. */
    async skipBackfillThread(payload: SkipBackfillThreadInput): Promise<void> {
      const { backfillId, thread, because } = SkipBackfillThreadInput.parse(payload);
      const now = clock.now();
      await endBackfillThread(db, thread, { state: 'unread', because, now });
      log.backfill.warn({ event: 'thread.unread', backfillId, threadId: thread, reason: because });
    },

    /** Whether anything keeps it from calling now, and writes that down where it is new. */
    async holdOfBackfill(payload: HoldBackfillInput): Promise<HoldResult> {
      const { backfillId, known } = HoldBackfillInput.parse(payload);
      const now = clock.now();
      const { source, ownQueue, endedAt } = await readBackfill(db, backfillId);
      if (endedAt !== null) return { ended: true, hold: null, until: null };
      const facts: HoldFacts = {
        known,
        isServed: await hasPollers(temporal, ownQueue ? backfillQueue(source) : sourceQueue(source)),
        now,
        timing,
      };
      const { hold, until } = await askBackfill(db, backfillId, facts);
      if (await holdBackfill(db, backfillId, { hold, until, now })) {
        if (hold === null) log.backfill.info({ event: 'backfill.goes_on', backfillId, source });
        else log.backfill.warn({ event: 'backfill.holds', backfillId, source, reason: hold });
        if (hold !== null) await tell(source, backfillId, hold, now);
      } else if (hold === null) {
        // It has gone on for one look: a token that is tried again and rejected again is one alarm and not one each time.
        await tell(source, backfillId, null, now);
      }
      return { ended: false, hold, until: until?.toISOString() ?? null };
    },

    /** Writes down what a person asked of it, done or refused, and does the part that stands in the ledger. */
    async orderBackfill(payload: OrderBackfillInput): Promise<Ordered> {
      const { backfillId, verb, actor, detail, refused: malformed } = OrderBackfillInput.parse(payload);
      const now = clock.now();
      const { source, ...ordered } = await db.transaction(async (tx) => {
        const backfill = await lockBackfill(tx, backfillId);
        const order = malformed === null ? readOrder(verb, { ...detail, by: actor }) : null;
        const refused = malformed ?? refusalOf(order, backfill, now);
        const changes = refused === null && order && !('problem' in order) ? changesOf(order, backfill.pace) : {};
        await recordBackfillOrder(tx, { backfillId, actor, verb, detail, refused, now }, changes);
        if (refused === null) {
          const subject = `backfill/${backfill.source}/${backfill.name}`;
          await recordChange(tx, { actor, action: `backfill.${verb}`, subject, detail, now });
          const hold = { until: null, now, byPerson: true };
          if (verb === 'pause') await holdBackfill(tx, backfillId, { ...hold, hold: 'person' });
          if (verb === 'resume') await holdBackfill(tx, backfillId, { ...hold, hold: null });
        } else log.backfill.warn({ event: 'order.refused', backfillId, verb, reason: refused });
        const { source, mode, pace, ownQueue, hold } = await readBackfill(tx, backfillId);
        return { source, mode, pace, ownQueue, paused: hold === 'person', refused };
      });
      if (verb === 'pace' && ordered.refused === null)
        await setCeilingPerKey(temporal, source, !ordered.ownQueue && ordered.pace.perSecond !== null);
      return ordered;
    },

    /** False where there is more to do: it was widened meanwhile, or what failed is to be tried once more. */
    async endBackfill(payload: EndBackfillInput): Promise<boolean> {
      const { backfillId, state } = EndBackfillInput.parse(payload);
      const now = clock.now();
      if (!(await endBackfill(db, backfillId, { state, now }))) return false;
      const { source } = await readBackfill(db, backfillId);
      await setCeilingPerKey(temporal, source, false);
      await tell(source, backfillId, null, now);
      log.backfill.info({ event: 'backfill.ended', backfillId, source, state });
      return true;
    },
  };

  /** Before its first call: the next look of the pacer may be a minute away, and a queue without a rate releases all. */
  async function shareBudget(source: string): Promise<void> {
    const now = clock.now();
    const { pace, ...limits } = await readPacer(db, source, now);
    const rate = queueRate(pace, limits, now.getTime());
    const own = await ownQueueRate(db, source, rate);
    if (own === null) return;
    await setBackfillQueueRate(temporal, source, own);
    await setQueueRate(temporal, source, rate - own);
  }

  async function close(backfillId: string, { interval, because, threads }: BehindBackfill): Promise<void> {
    const { source, widthMs } = await readBackfill(db, backfillId);
    const { coveringWidthMs } = await relianceOn(db, source, timing);
    const intervalMs = Date.parse(interval.to) - Date.parse(interval.from);
    if (because !== null)
      log.backfill.warn({ event: 'listing.cut', backfillId, from: interval.from, to: interval.to, reason: because });
    await closeBackfillListing(db, {
      backfillId,
      interval: { from: new Date(interval.from), to: new Date(interval.to) },
      because,
      widthMs:
        because === null ? nextWidth(widthMs, threads, coveringWidthMs) : narrowerWidth(intervalMs, coveringWidthMs),
      now: clock.now(),
    });
  }

  /** What a person has to do something about is an alarm. */
  async function tell(source: string, backfillId: string, hold: BackfillHold | null, now: Date): Promise<void> {
    const forPeople = hold === 'token_rejected' || hold === 'no_worker' || hold === 'source_removed';
    const alarm = { kind: 'backfill_held', source, subject: backfillId, now } as const;
    await db.transaction(async (tx) => {
      if (forPeople) await raiseAlarm(tx, { ...alarm, evidence: { backfillId, hold } });
      else await quenchAlarm(tx, alarm);
    });
  }
};

export type BackfillSteps = ReturnType<typeof createBackfillSteps>;

/** What is well formed and cannot be done all the same. */
function refusalOf(order: BackfillOrder | { problem: string } | null, backfill: Backfill, now: Date): string | null {
  if (backfill.endedAt !== null) return 'the backfill has ended';
  if (order === null || 'problem' in order || order.verb !== 'extend') return null;
  if (order.to && Date.parse(order.to) > now.getTime()) return 'to lies in the future';
  if (order.from && Date.parse(order.from) < now.getTime() - LONGEST_BACKFILL_DAYS * DAY_MS)
    return `from lies more than ${LONGEST_BACKFILL_DAYS} days back`;
  return null;
}

const DAY_MS = 86_400_000;

function changesOf(order: BackfillOrder, pace: BackfillPace): OrderChanges {
  if (order.verb === 'pace')
    return {
      pace: { ...pace, ...order.pace },
      ...(order.hours === undefined ? {} : { hours: order.hours satisfies BackfillHours | null }),
    };
  if (order.verb === 'extend')
    return {
      ...(order.from ? { from: new Date(order.from) } : {}),
      ...(order.to ? { to: new Date(order.to) } : {}),
    };
  return {};
}

const ACTIVITY = 2;

async function hasPollers(client: Client, queue: string): Promise<boolean> {
  const { pollers } = await client.connection.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: queue },
    taskQueueType: ACTIVITY,
  });
  return (pollers ?? []).length > 0;
}
