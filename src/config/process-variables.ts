import type { Variable } from './variable.js';

/** API, worker, logs, simulator and tests. */
export const PROCESS_VARIABLES = {
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
