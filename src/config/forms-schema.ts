import { isSupportedCountry } from 'libphonenumber-js/min';
import { z } from 'zod';
import { FIELDS, type FieldName, TOLERANCE_MS } from '../domain/forms.js';
import { isPath } from '../domain/read-path.js';
import { MODES, type Mode } from '../domain/states.js';

const fieldNames = Object.keys(FIELDS) as [FieldName, ...FieldName[]];
const httpUrl = z
  .string()
  .refine(
    (text) => /^https?:\/\/[^/?#@]+([/?]|$)/.test(text) && URL.canParse(text),
    'must be an http or https URL without a name in it',
  );
const header = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,100}$/, 'must be the name of a header')
  .transform((name) => name.toLowerCase());
const path = z.string().refine(isPath, 'must be a path as data.email, answers[0].text or fields[label=E-mail].value');
const rate = z.number().min(0.001).max(100).default(1);

/** Where a secret stands: never in the file itself, which people copy and show. */
export const SecretPlace = z.union(
  [
    z.strictObject({
      env: z
        .string()
        .regex(/^[A-Z_][A-Z0-9_]{0,99}$/, 'must be the name of a variable')
        .refine(
          (name) => !name.startsWith('WAYBILL_'),
          'must not begin with WAYBILL_: those names are the settings of Waybill',
        ),
    }),
    z.strictObject({ file: z.string().min(1) }),
  ],
  'must be { env: NAME } or { file: PATH }',
);
export type SecretPlace = z.infer<typeof SecretPlace>;

const secrets = z.array(SecretPlace).min(1, 'needs a secret').max(2, 'takes two secrets at most');

const Verify = z.discriminatedUnion('scheme', [
  z.strictObject({ scheme: z.literal('standard-webhooks'), secrets }),
  z.strictObject({
    scheme: z.literal('hmac'),
    secrets,
    header,
    algorithm: z.enum(['sha256', 'sha1']).default('sha256'),
    encoding: z.enum(['hex', 'base64']).default('hex'),
    prefix: z.string().max(50).default(''),
    timestamp_header: header.nullable().default(null),
    delivery_header: header.nullable().default(null),
  }),
]);

const Reconcile = z.discriminatedUnion('by', [
  z.strictObject({
    by: z.literal('list'),
    url: httpUrl,
    token: SecretPlace.optional(),
    rate_per_second: rate,
    items: path.default('items'),
    cursor: path.default('next_cursor'),
    body: path.default(''),
  }),
  z.strictObject({ by: z.literal('sequence') }),
  z.strictObject({
    by: z.literal('canary'),
    url: httpUrl,
    rate_per_second: rate,
    marker_field: z.string().min(1).max(200),
  }),
  z.strictObject({ by: z.literal('none') }),
]);

const FormEntry = z
  .strictObject({
    verify: Verify,
    tolerance_seconds: z.literal(TOLERANCE_MS / 1_000, `is ${TOLERANCE_MS / 1_000} for every form`).optional(),
    max_bytes: z.int().min(256).max(1_048_576).default(262_144),
    fields: z.strictObject(Object.fromEntries(fieldNames.map((name) => [name, path.optional()]))),
    required: z.array(z.enum(fieldNames)).default([]),
    region: z
      .string()
      .refine(isSupportedCountry, 'must be a country of ISO 3166 that has telephone numbers, as GB')
      .nullable()
      .default(null),
    source: z
      .string()
      .regex(/^form\.[a-z0-9][a-z0-9-]{0,60}$/, 'must be form. and then small letters, digits and dashes')
      .optional(),
    mode: z
      .enum(Object.keys(MODES) as [Mode, ...Mode[]])
      .nullable()
      .default(null),
    answer_from: z.iso.datetime({ offset: true, error: 'must be an instant with its zone' }).nullable().default(null),
    mailers: z
      .array(z.string().regex(/^[^\s@]+@[^\s@]+$/, 'must be an address'))
      .max(20)
      .default([]),
    mail_labels: z
      .strictObject(Object.fromEntries(fieldNames.map((name) => [name, z.string().min(1).max(41).optional()])))
      .default({}),
    reconcile: Reconcile.default({ by: 'none' }),
  })
  .superRefine((form, context) => {
    for (const name of form.required)
      if (form.fields[name] === undefined)
        context.addIssue({ code: 'custom', path: ['required'], message: `names ${name}, which fields does not map` });
    if (!form.fields.email && !form.fields.phone)
      context.addIssue({
        code: 'custom',
        path: ['fields'],
        message: 'must map email or phone: whoever wrote could not be answered',
      });
    if (form.reconcile.by === 'sequence' && !form.fields.sequence)
      context.addIssue({
        code: 'custom',
        path: ['fields'],
        message: 'must map sequence, by which the form is reconciled',
      });
  });

export const FormsFile = z.strictObject({
  forms: z.record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,60}$/, 'must be small letters, digits and dashes'), FormEntry),
});
export type FormEntry = z.infer<typeof FormEntry>;
