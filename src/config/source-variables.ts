import type { Variable } from './variable.js';

/** What messages come from, what is fetched with them, and where alarms go. */
export const SOURCE_VARIABLES = {
  WAYBILL_DASHBOARD_URL: {
    group: 'source',
    kind: 'url',
    default: null,
    doc: 'dashboard to take messages from; unset: the simulated one',
  },
  WAYBILL_DASHBOARD_TOKEN: {
    group: 'source',
    kind: 'token',
    default: null,
    secret: true,
    doc: 'bearer token of the dashboard',
  },
  WAYBILL_DASHBOARD_WEBHOOK_SECRET: {
    group: 'source',
    kind: 'secrets',
    default: null,
    secret: true,
    doc: 'signing secret of the webhooks of the dashboard, or two while one replaces the other; unset: none are taken',
  },
  WAYBILL_MODE: {
    group: 'source',
    kind: 'mode',
    default: null,
    doc: 'what the source may do; unset: observe for a real source, live for the simulator',
  },
  WAYBILL_ANSWER_FROM: {
    group: 'source',
    kind: 'instant',
    default: null,
    doc: 'mail before this instant is never answered; unset: the instant at which the source enters shadow, approve or live',
  },
  WAYBILL_SOURCE_LIMIT: {
    group: 'source',
    kind: 'limit',
    default: null,
    doc: 'calls that the provider of the dashboard allows, as 100/s or 300/min: half of a limit per second is used, 0.9 of a longer one',
  },
  WAYBILL_SOURCE_RATE: {
    group: 'source',
    kind: 'rate',
    default: null,
    doc: 'calls to the dashboard per second at most, instead of WAYBILL_SOURCE_LIMIT; unset and without a limit: 5',
  },
  WAYBILL_OWN_ADDRESSES: {
    group: 'source',
    kind: 'addresses',
    default: null,
    doc: 'our own addresses: what comes from them is not answered',
  },
  WAYBILL_MAILBOX_GROUP: {
    group: 'source',
    kind: 'name',
    default: 'default',
    doc: 'sources of one group share their mail: the same message in two of them is answered once',
  },
  WAYBILL_FORMS: {
    group: 'source',
    kind: 'file',
    default: null,
    doc: 'YAML or JSON file of the web forms whose submissions are taken (docs/reference/forms.md); unset: none',
  },

  WAYBILL_ALARM_WEBHOOK_URL: {
    group: 'alarms',
    kind: 'url',
    default: null,
    doc: 'where alarms are sent to; unset: they stand in `waybill alarms` alone',
  },
  WAYBILL_ALARM_WEBHOOK_SECRET: {
    group: 'alarms',
    kind: 'signing',
    default: null,
    secret: true,
    doc: 'what they are signed with (Standard Webhooks)',
  },

  WAYBILL_ATTACHMENTS: {
    group: 'attachments',
    kind: 'switch',
    default: 'true',
    doc: 'whether the bytes of attachments are fetched; off: they are named and not asked for',
  },
  WAYBILL_ATTACHMENT_MAX_BYTES: {
    group: 'attachments',
    kind: 'count',
    default: '26214400',
    doc: 'bytes of the largest attachment that is kept',
  },
  WAYBILL_ATTACHMENT_STORE: {
    group: 'attachments',
    kind: 'store',
    default: 'postgres',
    doc: 'where the bytes of attachments go: into the ledger, or to an S3-compatible store',
  },
  WAYBILL_S3_ENDPOINT: { group: 'attachments', kind: 'url', default: null, doc: 'address of the S3-compatible store' },
  WAYBILL_S3_BUCKET: {
    group: 'attachments',
    kind: 'name',
    default: null,
    doc: 'bucket of the attachments, which exists already',
  },
  WAYBILL_S3_REGION: { group: 'attachments', kind: 'name', default: 'us-east-1', doc: 'region of the store' },
  WAYBILL_S3_ACCESS_KEY_ID: { group: 'attachments', kind: 'token', default: null, doc: 'access key of the store' },
  WAYBILL_S3_SECRET_ACCESS_KEY: {
    group: 'attachments',
    kind: 'token',
    default: null,
    secret: true,
    doc: 'secret that belongs to the access key',
  },
} as const satisfies Record<string, Variable>;
