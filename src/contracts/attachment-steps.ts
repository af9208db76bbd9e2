import { z } from 'zod';

const source = z.string().min(1).max(60);

export const DueAttachmentsInput = z.strictObject({ source, limit: z.int().min(1).max(200) });
export type DueAttachmentsInput = z.infer<typeof DueAttachmentsInput>;

export const FetchAttachmentInput = z.strictObject({ source, attachmentId: z.uuid() });
export type FetchAttachmentInput = z.infer<typeof FetchAttachmentInput>;

export const PostponeAttachmentInput = z.strictObject({
  source,
  attachmentId: z.uuid(),
  /** Type of the failure. */
  problem: z.string().max(60),
});
export type PostponeAttachmentInput = z.infer<typeof PostponeAttachmentInput>;
