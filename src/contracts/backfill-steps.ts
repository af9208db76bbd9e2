import { z } from 'zod';
import {
  BACKFILL_DIRECTIONS,
  BACKFILL_HOLDS,
  BACKFILL_MODES,
  BACKFILL_ORDERS,
  type BackfillDirection,
  type BackfillHold,
  type BackfillMode,
  type BackfillVerb,
} from '../domain/backfill.js';
import { FAILURES, type FailureType } from '../domain/failures.js';

const uuid = z.uuid();
const instant = z.iso.datetime({ offset: true });
const source = z.string().min(1).max(60);
const hold = z.enum(Object.keys(BACKFILL_HOLDS) as [BackfillHold, ...BackfillHold[]]);
const interval = z.strictObject({ from: instant, to: instant });

export const BeginBackfillInput = z.strictObject({ backfillId: uuid, inHand: z.array(uuid).max(2_000) });
export type BeginBackfillInput = z.infer<typeof BeginBackfillInput>;

export const TakeBackfillInput = z.strictObject({ backfillId: uuid, limit: z.int().min(1).max(1_000) });
export type TakeBackfillInput = z.infer<typeof TakeBackfillInput>;

/** An interval that a walk has behind it, listed or not. */
const behind = z.strictObject({
  interval,
  /** Why no reading of it counts; null where one does. */
  because: z.enum(Object.keys(FAILURES) as [FailureType, ...FailureType[]]).nullable(),
  threads: z.int().min(0),
});
export type BehindBackfill = z.infer<typeof behind>;

export const NextBackfillIntervalInput = z.strictObject({ backfillId: uuid, behind: behind.optional() });
export type NextBackfillIntervalInput = z.infer<typeof NextBackfillIntervalInput>;

export const SkipBackfillThreadInput = z.strictObject({
  backfillId: uuid,
  thread: uuid,
  because: z.string().min(1).max(60),
});
export type SkipBackfillThreadInput = z.infer<typeof SkipBackfillThreadInput>;

export const HoldBackfillInput = z.strictObject({
  backfillId: uuid,
  /** What the workflow itself knows to be in the way; null asks the ledger alone. */
  known: hold.nullable(),
});
export type HoldBackfillInput = z.infer<typeof HoldBackfillInput>;

export const OrderBackfillInput = z.strictObject({
  backfillId: uuid,
  verb: z.enum(Object.keys(BACKFILL_ORDERS) as [BackfillVerb, ...BackfillVerb[]]),
  actor: z.string().min(1).max(200),
  detail: z.record(z.string(), z.unknown()),
  refused: z.string().max(500).nullable(),
});
export type OrderBackfillInput = z.infer<typeof OrderBackfillInput>;

export const EndBackfillInput = z.strictObject({ backfillId: uuid, state: z.enum(['done', 'cancelled', 'failed']) });
export type EndBackfillInput = z.infer<typeof EndBackfillInput>;

export const BackfillListPageInput = z.strictObject({
  source,
  backfillId: uuid,
  interval,
  afterCall: uuid.optional(),
  earlier: z.array(uuid).max(8).optional(),
});
export type BackfillListPageInput = z.infer<typeof BackfillListPageInput>;

export const BackfillThreadPageInput = z.strictObject({
  source,
  backfillId: uuid,
  thread: uuid,
  afterCall: uuid.optional(),
  confirm: uuid.optional(),
});
export type BackfillThreadPageInput = z.infer<typeof BackfillThreadPageInput>;

/** What a Schedule begins each time: a backfill of the last `spanMs`. */
export const SweepInput = z.strictObject({
  source,
  sweep: z.strictObject({
    name: z.string().min(1).max(60),
    workflowId: z.string().min(1).max(200),
    mode: z.enum(Object.keys(BACKFILL_MODES) as [BackfillMode, ...BackfillMode[]]),
    policy: z
      .strictObject({
        maxAgeDays: z.number().min(0),
        replies: z.enum(['never', 'draft', 'answer']),
        answerYoungerThanDays: z.number().min(0).nullable(),
      })
      .nullable(),
    direction: z.enum(Object.keys(BACKFILL_DIRECTIONS) as [BackfillDirection, ...BackfillDirection[]]),
    pace: z.strictObject({
      perSecond: z.number().positive().nullable(),
      batchThreads: z.int().min(1),
      batchPauseMs: z.int().min(0),
    }),
    ownQueue: z.boolean(),
    hours: z.strictObject({ from: z.int(), to: z.int(), zone: z.string().min(1).max(80) }).nullable(),
    widthMs: z.number().positive(),
    spanMs: z.number().positive(),
    askedBy: z.string().min(1).max(200),
  }),
});
export type SweepInput = z.infer<typeof SweepInput>;
