import { readMailedForm } from '../delivery/mailed-form.js';
import type { Fields, Form } from '../domain/forms.js';
import type { Timing } from '../domain/timing.js';
import type { Sql } from '../ledger/database.js';
import type { CarriedMessage, MessageContent } from '../ledger/lifecycles.js';
import { findSameSubmission, recordMailedSubmission, submissionOf } from '../ledger/same-submission.js';
import { lockForm } from '../ledger/submissions.js';

export interface TakingUp {
  forms: readonly Form[];
  message: CarriedMessage;
  content: MessageContent;
  now: Date;
  timing: Timing;
}

export interface TakenForm {
  fields: Fields | null;
  /** Whether the mailer of a form wrote it: then a customer stands behind it, whatever its headers say. */
  byMailer: boolean;
  /** The message under which the same submission is carried already. */
  other: string | null;
}

/** What a message is as a submission: one that was pushed, a form that is recognised in a mail, or none. */
export async function takeUpForm(tx: Sql, taking: TakingUp): Promise<TakenForm> {
  const { forms, message, content, now, timing } = taking;
  if (message.channel === 'form')
    return { fields: (await submissionOf(tx, message.id))?.fields ?? null, byMailer: false, other: null };
  const mailed = readMailedForm(forms, message.channel, content);
  if (mailed === null) return { fields: null, byMailer: false, other: null };
  const { form, fields } = mailed;
  if (fields === null) return { fields: null, byMailer: true, other: null };
  await lockForm(tx, form.source);
  await recordMailedSubmission(tx, form, message, fields, now);
  const at = [message.firstSeenAt, ...(message.originAt ? [message.originAt] : [])];
  const other = await findSameSubmission(tx, { source: form.source, way: 'mail', fields, at, timing });
  return { fields, byMailer: true, other };
}
