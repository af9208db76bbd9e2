import { DueAttachmentsInput, PostponeAttachmentInput } from '../contracts/attachment-steps.js';
import { dueAttachments, postponeAttachment } from '../ledger/attachments.js';
import { isStopped } from '../ledger/stopped-sources.js';
import type { ActivityDeps } from './deps.js';

/** Steps of the runs that fetch attachments; they touch the ledger alone. */
export const createAttachmentSteps = ({ db, clock, timing, log, attachments }: ActivityDeps) => ({
  /** Our ids of the attachments that are due; none where they are not wanted, or the source is stopped. */
  async dueAttachments(payload: DueAttachmentsInput): Promise<{ attachments: string[] }> {
    const { source, limit } = DueAttachmentsInput.parse(payload);
    if (!attachments.wanted || (await isStopped(db, source))) return { attachments: [] };
    return { attachments: await dueAttachments(db, source, limit, clock.now()) };
  },

  /** One that did not come, however often it was asked for in this run, is asked for again at its time, or no more. */
  async postponeAttachment(payload: PostponeAttachmentInput): Promise<void> {
    const { source, attachmentId, problem } = PostponeAttachmentInput.parse(payload);
    const { attempts, until } = await postponeAttachment(db, attachmentId, { problem, now: clock.now(), timing });
    log.intake.warn({
      event: 'attachment.postponed',
      source,
      attachmentId,
      attempt: attempts,
      until: until?.toISOString() ?? 'never',
    });
  },
});

export type AttachmentSteps = ReturnType<typeof createAttachmentSteps>;
