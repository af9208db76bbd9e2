import type { FieldName, FieldPaths } from './forms.js';

/** How form mailers name what we read, in lower case; a form can name others. */
const LABELS: Readonly<Record<FieldName, readonly string[]>> = {
  email: ['email', 'e-mail', 'mail', 'email address', 'e-mail address', 'your email', 'your e-mail', 'contact email'],
  name: ['name', 'full name', 'your name', 'first name', 'contact name'],
  phone: ['phone', 'telephone', 'tel', 'mobile', 'phone number', 'telephone number', 'your phone', 'mobile number'],
  subject: ['subject', 'topic', 'your subject', 'reason'],
  message: ['message', 'your message', 'comment', 'comments', 'enquiry', 'inquiry', 'question', 'details'],
  language: ['language', 'locale'],
  submission_id: ['submission id', 'submission', 'entry id', 'form entry id', 'response id'],
  sequence: ['entry number', 'submission number', 'entry no'],
  submitted_at: ['submitted', 'submitted at', 'submitted on', 'submission date'],
  wants_callback: ['callback', 'call back', 'call me back', 'call me', 'please call me', 'request a callback'],
  time_zone: ['time zone', 'timezone', 'your time zone'],
};

const READ_CHARACTERS = 100_000;
/** Own words above the first field mean that a person wrote the mail around it. */
const LINES_BEFORE = 5;
const LINE = /^[ \t]*(?:[*•-][ \t]*)?\*{0,2}([\p{L}][\p{L}\p{N} _/-]{0,40}?)\*{0,2}[ \t]*:\*{0,2}[ \t]*(.*)$/u;
const END = /^(?:--|__|==)[-_= ]*$/;

export type LabelledFields = Partial<Record<FieldName, string>>;

/**
 * The fields of a form that stand in a mail as lines "Field: value"; null for any other mail. A value goes on until the next field
 * that is known, so that a message may hold colons of its own. Recognised are three fields, or a sender and what they wrote, that
 * begin within the first lines; the headers of a forwarded mail are neither.
 */
export function readStructuredMail(text: string, named: FieldPaths = {}): LabelledFields | null {
  const fieldOf = new Map<string, FieldName>();
  for (const [field, labels] of Object.entries(LABELS) as [FieldName, readonly string[]][])
    for (const label of labels) fieldOf.set(label, field);
  for (const [field, label] of Object.entries(named) as [FieldName, string][])
    fieldOf.set(label.trim().toLowerCase(), field);

  const found = new Map<FieldName, string[]>();
  let current: FieldName | null = null;
  let before = 0;
  let begun = false;
  for (const line of text.slice(0, READ_CHARACTERS).split('\n')) {
    const [, label = '', value = ''] = LINE.exec(line.slice(0, 2_000)) ?? [];
    const field = fieldOf.get(label.toLowerCase().replaceAll(/[ _]+/g, ' '));
    if (field !== undefined && !found.has(field)) {
      found.set(field, [value]);
      current = field;
      begun = true;
    } else if (current === null) {
      if (!begun && line.trim() !== '' && ++before > LINES_BEFORE) return null;
    } else if (END.test(line.trim())) break;
    else if (current === 'message') found.get(current)?.push(line);
    else if (field === undefined && label !== '')
      current = null; // a field of the form that we do not read
    else if (found.get(current)?.join('').trim() === '') found.get(current)?.push(line);
  }
  const fields = Object.fromEntries(
    [...found].flatMap(([field, lines]) => {
      const value = lines.join('\n').trim();
      return value === '' ? [] : [[field, value]];
    }),
  ) as LabelledFields;
  const isForm =
    (fields.email !== undefined || fields.phone !== undefined) &&
    (fields.message !== undefined || Object.keys(fields).length >= 3);
  return isForm ? fields : null;
}
