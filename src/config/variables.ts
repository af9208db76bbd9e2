import type { Kind } from './kinds.js';

export interface Variable {
  group:
    | 'data'
    | 'postgres'
    | 'temporal'
    | 'source'
    | 'alarms'
    | 'attachments'
    | 'playbooks'
    | 'classifier'
    | 'phone'
    | 'people'
    | 'api'
    | 'worker'
    | 'log'
    | 'simulator'
    | 'timing'
    | 'test';
  kind: Kind;
  /** As it would be written in the environment; null where the variable has no value unless it is set. */
  default: string | null;
  doc: string;
  /** Masked wherever settings are shown; NAME_FILE may name a file that holds the value. */
  secret?: true;
}

/** Every variable but those of the timing; docs/reference/configuration.md is held against this table by a test. */
export const VARIABLES = {
  WAYBILL_DATA_DIR: {
    group: 'data',
    kind: 'path',
    default: '.waybill',
    doc: 'folder of all data of the embedded installation',
  },
  WAYBILL_CACHE_DIR: {
    group: 'data',
    kind: 'path',
    default: null,
    doc: 'folder of the Temporal CLI that set-up keeps; unset: waybill in the user cache of the platform',
  },

  WAYBILL_DATABASE_URL: {
    group: 'postgres',
    kind: 'postgres',
    default: null,
    secret: true,
    doc: 'Postgres of the ledger; unset: the embedded Postgres',
  },
  WAYBILL_POSTGRES_PORT: { group: 'postgres', kind: 'port', default: '15432', doc: 'port of the embedded Postgres' },

  TEMPORAL_ADDRESS: {
    group: 'temporal',
    kind: 'address',
    default: null,
    doc: 'Temporal server; with none of address, profile and configuration file: the embedded one',
  },
  TEMPORAL_NAMESPACE: {
    group: 'temporal',
    kind: 'text',
    default: null,
    doc: 'namespace; unset: that of the profile, or default',
  },
  TEMPORAL_PROFILE: {
    group: 'temporal',
    kind: 'text',
    default: null,
    doc: 'profile of the Temporal configuration file',
  },
  TEMPORAL_CONFIG_FILE: {
    group: 'temporal',
    kind: 'file',
    default: null,
    doc: 'Temporal configuration file (TOML); unset: that of the Temporal CLI, where a profile or an address is given',
  },
  TEMPORAL_API_KEY: {
    group: 'temporal',
    kind: 'text',
    default: null,
    secret: true,
    doc: 'API key, for Temporal Cloud; turns TLS on',
  },
  TEMPORAL_TLS: {
    group: 'temporal',
    kind: 'switch',
    default: null,
    doc: 'turns TLS on or off, whatever the profile says',
  },
  TEMPORAL_TLS_SERVER_NAME: {
    group: 'temporal',
    kind: 'text',
    default: null,
    doc: 'name to expect in the certificate of the server',
  },
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: {
    group: 'temporal',
    kind: 'file',
    default: null,
    doc: 'certificate authority of the server (PEM)',
  },
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: {
    group: 'temporal',
    kind: 'text',
    default: null,
    doc: 'the same, as the PEM text itself',
  },
  TEMPORAL_TLS_CLIENT_CERT_PATH: {
    group: 'temporal',
    kind: 'file',
    default: null,
    doc: 'certificate of this client (PEM)',
  },
  TEMPORAL_TLS_CLIENT_CERT_DATA: {
    group: 'temporal',
    kind: 'text',
    default: null,
    doc: 'the same, as the PEM text itself',
  },
  TEMPORAL_TLS_CLIENT_KEY_PATH: { group: 'temporal', kind: 'file', default: null, doc: 'key of this client (PEM)' },
  TEMPORAL_TLS_CLIENT_KEY_DATA: {
    group: 'temporal',
    kind: 'text',
    default: null,
    secret: true,
    doc: 'the same, as the PEM text itself',
  },
  TEMPORAL_CLI_PATH: {
    group: 'temporal',
    kind: 'file',
    default: null,
    doc: 'Temporal CLI to run as the embedded server; unset: found, downloaded or built by set-up',
  },
  WAYBILL_TEMPORAL_PORT: {
    group: 'temporal',
    kind: 'port',
    default: '7233',
    doc: 'port of the embedded Temporal server',
  },
  WAYBILL_TEMPORAL_UI_PORT: {
    group: 'temporal',
    kind: 'port',
    default: '8233',
    doc: 'port of the Web UI of the embedded Temporal server',
  },

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
  WAYBILL_PLAYBOOKS: {
    group: 'playbooks',
    kind: 'path',
    default: null,
    doc: 'folder of the playbooks; unset: the starter set that comes with Waybill',
  },
  WAYBILL_INBOUND_SENDER: {
    group: 'source',
    kind: 'url',
    default: null,
    doc: 'server that writes mail as a customer: the control routes of the simulated dashboard',
  },
  WAYBILL_INBOUND_SENDER_TOKEN: { group: 'source', kind: 'token', default: null, secret: true, doc: 'its token' },

  WAYBILL_CLASSIFIER: {
    group: 'classifier',
    kind: 'classifiers',
    default: 'rules',
    doc: 'who finds out what a message asks for: rules, local, model; the first that does not abstain decides',
  },
  WAYBILL_MODEL_PROVIDER: {
    group: 'classifier',
    kind: 'provider',
    default: null,
    doc: 'whose API the language model is asked by; compatible: any endpoint that speaks the chat completions of OpenAI',
  },
  WAYBILL_MODEL_NAME: { group: 'classifier', kind: 'token', default: null, doc: 'name of the language model' },
  WAYBILL_MODEL_KEY: { group: 'classifier', kind: 'token', default: null, secret: true, doc: 'key of its API' },
  WAYBILL_MODEL_URL: {
    group: 'classifier',
    kind: 'url',
    default: null,
    doc: 'address of its API, as http://127.0.0.1:11434/v1; unset: that of the provider',
  },
  WAYBILL_MODEL_RATE: {
    group: 'classifier',
    kind: 'rate',
    default: '1',
    doc: 'questions to the language model at most',
  },
  WAYBILL_MODEL_LABELS: {
    group: 'classifier',
    kind: 'labels',
    default: null,
    doc: 'labels that the language model may choose; unset: those of the rules',
  },
  WAYBILL_CASE_NOTES: {
    group: 'people',
    kind: 'switch',
    default: 'false',
    doc: 'whether a case is noted in its thread, where the dashboard has internal notes that customers do not see',
  },
  WAYBILL_PLATFORMS: {
    group: 'people',
    kind: 'file',
    default: null,
    doc: 'file of the outside platforms that messages are handed off to (YAML or JSON); unset: none',
  },

  WAYBILL_PHONE_URL: {
    group: 'phone',
    kind: 'url',
    default: 'https://api.twilio.com',
    doc: 'phone provider that places calls: an API with the Calls resource of Twilio',
  },
  WAYBILL_PHONE_ACCOUNT_SID: {
    group: 'phone',
    kind: 'name',
    default: null,
    doc: 'account at the phone provider; unset: nobody is called',
  },
  WAYBILL_PHONE_AUTH_TOKEN: {
    group: 'phone',
    kind: 'token',
    default: null,
    secret: true,
    doc: 'its token, which signs the status callbacks too',
  },
  WAYBILL_PHONE_FROM: {
    group: 'phone',
    kind: 'phone',
    default: null,
    doc: 'number that calls come from; nobody else may call from it',
  },
  WAYBILL_PHONE_PUBLIC_URL: {
    group: 'phone',
    kind: 'url',
    default: null,
    doc: 'address under which the phone provider reaches our API, for status callbacks',
  },
  WAYBILL_PHONE_INSTRUCTIONS_URL: {
    group: 'phone',
    kind: 'url',
    default: null,
    doc: 'where the phone provider learns what to do once somebody answers (TwiML); our key is added to it',
  },
  WAYBILL_PHONE_REGION: {
    group: 'phone',
    kind: 'region',
    default: null,
    doc: 'country of telephone numbers without a country code; unset: such a number goes to a person',
  },
  WAYBILL_PHONE_ZONE: {
    group: 'phone',
    kind: 'text',
    default: null,
    doc: 'time zone of those who ask for calls, as Europe/London; unset: it has to be an hour for calls in every zone of the country',
  },
  WAYBILL_PHONE_HOURS: {
    group: 'phone',
    kind: 'hours',
    default: 'mon-fri 09:00-18:00',
    doc: 'when people may be called, by their own clock',
  },
  WAYBILL_PHONE_RATE: {
    group: 'phone',
    kind: 'rate',
    default: '1',
    doc: 'requests to the phone provider per second at most',
  },

  WAYBILL_API_HOST: { group: 'api', kind: 'text', default: '127.0.0.1', doc: 'address on which the API listens' },
  WAYBILL_API_PORT: { group: 'api', kind: 'port', default: '8080', doc: 'port of the API' },

  WAYBILL_ROLES: {
    group: 'worker',
    kind: 'roles',
    default: null,
    doc: 'roles of a worker, as intake,lifecycle,source:dashboard; unset: all',
  },
  WAYBILL_BUILD_ID: {
    group: 'worker',
    kind: 'name',
    default: null,
    doc: 'build id of the workers; unset: hash of the workflow bundle',
  },

  WAYBILL_LOG_LEVEL: { group: 'log', kind: 'level', default: 'info', doc: 'least level that is logged' },
  WAYBILL_LOG_FORMAT: {
    group: 'log',
    kind: 'format',
    default: 'auto',
    doc: 'form of the lines; auto: pretty on a terminal, ndjson otherwise',
  },

  WAYBILL_SIMULATOR_PORT: { group: 'simulator', kind: 'port', default: '4010', doc: 'port of the simulated dashboard' },
  WAYBILL_SIMULATOR_URL: {
    group: 'simulator',
    kind: 'url',
    default: null,
    doc: 'simulated dashboard that runs already, for workers beside it; `waybill up` starts its own',
  },
  WAYBILL_SIMULATOR_TOKEN: {
    group: 'simulator',
    kind: 'token',
    default: null,
    secret: true,
    doc: 'token of that simulated dashboard',
  },
  WAYBILL_SIMULATOR_RATE: { group: 'simulator', kind: 'rate', default: '40', doc: 'calls to the simulated dashboard' },
  WAYBILL_SIMULATOR_PROFILE: {
    group: 'simulator',
    kind: 'profile',
    default: 'observed',
    doc: 'behaviour of the simulated dashboard',
  },
  WAYBILL_SIMULATOR_SEED: { group: 'simulator', kind: 'count', default: '1', doc: 'seed of the simulated world' },
  WAYBILL_SIMULATOR_THREADS: {
    group: 'simulator',
    kind: 'count',
    default: '400',
    doc: 'threads of the simulated past',
  },
  WAYBILL_SIMULATOR_TRAFFIC_PER_HOUR: {
    group: 'simulator',
    kind: 'amount',
    default: '120',
    doc: 'messages per hour that go on arriving',
  },
  WAYBILL_CORPUS: {
    group: 'simulator',
    kind: 'file',
    default: null,
    doc: 'CSV with a column text whose rows the simulated customers write',
  },

  WAYBILL_TEST_CORPUS: {
    group: 'test',
    kind: 'file',
    default: null,
    doc: 'CSV that the tests use as a corpus; unset: they use templates',
  },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof VARIABLES;
