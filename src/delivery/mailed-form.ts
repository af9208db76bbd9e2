import { plainText } from '../classify/plain-text.js';
import { FIELDS, type FieldPaths, type Fields, type Form } from '../domain/forms.js';
import { mapSubmission } from '../domain/map-submission.js';
import type { Channel } from '../domain/message.js';
import { readStructuredMail } from '../domain/structured-mail.js';
import type { MessageContent } from '../ledger/lifecycles.js';

/** Each field under its own name, as a mail gives it. */
const BY_NAME = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, name])) as FieldPaths;

export interface MailedForm {
  /** The form whose mailer wrote it. */
  form: Form;
  /** Null where no form of its kind is recognised in it. */
  fields: Fields | null;
}

/** What the mailer of a form wrote, with the fields that stand in it; null for everybody else's mail. */
export function readMailedForm(
  forms: readonly Form[],
  channel: Channel,
  content: Pick<MessageContent, 'from' | 'text' | 'html'>,
): MailedForm | null {
  const { from } = content;
  if (channel !== 'email' || from?.kind !== 'email') return null;
  const form = forms.find(({ mailers }) => mailers.includes(from.value.toLowerCase()));
  if (form === undefined) return null;
  const read = readStructuredMail(plainText(content), form.mailLabels);
  const mapped = read === null ? null : mapSubmission({ fields: BY_NAME, required: form.required }, read);
  return { form, fields: mapped?.ok ? mapped.fields : null };
}
