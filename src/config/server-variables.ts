import type { Variable } from './variable.js';

/** Data, Postgres and Temporal: what an installation stands on. */
export const SERVER_VARIABLES = {
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
} as const satisfies Record<string, Variable>;
