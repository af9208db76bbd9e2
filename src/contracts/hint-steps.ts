import { z } from 'zod';

export const LookUpHintInput = z.strictObject({
  source: z.string().min(1).max(60),
  windowId: z.uuid(),
  hintId: z.uuid(),
});
export type LookUpHintInput = z.infer<typeof LookUpHintInput>;
