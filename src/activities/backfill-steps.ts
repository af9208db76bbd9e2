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
import type { BackfillHold, BackfillHours, BackfillMode, BackfillPace } from '../domain/backfill.js';
import { type BackfillOrder, readOrder } from '../domain/backfill-orders.js';
import { nextWidth } from '../domain/backfill-walk.js';
import { backfillQueue, sourceQueue } from '../domain/identity.js';
import { floorToSecond } from '../domain/interval.js';
import { quenchAlarm, raiseAlarm } from '../ledger/alarms.js';
import { askBackfill, type HoldFacts } from '../ledger/backfill-holds.js';
import { endBackfillThread, takeBackfillThreads } from '../ledger/backfill-threads.js';
import {
  beginBackfill,
  closeBackfillListing,
  createBackfill,
  endBackfill,
  holdBackfill,
  intervalToList,
  keepBefore,
  type OrderChanges,
  openBackfillOf,
  readBackfill,
  recordBackfillOrder,
} from '../ledger/backfills.js';
import { recordChange } from '../ledger/changes.js';
import { relianceOn } from '../ledger/claims.js';
import type { ActivityDeps } from './deps.js';
import { setCeilingPerKey } from './queue-rate.js';

/** What its workflow goes by. */
export interface BackfillTerms {
  mode: BackfillMode;
  pace: BackfillPace;
  ownQueue: boolean;
  paused: boolean;
}

export interface HoldResult {
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
      const interval = await intervalToList(db, backfillId);
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
      const { source, ownQueue } = await readBackfill(db, backfillId);
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
        await tell(source, backfillId, hold, now);
      }
      return { hold, until: until?.toISOString() ?? null };
    },

    /** Writes down what a person asked of it, done or refused, and does the part that stands in the ledger. */
    async orderBackfill(payload: OrderBackfillInput): Promise<BackfillTerms> {
      const { backfillId, verb, actor, detail, refused } = OrderBackfillInput.parse(payload);
      const now = clock.now();
      const terms = await db.transaction(async (tx) => {
        const backfill = await readBackfill(tx, backfillId);
        const order = refused === null ? readOrder(verb, { ...detail, by: actor }) : null;
        const changes = order && !('problem' in order) ? changesOf(order, backfill.pace) : {};
        await recordBackfillOrder(tx, { backfillId, actor, verb, detail, refused, now }, changes);
        if (refused === null) {
          const subject = `backfill/${backfill.source}/${backfill.name}`;
          await recordChange(tx, { actor, action: `backfill.${verb}`, subject, detail, now });
          if (verb === 'pause') await holdBackfill(tx, backfillId, { hold: 'person', until: null, now });
          if (verb === 'resume') await holdBackfill(tx, backfillId, { hold: null, until: null, now });
        } else log.backfill.warn({ event: 'order.refused', backfillId, verb, reason: refused });
        const { source, mode, pace, ownQueue, hold } = await readBackfill(tx, backfillId);
        return { source, mode, pace, ownQueue, paused: hold === 'person' };
      });
      const { source, ...rest } = terms;
      if (verb === 'pace') await setCeilingPerKey(temporal, source, !rest.ownQueue && rest.pace.perSecond !== null);
      return rest;
    },

    async endBackfill(payload: EndBackfillInput): Promise<void> {
      const { backfillId, state } = EndBackfillInput.parse(payload);
      const now = clock.now();
      await endBackfill(db, backfillId, { state, now });
      const { source } = await readBackfill(db, backfillId);
      await setCeilingPerKey(temporal, source, false);
      await tell(source, backfillId, null, now);
      log.backfill.info({ event: 'backfill.ended', backfillId, source, state });
    },
  };

  async function close(backfillId: string, { interval, because, threads }: BehindBackfill): Promise<void> {
    const { source, widthMs } = await readBackfill(db, backfillId);
    const { coveringWidthMs } = await relianceOn(db, source, timing);
    if (because !== null)
      log.backfill.warn({ event: 'listing.cut', backfillId, from: interval.from, to: interval.to, reason: because });
    await closeBackfillListing(db, {
      backfillId,
      interval: { from: new Date(interval.from), to: new Date(interval.to) },
      because,
      widthMs: because === null ? nextWidth(widthMs, threads, coveringWidthMs) : coveringWidthMs,
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
