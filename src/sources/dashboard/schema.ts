import { z } from 'zod';

/** Longest id that is taken: a unique index of Postgres holds about 2,700 bytes a row, and a row must never wedge its page. */
const LONGEST_ID = 512;
const LONGEST_CURSOR = 4096;

/**
 * An id that can be stored, compared and put into a path without being changed. A number is no id, since JSON readers round
 * those beyond 2^53; '.' and '..' would walk up the path of the route; U+FFFD says that bytes were lost before us.
 */
export const ProviderId = z
  .string({ error: 'is no string' })
  .min(1, 'is empty')
  .max(LONGEST_ID, `is longer than ${LONGEST_ID} characters`)
  .refine((id) => !/[\p{Cc}\p{Surrogate}\uFFFD]/u.test(id) && id !== '.' && id !== '..', 'holds what no id can hold');

const Cursor = z
  .string()
  .min(1)
  .max(LONGEST_CURSOR)
  .refine((cursor) => !/[\p{Cc}\p{Surrogate}\uFFFD]/u.test(cursor));

const text = z.string().nullish();

export const ThreadRow = z.object({
  id: ProviderId,
  subject: text,
  inbox: text,
  created_at: z.string(),
  status: text,
});
export type ThreadRow = z.infer<typeof ThreadRow>;

/**
 * Identity, direction and content are what a message cannot do without: another type than the contract's makes the row
 * unreadable. Absent or unusable from, to or received_at is a gap of the message, not of the row: normalize.ts reads them.
 */
export const MessageRow = z.object({
  id: ProviderId,
  thread_id: ProviderId,
  direction: z.enum(['inbound', 'outbound']),
  from: z.unknown().optional(),
  to: z.unknown().optional(),
  subject: text,
  text,
  html: text,
  headers: z.record(z.string(), z.unknown()).nullish(),
  received_at: z.unknown().optional(),
  client_ref: text,
  attachments: z.array(z.looseObject({})).nullish(),
});
export type MessageRow = z.infer<typeof MessageRow>;

/** The envelopes: strict about their keys, since an absent next_cursor read as null would end a listing that goes on. */
export const ThreadPage = z.object({ threads: z.array(z.unknown()), next_cursor: Cursor.nullable() });
export const MessagePage = z.object({ messages: z.array(z.unknown()), next_cursor: Cursor.nullable() });

export const KNOWN = {
  threadPage: new Set(Object.keys(ThreadPage.shape)),
  messagePage: new Set(Object.keys(MessagePage.shape)),
  thread: new Set(Object.keys(ThreadRow.shape)),
  message: new Set(Object.keys(MessageRow.shape)),
  address: new Set(['name', 'email']),
  attachment: new Set(['id', 'name', 'content_type', 'size']),
};
