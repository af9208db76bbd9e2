import { plainText } from '../classify/plain-text.js';
import { FIELDS, type FieldPaths, type Fields, type Form } from '../domain/forms.js';
import { mapSubmission } from '../domain/map-submission.js';
import { readStructuredMail } from '../domain/structured-mail.js';
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

/** Each field under its own name, as a mail gives it. */
const BY_NAME = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, name])) as FieldPaths;

/** The form of whose mailer a message is. */
export const mailerForm = (forms: readonly Form[], { from }: Pick<MessageContent, 'from'>): Form | null =>
  (from?.kind === 'email' && forms.find((form) => form.mailers.includes(from.value.toLowerCase()))) || null;

/** What a message is as a submission: one that was pushed, a form that is recognised in a mail, or none. */
export async function takeUpForm(tx: Sql, taking: TakingUp): Promise<TakenForm> {
  const { forms, message, content, now, timing } = taking;
  if (message.channel === 'form')
    return { fields: (await submissionOf(tx, message.id))?.fields ?? null, byMailer: false, other: null };
  const form = message.channel === 'email' ? mailerForm(forms, content) : null;
  if (form === null) return { fields: null, byMailer: false, other: null };
  const read = readStructuredMail(plainText(content), form.mailLabels);
  const mapped = read === null ? null : mapSubmission({ fields: BY_NAME, required: form.required }, read);
  if (!mapped?.ok) return { fields: null, byMailer: true, other: null };
  const { fields } = mapped;
  await lockForm(tx, form.source);
  await recordMailedSubmission(tx, form, message, fields, now);
  const at = [message.firstSeenAt, ...(message.originAt ? [message.originAt] : [])];
  const other = await findSameSubmission(tx, { source: form.source, way: 'mail', fields, at, timing });
  return { fields, byMailer: true, other };
}
