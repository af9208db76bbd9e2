import { z } from 'zod';

/** What a person decided about a draft: its words and the person's note stand in the ledger, never here. */
export const SettleApprovalInput = z.strictObject({
  messageId: z.uuid(),
  draftVersion: z.int().min(1),
  verdict: z.enum(['approved', 'rejected']),
  /** Name of a token, or `cli:` and the account. */
  actor: z.string().min(1).max(200),
});
export type SettleApprovalInput = z.infer<typeof SettleApprovalInput>;
