import { z } from 'zod';

export const CallInput = z.strictObject({ messageId: z.uuid() });
export type CallInput = z.infer<typeof CallInput>;

export const LookForCallInput = z.strictObject({ messageId: z.uuid(), afterCall: z.uuid().optional() });
export type LookForCallInput = z.infer<typeof LookForCallInput>;

export const ListCallsInput = z.strictObject({ source: z.string().min(1).max(60), afterCall: z.uuid().optional() });
export type ListCallsInput = z.infer<typeof ListCallsInput>;

export const CompareCallsInput = z.strictObject({ source: z.string().min(1).max(60), readingId: z.uuid() });
export type CompareCallsInput = z.infer<typeof CompareCallsInput>;
