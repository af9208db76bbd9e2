import { z } from 'zod';
import { FAILURES, type FailureType } from '../domain/failures.js';

const uuid = z.uuid();
const instant = z.iso.datetime({ offset: true });
const source = z.string().min(1).max(60);

/** Payloads of activities: ids, instants and counts; no content, no address, no provider's text ever goes through Temporal. */
export const SourceInput = z.strictObject({ source });
export type SourceInput = z.infer<typeof SourceInput>;

export const OpenWindowInput = z.strictObject({ source, scheduledAt: instant });
export type OpenWindowInput = z.infer<typeof OpenWindowInput>;

export const IntervalInput = z.strictObject({ from: instant, to: instant, covering: z.boolean() });
export type IntervalInput = z.infer<typeof IntervalInput>;

export const ListPageInput = z.strictObject({
  source,
  windowId: uuid,
  interval: IntervalInput,
  afterCall: uuid.optional(),
  /** Readings of the interval that were made before in the same window. */
  earlier: z.array(uuid).max(8).optional(),
});
export type ListPageInput = z.infer<typeof ListPageInput>;

export const CloseWindowInput = z.strictObject({
  windowId: uuid,
  troubles: z
    .array(z.strictObject({ from: instant, to: instant, because: z.enum(Object.keys(FAILURES) as FailureType[]) }))
    .optional(),
});
export type CloseWindowInput = z.infer<typeof CloseWindowInput>;

export const DueBatchInput = z.strictObject({ source, limit: z.int().min(1).max(1000) });
export type DueBatchInput = z.infer<typeof DueBatchInput>;

export const ReadThreadPageInput = z.strictObject({
  source,
  roundId: uuid,
  threadId: uuid,
  afterCall: uuid.optional(),
  /** The reading whose first page is looked at once more. */
  confirm: uuid.optional(),
});
export type ReadThreadPageInput = z.infer<typeof ReadThreadPageInput>;

export const PostponeInput = z.strictObject({ threadId: uuid });
export type PostponeInput = z.infer<typeof PostponeInput>;

export const CloseRoundInput = z.strictObject({
  roundId: uuid,
  account: z.strictObject({
    threads: z.int(),
    calls: z.int(),
    stored: z.int(),
    known: z.int(),
    parked: z.int(),
    gone: z.int(),
    failed: z.int(),
  }),
});
export type CloseRoundInput = z.infer<typeof CloseRoundInput>;

export const NudgeInput = z.strictObject({ schedule: z.string().min(1).max(100) });
export type NudgeInput = z.infer<typeof NudgeInput>;

export const TakeUpInput = z.strictObject({ messageId: uuid, runId: uuid, bodyWaits: z.int().min(0) });
export type TakeUpInput = z.infer<typeof TakeUpInput>;

export const StepInput = z.strictObject({ messageId: uuid, carry: z.int().min(1) });
export type StepInput = z.infer<typeof StepInput>;

/** `modelSilent`: the language model was asked for long enough. */
export const UnderstandInput = StepInput.extend({ modelSilent: z.literal(true).optional() });
export type UnderstandInput = z.infer<typeof UnderstandInput>;

export const DecideInput = z.strictObject({ messageId: uuid, carry: z.int().min(1), turnWaits: z.int().min(0) });
export type DecideInput = z.infer<typeof DecideInput>;

export const ParkInput = z.strictObject({ messageId: uuid, step: z.string().max(60) });
export type ParkInput = z.infer<typeof ParkInput>;
