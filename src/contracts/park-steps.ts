import { z } from 'zod';

export const LookUpThreadInput = z.strictObject({
  source: z.string().min(1).max(60),
  roundId: z.uuid(),
  /** Our id of the parked row of a listing. */
  parkId: z.uuid(),
});
export type LookUpThreadInput = z.infer<typeof LookUpThreadInput>;
