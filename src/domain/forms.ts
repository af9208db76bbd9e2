import type { Mode } from './states.js';

/** A web form as it is configured: who may deliver its submissions, what stands where in them, and what proves that all came. */
export interface Form {
  name: string;
  /** Name of its row in `source`. */
  source: string;
  verification: Verification;
  /** Bytes of the largest delivery. */
  maxBytes: number;
  fields: FieldPaths;
  /** Fields without which a submission is parked. */
  required: readonly FieldName[];
  /** ISO 3166 country in which its telephone numbers are read that have no country code; null where none is set. */
  region: string | null;
  /** What may be done with its submissions from now on; null leaves what is stored, which is `observe` at first. */
  mode: Mode | null;
  /** ISO instant; null lets entering `live` set it. */
  answerFrom: string | null;
  /** Addresses of the mailer that sends its submissions through the dashboard, in lower case; empty where it sends none. */
  mailers: readonly string[];
  /** How that mailer names fields, where it is not one of the usual names. */
  mailLabels: FieldPaths;
  reconciliation: Reconciliation;
}

export type Verification =
  | { scheme: 'standard-webhooks'; secrets: readonly string[] }
  | {
      scheme: 'hmac';
      secrets: readonly string[];
      /** Header of the signature, in lower case. */
      header: string;
      algorithm: 'sha256' | 'sha1';
      encoding: 'hex' | 'base64';
      /** What stands before the signature in its header, as `sha256=`. */
      prefix: string;
      /** Header of the signed instant (Unix seconds or milliseconds); null where the scheme has none. */
      timestampHeader: string | null;
      /** Header of the delivery's id; null where there is none. */
      deliveryHeader: string | null;
    };

/** How far a signed instant may lie from now. Source: Standard Webhooks. */
export const TOLERANCE_MS = 5 * 60_000;

export const FIELDS = {
  email: 'address of the sender',
  name: 'name of the sender',
  phone: 'telephone number of the sender, as it was written',
  subject: 'what it is about',
  message: 'what the sender wrote',
  language: 'language of the page',
  submission_id: "the vendor's id of the submission",
  sequence: 'number of the submission in a series without gaps',
  submitted_at: 'instant at which it was submitted, as the vendor says',
  wants_callback: 'whether the sender wants to be called',
  time_zone: 'time zone of the sender, as Europe/London',
} as const;
export type FieldName = keyof typeof FIELDS;
export type FieldPaths = Readonly<Partial<Record<FieldName, string>>>;

/** What was read of a submission; what is not there is null. */
export interface Fields {
  email: string | null;
  name: string | null;
  phone: string | null;
  subject: string | null;
  message: string | null;
  language: string | null;
  submissionId: string | null;
  sequence: number | null;
  /** ISO instant, UTC. */
  submittedAt: string | null;
  wantsCallback: boolean;
  /** As it was given; a name that is no zone counts as none where it is used. Missing in what was stored before it was read. */
  timeZone?: string | null;
}

export type Reconciliation =
  | {
      by: 'list';
      url: string;
      token: string | null;
      ratePerSecond: number;
      /** Where the rows stand in an answer, and the cursor of the page after it. */
      items: string;
      cursor: string;
      /** Where a row holds what a webhook's body is; the row itself where it is empty. */
      body: string;
    }
  | { by: 'sequence' }
  | { by: 'canary'; url: string; ratePerSecond: number /** Form field that carries the marker. */; markerField: string }
  | { by: 'none' };

export const SUBMISSION_WAYS = {
  direct: 'by a webhook or the list of the vendor',
  mail: 'as a structured e-mail through the dashboard',
} as const;
export type SubmissionWay = keyof typeof SUBMISSION_WAYS;

export const SUBMISSION_STATES = {
  mapped: 'its fields were read, and it has its message',
  parked: 'kept as it came: it does not fit the schema of its form',
  canary: 'sent by ourselves, to see whether submissions arrive',
} as const;
export type SubmissionState = keyof typeof SUBMISSION_STATES;

/** Why a delivery of a form was not taken. */
export const FORM_REFUSALS = {
  forged: 'no signature of ours, or a header of it is missing: 401',
  stale: 'its signed instant is more than five minutes away from now: 401',
  oversized: 'more bytes than a submission of the form may have: 413',
  too_many: 'more deliveries than one address may send: 429',
  unknown_form: 'no form of that name is configured: 404',
} as const;
export type FormRefusal = keyof typeof FORM_REFUSALS;

export const FORM_SOURCE_PREFIX = 'form.';

/** The source of a form by its name, or by the name of its source; of one that is no longer configured as well. */
export const sourceOfForm = (forms: readonly Pick<Form, 'name' | 'source'>[], form: string): string =>
  forms.find(({ name }) => name === form)?.source ??
  (form.startsWith(FORM_SOURCE_PREFIX) ? form : `${FORM_SOURCE_PREFIX}${form}`);

export const formWorkflowId = (source: string): string => `forms/${source}`;
