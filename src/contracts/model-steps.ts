import { z } from 'zod';

/** The message a language model is asked about: our id of it, and the source whose queue carries the call. */
export const AskModelInput = z.strictObject({ source: z.string().min(1).max(60), messageId: z.uuid() });
export type AskModelInput = z.infer<typeof AskModelInput>;
