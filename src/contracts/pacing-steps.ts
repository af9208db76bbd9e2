import { z } from 'zod';

export const PaceInput = z.strictObject({ source: z.string().min(1).max(60) });
export type PaceInput = z.infer<typeof PaceInput>;

export const NotifyInput = z.strictObject({ alarmId: z.uuid() });
export type NotifyInput = z.infer<typeof NotifyInput>;
