import { z } from 'zod';

const uuid = z.uuid();
const source = z.string().min(1).max(60);

/** Payloads of the activities of an audit: ids and numbers alone. */
export const OpenAuditInput = z.strictObject({
  source,
  /** Threads to draw. */
  threads: z.int().min(1).max(100_000),
  seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable(),
});
export type OpenAuditInput = z.infer<typeof OpenAuditInput>;

export const AuditInput = z.strictObject({ auditId: uuid });
export type AuditInput = z.infer<typeof AuditInput>;

export const AuditThreadInput = z.strictObject({ auditId: uuid, threadId: uuid });
export type AuditThreadInput = z.infer<typeof AuditThreadInput>;

export const CloseAuditThreadInput = z.strictObject({ auditId: uuid, threadId: uuid, readingId: uuid });
export type CloseAuditThreadInput = z.infer<typeof CloseAuditThreadInput>;

export const AuditPageInput = z.strictObject({
  source,
  auditId: uuid,
  threadId: uuid,
  afterCall: uuid.optional(),
  /** The reading whose first page is looked at once more. */
  confirm: uuid.optional(),
});
export type AuditPageInput = z.infer<typeof AuditPageInput>;
