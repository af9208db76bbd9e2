import { randomBytes } from 'node:crypto';
import type { Form } from '../../src/domain/forms.js';

export const newSigningSecret = (): string => `whsec_${randomBytes(24).toString('base64')}`;

/** A contact form whose vendor signs as Standard Webhooks say, in `live` from the tests' beginning on. */
export const contactForm = (more: Partial<Form> = {}): Form => ({
  name: 'contact',
  source: 'form.contact',
  verification: { scheme: 'standard-webhooks', secrets: [newSigningSecret()] },
  maxBytes: 16_384,
  fields: {
    submission_id: 'id',
    sequence: 'number',
    submitted_at: 'created_at',
    email: 'fields.email',
    name: 'fields.name',
    phone: 'fields.phone',
    message: 'fields.message',
    wants_callback: 'fields.callback',
  },
  required: ['email', 'message'],
  region: 'GB',
  mode: 'live',
  answerFrom: '1970-01-01T00:00:00.000Z',
  mailers: [],
  mailLabels: {},
  reconciliation: { by: 'none' },
  ...more,
});

export const submissionBody = (id: string, more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    id,
    fields: { email: 'customer@example.com', name: 'A customer', message: `Where is my parcel? (${id})`, ...more },
  });
