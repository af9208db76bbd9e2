import type { Clock } from '../domain/clock.js';
import type { Form, FormRefusal } from '../domain/forms.js';
import { readSubmissionBody } from '../domain/submission-body.js';
import type { Timing } from '../domain/timing.js';
import type { Database } from '../ledger/database.js';
import { bindForm, type Recorded, recordSubmission } from '../ledger/submissions.js';
import { type Headers, verifyDelivery } from './form-signature.js';

export interface FormDelivery {
  form: Form;
  headers: Headers;
  /** The body as it came: a signature holds for bytes, not for what a parser makes of them. */
  body: Buffer;
}

export type FormVerdict = Recorded | { kind: 'refused'; cause: FormRefusal };

export interface FormWebhookDeps {
  db: Database;
  clock: Clock;
  timing: Timing;
  mailboxGroup: string;
}

/** Takes submissions: verified over their raw bytes, recorded before they are acknowledged, and once per delivery. */
export function createFormIngress({ db, clock, timing, mailboxGroup }: FormWebhookDeps) {
  const bound = new Map<string, Promise<unknown>>();

  /** The row of the form's source is made with its first delivery, and once per process brought to what is configured. */
  function bind(form: Form): Promise<unknown> {
    const known = bound.get(form.source);
    if (known) return known;
    const binding = bindForm(db, form, mailboxGroup, clock.now());
    bound.set(form.source, binding);
    binding.catch(() => bound.delete(form.source));
    return binding;
  }

  return async ({ form, headers, body }: FormDelivery): Promise<FormVerdict> => {
    if (body.length > form.maxBytes) return { kind: 'refused', cause: 'oversized' };
    const verified = verifyDelivery(form.verification, headers, body, clock.now());
    if ('refused' in verified) return { kind: 'refused', cause: verified.refused };
    await bind(form);
    const { deliveryId } = verified;
    const text = body.toString('utf8');
    const arrival = { form, by: 'webhook', raw: body, body: readSubmissionBody(text), deliveryId, call: null } as const;
    return recordSubmission(db, { ...arrival, now: clock.now(), timing });
  };
}
