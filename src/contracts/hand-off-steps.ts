import { z } from 'zod';
import { HAND_OFF_OUTCOMES, type HandOffOutcome } from '../domain/hand-offs.js';

export const HandOffInput = z.strictObject({ messageId: z.uuid() });
export type HandOffInput = z.infer<typeof HandOffInput>;

/**
 * What a platform may report: a word of a closed list and two names of its own. Nothing else is taken, so that nothing a customer
 * wrote comes back this way.
 */
export const OutcomeBody = z.strictObject({
  status: z.enum(Object.keys(HAND_OFF_OUTCOMES) as [HandOffOutcome, ...HandOffOutcome[]]),
  reference: z
    .string()
    .regex(/^[\w.:/-]{1,120}$/, 'must be 1 to 120 letters, digits, dots, colons, slashes, dashes or underscores')
    .nullish()
    .transform((given) => given ?? null),
  reason: z
    .string()
    .regex(/^[a-z0-9_]{1,60}$/, 'must be 1 to 60 small letters, digits or underscores')
    .nullish()
    .transform((given) => given ?? null),
});
export type OutcomeBody = z.infer<typeof OutcomeBody>;
