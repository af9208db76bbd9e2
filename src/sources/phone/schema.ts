import { z } from 'zod';
import { PHONE_STATUSES, type PhoneStatus } from '../../domain/calls.js';

const status = z.enum(Object.keys(PHONE_STATUSES) as [PhoneStatus, ...PhoneStatus[]]);
const instant = z
  .string()
  .transform((text) => new Date(text))
  .refine((at) => !Number.isNaN(at.getTime()), 'is no date of RFC 2822');

/** A call as the provider gives it; its names are Twilio's. Fields that are not needed are passed over. */
export const CallResource = z.object({
  sid: z.string().regex(/^[A-Za-z0-9]{1,64}$/, 'is no id'),
  to: z.string().max(100),
  from: z.string().max(100),
  status,
  date_created: instant,
});
export type CallResource = z.output<typeof CallResource>;

export const CallList = z.object({
  calls: z.array(CallResource),
  /** Path and query on the same host; null, and only null, ends the list. */
  next_page_uri: z.string().min(1).nullable().optional(),
});

/** What a status callback says, as far as it is used. */
export const StatusCallback = z.object({
  CallSid: z.string().regex(/^[A-Za-z0-9]{1,64}$/),
  AccountSid: z.string().max(64),
  CallStatus: status,
  SequenceNumber: z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number),
});
export type StatusCallback = z.output<typeof StatusCallback>;
