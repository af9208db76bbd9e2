import { z } from 'zod';

export const CaseInput = z.strictObject({ caseId: z.uuid() });
export type CaseInput = z.infer<typeof CaseInput>;

export const TellOfCaseInput = z.strictObject({ caseId: z.uuid(), reminder: z.int().min(1) });
export type TellOfCaseInput = z.infer<typeof TellOfCaseInput>;

export const NoteCaseInput = z.strictObject({ caseId: z.uuid(), source: z.string().min(1).max(60) });
export type NoteCaseInput = z.infer<typeof NoteCaseInput>;

export const DigestInput = z.strictObject({ until: z.iso.datetime({ offset: true }) });
export type DigestInput = z.infer<typeof DigestInput>;
