import { z } from 'zod';

/** An id that Postgres can hold as it came. */
const threadId = z
  .string()
  .min(1)
  .max(512)
  .refine((id) => !/[\p{Cc}\p{Surrogate}]/u.test(id));

/** A dashboard's webhook: the id of a thread in which something happened; whatever else it says is not read. */
export const DashboardHint = z
  .union([
    z.object({ thread_id: threadId }).transform((hint) => hint.thread_id),
    z.object({ data: z.object({ thread_id: threadId }) }).transform((hint) => hint.data.thread_id),
  ])
  .transform((providerThreadId) => ({ providerThreadId }));
