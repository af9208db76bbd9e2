import { resolve } from 'node:path';
import { WaybillError } from '../domain/failures.js';
import type { Form } from '../domain/forms.js';
import type { Timing } from '../domain/timing.js';
import { ALL_VARIABLES, TIMING_VARIABLES } from './all-variables.js';
import { findConflicts } from './conflicts.js';
import { readForms } from './forms-file.js';
import { KINDS } from './kinds.js';
import { type Environment, type Layer, lookUp, type Origin, type Problem, readEnvFile } from './layers.js';
import { type PlatformSettings, readPlatforms } from './platforms.js';
import { temporalEnvironment } from './temporal-environment.js';
import { findUnknownNames } from './unknown-names.js';
import { isTemporalEmbedded, type Values } from './values.js';
import type { Variable } from './variable.js';

/** Calls per second where nothing says what the provider allows. */
const DEFAULT_RATE = 5;

/** One setting as it is shown to people: a secret's value is masked. */
export interface Setting {
  name: string;
  value: string | null;
  origin: Origin;
}

export interface LoadOptions {
  /** A .env file; one that does not exist is passed over. */
  envFile?: string;
  /** Values of command line flags, by variable name; they are stronger than the environment. */
  overrides?: Environment;
  /** Folder against which relative paths are resolved; the working directory by default. */
  cwd?: string;
}

export type Config = DeepReadonly<ReturnType<typeof shape> & { platforms: PlatformSettings[] }>;

/**
 * Reads environment and .env file into one object that cannot be changed any more.
 * @throws WaybillError ConfigurationInvalid, which names every variable that cannot be used, not the first alone
 */
export function loadConfig(env: Environment, options: LoadOptions = {}): Config {
  const problems: Problem[] = [];
  const layers: Layer[] = [
    { origin: 'command line', values: options.overrides ?? {} },
    { origin: 'environment', values: env },
    { origin: '.env file', values: options.envFile === undefined ? {} : readEnvFile(options.envFile, problems) },
  ];
  const settings: Setting[] = [];
  const read = new Map<string, unknown>();
  for (const [name, variable] of ALL_VARIABLES) {
    const found =
      lookUp(name, layers, problems) ??
      (variable.default === null ? null : { text: variable.default, origin: 'default' as const });
    settings.push({ name, value: shown(variable, found?.text ?? null), origin: found?.origin ?? 'default' });
    read.set(name, found === null ? null : parse(name, variable, found.text, problems));
  }
  problems.push(...findUnknownNames(layers));
  // A conflict between two values can be judged only when each of them could be read.
  const values = Object.fromEntries(read) as Values;
  const timing = Object.fromEntries(
    [...TIMING_VARIABLES].map(([name, { field }]) => [field, read.get(name)]),
  ) as Timing;
  if (problems.length === 0) problems.push(...findConflicts(values, timing));
  const cwd = options.cwd ?? process.cwd();
  const forms =
    problems.length > 0 || values.WAYBILL_FORMS === null
      ? []
      : readForms(resolve(cwd, values.WAYBILL_FORMS), layers, problems);
  const platforms = platformsOf(values, { layers, cwd, problems });
  if (problems.length > 0) throw invalid(problems);
  return deepFreeze({ ...shape(values, timing, temporalEnvironment(values, layers), settings, cwd, forms), platforms });
}

function platformsOf(
  values: Values,
  { layers, cwd, problems }: { layers: readonly Layer[]; cwd: string; problems: Problem[] },
): PlatformSettings[] {
  const file = values.WAYBILL_PLATFORMS;
  if (file === null) return [];
  const api = { host: values.WAYBILL_API_HOST, port: values.WAYBILL_API_PORT };
  return readPlatforms(resolve(cwd, file), { layers, api, problems });
}

function parse(name: string, variable: Variable, text: string, problems: Problem[]): unknown {
  const result = KINDS[variable.kind].safeParse(text);
  if (result.success) return result.data;
  // An address with a password in it is no secret by name, and is refused for that password.
  const got = variable.secret || text.includes('@') ? '' : ` (got ${JSON.stringify(text.slice(0, 60))})`;
  problems.push({ name, problem: `${result.error.issues[0]?.message ?? 'cannot be read'}${got}` });
  return null;
}

function shape(
  values: Values,
  timing: Timing,
  environment: Record<string, string>,
  settings: Setting[],
  cwd: string,
  forms: Form[],
) {
  const path = (text: string | null) => (text === null ? null : resolve(cwd, text));
  return {
    dataDir: resolve(cwd, values.WAYBILL_DATA_DIR),
    cacheDir: path(values.WAYBILL_CACHE_DIR),
    database: {
      embedded: values.WAYBILL_DATABASE_URL === null,
      url: values.WAYBILL_DATABASE_URL,
      port: values.WAYBILL_POSTGRES_PORT,
    },
    temporal: {
      /** True where neither address nor profile nor configuration file was given. */
      embedded: isTemporalEmbedded(values),
      port: values.WAYBILL_TEMPORAL_PORT,
      uiPort: values.WAYBILL_TEMPORAL_UI_PORT,
      /** Null: the one of the profile, or default. */
      namespace: values.TEMPORAL_NAMESPACE,
      cliPath: path(values.TEMPORAL_CLI_PATH),
      /** What @temporalio/envconfig reads instead of the process environment; holds secrets. */
      environment,
    },
    alarms: alarmsOf(values),
    classifier: {
      /** In the order in which they are asked. */
      chain: values.WAYBILL_CLASSIFIER,
      /** Null: no language model is asked. */
      model: modelOf(values),
    },
    api: { host: values.WAYBILL_API_HOST, port: values.WAYBILL_API_PORT },
    source: {
      dashboardUrl: values.WAYBILL_DASHBOARD_URL,
      dashboardToken: values.WAYBILL_DASHBOARD_TOKEN,
      /** Empty: no webhook is taken. */
      webhookSecrets: values.WAYBILL_DASHBOARD_WEBHOOK_SECRET ?? [],
      /** Null: not asked for; a real source then starts in observe, the simulator in live. */
      mode: values.WAYBILL_MODE,
      answerFrom: values.WAYBILL_ANSWER_FROM,
      ratePerSecond: values.WAYBILL_SOURCE_RATE ?? values.WAYBILL_SOURCE_LIMIT ?? DEFAULT_RATE,
      /** In lower case. */
      ownAddresses: values.WAYBILL_OWN_ADDRESSES ?? [],
      mailboxGroup: values.WAYBILL_MAILBOX_GROUP,
    },
    attachments: {
      wanted: ['true', '1'].includes(values.WAYBILL_ATTACHMENTS),
      maxBytes: values.WAYBILL_ATTACHMENT_MAX_BYTES,
      /** Null: the bytes go into the ledger. */
      s3: values.WAYBILL_ATTACHMENT_STORE === 's3' ? s3Of(values) : null,
    },
    /** Null: the starter set. */
    playbooks: { folder: path(values.WAYBILL_PLAYBOOKS) },
    /** Null where nobody is called. */
    phone: phoneOf(values),
    /** Web forms whose submissions are taken; holds secrets. */
    forms,
    caseNotes: ['true', '1'].includes(values.WAYBILL_CASE_NOTES),
    inboundSender: { url: values.WAYBILL_INBOUND_SENDER, token: values.WAYBILL_INBOUND_SENDER_TOKEN },
    simulator: {
      url: values.WAYBILL_SIMULATOR_URL,
      token: values.WAYBILL_SIMULATOR_TOKEN,
      port: values.WAYBILL_SIMULATOR_PORT,
      ratePerSecond: values.WAYBILL_SIMULATOR_RATE,
      profile: values.WAYBILL_SIMULATOR_PROFILE,
      seed: values.WAYBILL_SIMULATOR_SEED,
      threads: values.WAYBILL_SIMULATOR_THREADS,
      trafficPerHour: values.WAYBILL_SIMULATOR_TRAFFIC_PER_HOUR,
      corpus: path(values.WAYBILL_CORPUS),
    },
    worker: { roles: values.WAYBILL_ROLES, buildId: values.WAYBILL_BUILD_ID },
    log: { level: values.WAYBILL_LOG_LEVEL, format: values.WAYBILL_LOG_FORMAT },
    timing,
    settings,
  } as const;
}

/** Address and secret are set together or not at all. */
const alarmsOf = ({ WAYBILL_ALARM_WEBHOOK_URL: url, WAYBILL_ALARM_WEBHOOK_SECRET: secret }: Values) =>
  url !== null && secret !== null ? { url, secret } : { url: null, secret: null };

/** Without its name in the chain a model that is configured is asked nothing. Conflicts are found before. */
const modelOf = (values: Values) =>
  values.WAYBILL_CLASSIFIER.includes('model') && values.WAYBILL_MODEL_PROVIDER !== null
    ? {
        provider: values.WAYBILL_MODEL_PROVIDER,
        name: values.WAYBILL_MODEL_NAME ?? '',
        key: values.WAYBILL_MODEL_KEY,
        url: values.WAYBILL_MODEL_URL,
        ratePerSecond: values.WAYBILL_MODEL_RATE,
        /** Null: those of the rules. */
        labels: values.WAYBILL_MODEL_LABELS,
      }
    : null;
/** Conflicts are found before: of a provider that is configured nothing is missing here. */
const phoneOf = (values: Values) =>
  values.WAYBILL_PHONE_ACCOUNT_SID === null
    ? null
    : {
        url: values.WAYBILL_PHONE_URL,
        accountSid: values.WAYBILL_PHONE_ACCOUNT_SID,
        authToken: values.WAYBILL_PHONE_AUTH_TOKEN ?? '',
        from: values.WAYBILL_PHONE_FROM ?? '',
        publicUrl: (values.WAYBILL_PHONE_PUBLIC_URL ?? '').replace(/\/+$/, ''),
        instructionsUrl: values.WAYBILL_PHONE_INSTRUCTIONS_URL ?? '',
        region: values.WAYBILL_PHONE_REGION,
        zone: values.WAYBILL_PHONE_ZONE,
        hours: values.WAYBILL_PHONE_HOURS,
        ratePerSecond: values.WAYBILL_PHONE_RATE,
      };

/** Conflicts are found before: here nothing of it is missing. */
const s3Of = (values: Values) => ({
  endpoint: values.WAYBILL_S3_ENDPOINT ?? '',
  bucket: values.WAYBILL_S3_BUCKET ?? '',
  region: values.WAYBILL_S3_REGION,
  accessKeyId: values.WAYBILL_S3_ACCESS_KEY_ID ?? '',
  secretAccessKey: values.WAYBILL_S3_SECRET_ACCESS_KEY ?? '',
});

const shown = (variable: Variable, text: string | null): string | null =>
  variable.secret && text !== null ? '********' : text;

function invalid(problems: readonly Problem[]): WaybillError {
  const count = problems.length === 1 ? '1 setting cannot be used' : `${problems.length} settings cannot be used`;
  const detail = problems.map(({ name, problem }) => `${name} ${problem}`).join('; ');
  return new WaybillError('ConfigurationInvalid', `${count}: ${detail}`, { retryable: false });
}

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

function deepFreeze<T>(value: T): DeepReadonly<T> {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value as DeepReadonly<T>;
}
