import { z } from 'zod';

const source = z.string().min(1);

export const OpenFormRoundInput = z.object({ source, runId: z.string().min(1), audit: z.boolean().optional() });
export type OpenFormRoundInput = z.infer<typeof OpenFormRoundInput>;

export const ListSubmissionsInput = z.object({
  source,
  roundId: z.uuid(),
  since: z.iso.datetime(),
  /** The call of the page before; absent for the first. */
  afterCall: z.uuid().optional(),
});
export type ListSubmissionsInput = z.infer<typeof ListSubmissionsInput>;

export const SubmitCanaryInput = z.object({ source, canaryId: z.uuid() });
export type SubmitCanaryInput = z.infer<typeof SubmitCanaryInput>;

export const CloseFormRoundInput = z.object({ source, roundId: z.uuid() });
export type CloseFormRoundInput = z.infer<typeof CloseFormRoundInput>;
