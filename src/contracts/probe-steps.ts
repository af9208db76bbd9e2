import { z } from 'zod';
import { CLAIMS, type ClaimName, OUTCOMES, type Outcome } from '../domain/claims.js';

const uuid = z.uuid();
const instant = z.iso.datetime({ offset: true });
const source = z.string().min(1).max(60);
const claim = z.enum(Object.keys(CLAIMS) as [ClaimName, ...ClaimName[]]);
const outcome = z.enum(Object.keys(OUTCOMES) as [Outcome, ...Outcome[]]);

/** Payloads of the probe's activities: ids of ours, instants and counts. */
export const ProbeListingInput = z.strictObject({
  source,
  since: instant,
  until: instant,
  limit: z.int().min(1).max(1000),
  /** The call whose next page is asked for. */
  afterCall: uuid.optional(),
  /** The thread of ours that the answer is searched for. */
  expectThread: uuid.optional(),
});
export type ProbeListingInput = z.infer<typeof ProbeListingInput>;

export const ProbeThreadInput = z.strictObject({
  source,
  threadId: uuid,
  /** The message of ours that the answer is searched for. */
  expectMessage: uuid.optional(),
  clientRef: z.string().max(100).optional(),
  /** Our mails, in the order in which they were written. */
  canaryIds: z.array(uuid).max(10).optional(),
});
export type ProbeThreadInput = z.infer<typeof ProbeThreadInput>;

export const FindThreadInput = z.strictObject({ source, canaryId: uuid });
export type FindThreadInput = z.infer<typeof FindThreadInput>;

export const WeighAttachmentInput = z.strictObject({ source, attachmentId: uuid });
export type WeighAttachmentInput = z.infer<typeof WeighAttachmentInput>;

export const ProbeReplyInput = z.strictObject({
  source,
  canaryId: uuid,
  /** Derived from the probe's run: requests with the same one share their Idempotency-Key. */
  clientRef: z.string().min(1).max(100),
});
export type ProbeReplyInput = z.infer<typeof ProbeReplyInput>;

export const SampleInput = z.strictObject({ source, limit: z.int().min(1).max(500) });
export type SampleInput = z.infer<typeof SampleInput>;

export const WriteMailInput = z.strictObject({
  source,
  purpose: z.enum(['canary', 'probe']),
  /** The mail of ours whose thread it continues. */
  continues: uuid.optional(),
  /** How old its Date header is, in milliseconds. */
  originAgeMs: z.number().min(0),
});
export type WriteMailInput = z.infer<typeof WriteMailInput>;

export const ObserveInput = z.strictObject({
  source,
  claim,
  outcome,
  cases: z.int().min(1).optional(),
  callId: uuid.optional(),
  evidence: z.record(z.string(), z.union([z.string().max(200), z.number(), z.boolean(), z.null()])).optional(),
});
export type ObserveInput = z.infer<typeof ObserveInput>;

export const CanaryInput = z.strictObject({ source, canaryId: uuid });
export type CanaryInput = z.infer<typeof CanaryInput>;
