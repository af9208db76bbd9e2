import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/config.js';
import { describeConfig } from '../../../src/config/describe-config.js';
import { WaybillError } from '../../../src/domain/failures.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';

const folder = () => mkdtempSync(join(tmpdir(), 'waybill-config-'));

function file(text: string, name = 'file'): string {
  const path = join(folder(), name);
  writeFileSync(path, text);
  return path;
}

function failure(env: Record<string, string>, options: Parameters<typeof loadConfig>[1] = {}): string {
  try {
    loadConfig(env, options);
  } catch (error) {
    expect(error).toBeInstanceOf(WaybillError);
    expect((error as WaybillError).type).toBe('ConfigurationInvalid');
    expect((error as WaybillError).retryable).toBe(false);
    return (error as WaybillError).message;
  }
  throw new Error('the configuration was accepted');
}

describe('loadConfig', () => {
  test('an empty environment gives the embedded installation with every documented default', () => {
    const config = loadConfig({}, { cwd: '/srv' });
    expect(config.dataDir).toBe('/srv/.waybill');
    expect(config.database).toEqual({ embedded: true, url: null, port: 15_432 });
    expect(config.temporal).toMatchObject({
      embedded: true,
      port: 7233,
      uiPort: 8233,
      namespace: null,
      environment: {},
    });
    expect(config.source).toMatchObject({
      dashboardUrl: null,
      mode: null,
      answerFrom: null,
      ratePerSecond: 5,
      ownAddresses: [],
    });
    expect(config.simulator).toMatchObject({ port: 4010, ratePerSecond: 40, profile: 'observed', corpus: null });
    expect(config.timing).toEqual(DEFAULT_TIMING);
  });

  test('the object that it returns cannot be changed at any depth', () => {
    const config = loadConfig({ WAYBILL_OWN_ADDRESSES: 'help@example.com' });
    const mutable = config as unknown as {
      timing: { settleMs: number };
      source: { ownAddresses: string[] };
      dataDir: string;
    };
    expect(() => (mutable.timing.settleMs = 1)).toThrow(TypeError);
    expect(() => mutable.source.ownAddresses.push('x@example.com')).toThrow(TypeError);
    expect(() => (mutable.dataDir = '/')).toThrow(TypeError);
  });

  test('all problems are reported at once and by name', () => {
    const message = failure({
      WAYBILL_API_PORT: '99999',
      WAYBILL_MODE: 'loud',
      WAYBILL_ANSWER_FROM: '2026-01-31T08:00:00',
      WAYBILL_TIMING_SETTLE_MS: '-1',
      WAYBILL_SOURCE_RATE: 'fast',
    });
    expect(message).toMatch(/^5 settings cannot be used: /);
    for (const name of [
      'WAYBILL_API_PORT',
      'WAYBILL_MODE',
      'WAYBILL_ANSWER_FROM',
      'WAYBILL_TIMING_SETTLE_MS',
      'WAYBILL_SOURCE_RATE',
    ]) {
      expect(message).toContain(name);
    }
    expect(message).not.toContain('\n');
  });

  test("a provider's limit becomes a rate that leaves room: half of one per second, 0.9 of a longer one", () => {
    const rateOf = (limit: string) => loadConfig({ WAYBILL_SOURCE_LIMIT: limit }).source.ratePerSecond;
    expect([rateOf('100/s'), rateOf('300/min'), rateOf('7200/h')]).toEqual([50, 4.5, 1.8]);
    for (const limit of ['100', '0/s', '5/day', '-1/s', '3000/s', '100/s/s'])
      expect(failure({ WAYBILL_SOURCE_LIMIT: limit }), limit).toMatch(
        /^1 setting .*WAYBILL_SOURCE_LIMIT must be calls per/,
      );
    expect(failure({ WAYBILL_SOURCE_LIMIT: '100/s', WAYBILL_SOURCE_RATE: '5' })).toContain(
      'WAYBILL_SOURCE_RATE is set beside WAYBILL_SOURCE_LIMIT',
    );
  });

  test('alarms go to an address together with a secret of the standard form, or nowhere', () => {
    const url = 'https://people.example.com/alarms';
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const both = loadConfig({ WAYBILL_ALARM_WEBHOOK_URL: url, WAYBILL_ALARM_WEBHOOK_SECRET: secret });
    expect(both.alarms).toEqual({ url, secret });
    expect(JSON.stringify(both.settings)).not.toContain(secret);
    expect(loadConfig({}).alarms).toEqual({ url: null, secret: null });
    expect(failure({ WAYBILL_ALARM_WEBHOOK_URL: url })).toContain('WAYBILL_ALARM_WEBHOOK_SECRET is needed together');
    expect(failure({ WAYBILL_ALARM_WEBHOOK_SECRET: secret })).toContain('WAYBILL_ALARM_WEBHOOK_URL is needed together');
    for (const wrong of ['short', 'whsec_abc', `whsec_${'*'.repeat(44)}`])
      expect(failure({ WAYBILL_ALARM_WEBHOOK_URL: url, WAYBILL_ALARM_WEBHOOK_SECRET: wrong })).toMatch(
        /WAYBILL_ALARM_WEBHOOK_SECRET must be whsec_/,
      );
  });

  test('a language model is asked only where the classifiers name it, and then lacks nothing', () => {
    const model = { WAYBILL_MODEL_PROVIDER: 'openai', WAYBILL_MODEL_NAME: 'some-model', WAYBILL_MODEL_KEY: 'k' };
    expect(loadConfig({}).classifier).toEqual({ chain: ['rules'], model: null });
    expect(loadConfig(model).classifier.model).toBeNull();
    expect(loadConfig({ ...model, WAYBILL_CLASSIFIER: 'rules, local, model' }).classifier).toMatchObject({
      chain: ['rules', 'local', 'model'],
      model: { provider: 'openai', name: 'some-model', key: 'k', url: null, ratePerSecond: 1, labels: null },
    });
    const chain = { WAYBILL_CLASSIFIER: 'local,model' };
    expect(failure(chain)).toMatch(/WAYBILL_MODEL_PROVIDER is needed.*WAYBILL_MODEL_NAME is needed/);
    expect(failure({ ...chain, ...model, WAYBILL_MODEL_KEY: '' })).toContain('WAYBILL_MODEL_KEY is needed');
    expect(failure({ ...chain, ...model, WAYBILL_MODEL_PROVIDER: 'compatible' })).toContain(
      'WAYBILL_MODEL_URL is needed',
    );
    expect(failure({ WAYBILL_CLASSIFIER: 'rules,rules' })).toContain('each classifier once');
    expect(failure({ WAYBILL_CLASSIFIER: 'oracle' })).toContain('must be rules, local and model');
  });

  test('a mode that does not exist is an error that lists those that do', () => {
    expect(failure({ WAYBILL_MODE: 'loud' })).toBe(
      '1 setting cannot be used: WAYBILL_MODE must be observe, shadow, approve or live (got "loud")',
    );
  });

  test('a misspelt variable is reported with the nearest name', () => {
    expect(failure({ WAYBILL_DASHBORD_URL: 'http://127.0.0.1:1' })).toContain(
      'WAYBILL_DASHBORD_URL is not known; did you mean WAYBILL_DASHBOARD_URL',
    );
    expect(failure({ WAYBILL_TIMING_SETLE_MS: '5' })).toContain('did you mean WAYBILL_TIMING_SETTLE_MS');
    expect(failure({ WAYBILL_Q: '5' })).toMatch(/WAYBILL_Q is not known$/);
  });

  test('a flag is stronger than the environment, and the environment than the .env file', () => {
    const envFile = file('WAYBILL_API_PORT=1001\nWAYBILL_LOG_LEVEL=warn\nWAYBILL_MODE=observe\n');
    const config = loadConfig(
      { WAYBILL_API_PORT: '1002', WAYBILL_LOG_LEVEL: 'error' },
      { envFile, overrides: { WAYBILL_API_PORT: '1003' } },
    );
    expect(config.api.port).toBe(1003);
    expect(config.log.level).toBe('error');
    expect(config.source.mode).toBe('observe');
  });

  test('an empty value counts as none, and a .env file that does not exist is passed over', () => {
    const config = loadConfig(
      { WAYBILL_API_PORT: '', WAYBILL_DASHBOARD_URL: '  ' },
      { envFile: join(folder(), '.env') },
    );
    expect(config.api.port).toBe(8080);
    expect(config.source.dashboardUrl).toBeNull();
  });

  test('a secret is read from the file that its _FILE variable names, without the line end', () => {
    const config = loadConfig({
      WAYBILL_DASHBOARD_URL: 'http://127.0.0.1:4999',
      WAYBILL_DASHBOARD_TOKEN_FILE: file('tok-en\n'),
    });
    expect(config.source.dashboardToken).toBe('tok-en');
    expect(failure({ WAYBILL_DATABASE_URL_FILE: join(folder(), 'absent') })).toContain(
      'WAYBILL_DATABASE_URL_FILE names a file that cannot be read (ENOENT)',
    );
    expect(failure({ WAYBILL_DATABASE_URL_FILE: file('\n') })).toContain('names a file that is empty');
    expect(
      failure({
        WAYBILL_DATABASE_URL: 'postgres://localhost/a',
        WAYBILL_DATABASE_URL_FILE: file('postgres://localhost/b'),
      }),
    ).toContain('WAYBILL_DATABASE_URL is set together with WAYBILL_DATABASE_URL_FILE');
  });

  test('a _FILE variable for something that is no secret is an unknown name', () => {
    expect(failure({ WAYBILL_API_PORT_FILE: '/run/port' })).toContain('WAYBILL_API_PORT_FILE is not known');
  });

  test('neither a problem nor the description of the settings shows a secret', () => {
    const secret = 'canary-5f1e';
    const messages = [
      failure({ WAYBILL_DATABASE_URL: `mysql://u:${secret}@db.example.com/x` }),
      failure({ WAYBILL_DASHBOARD_URL: `http://u:${secret}@dash.example.com`, WAYBILL_DASHBOARD_TOKEN: 'x' }),
      failure({ WAYBILL_DASHBOARD_TOKEN: `${secret} with spaces` }),
    ];
    const config = loadConfig({
      WAYBILL_DATABASE_URL: `postgres://u:${secret}@db.example.com/x`,
      WAYBILL_DASHBOARD_URL: 'https://dash.example.com',
      WAYBILL_DASHBOARD_TOKEN: secret,
      TEMPORAL_ADDRESS: 'temporal.example.com:7233',
      TEMPORAL_API_KEY: secret,
    });
    const described = describeConfig(config);
    expect(JSON.stringify([messages, described])).not.toContain(secret);
    expect(described).toContainEqual({ name: 'TEMPORAL_API_KEY', value: '********', origin: 'environment' });
    expect(described).toContainEqual({ name: 'WAYBILL_API_PORT', value: '8080', origin: 'default' });
  });

  test('an instant is read in its own zone, and one without a zone is refused', () => {
    expect(loadConfig({ WAYBILL_ANSWER_FROM: '2026-03-01T00:30:00+02:00' }).source.answerFrom).toBe(
      '2026-02-28T22:30:00.000Z',
    );
    expect(failure({ WAYBILL_ANSWER_FROM: '2026-02-30T00:00:00Z' })).toContain(
      'WAYBILL_ANSWER_FROM must be an instant with its zone',
    );
  });

  test('lists are parted by commas and our own addresses are lowered', () => {
    const config = loadConfig({
      WAYBILL_OWN_ADDRESSES: ' Help@Example.com, care@example.org,',
      WAYBILL_ROLES: 'intake,source:dashboard',
    });
    expect(config.source.ownAddresses).toEqual(['help@example.com', 'care@example.org']);
    expect(config.worker.roles).toEqual(['intake', 'source:dashboard']);
    expect(failure({ WAYBILL_OWN_ADDRESSES: 'nobody' })).toContain(
      'WAYBILL_OWN_ADDRESSES must be addresses parted by commas',
    );
  });

  test('values that contradict each other are reported', () => {
    expect(failure({ WAYBILL_DASHBOARD_URL: 'http://127.0.0.1:1' })).toContain('WAYBILL_DASHBOARD_TOKEN is needed');
    expect(failure({ WAYBILL_DASHBOARD_TOKEN: 'x' })).toContain('WAYBILL_DASHBOARD_URL is needed');
    expect(failure({ WAYBILL_API_PORT: '4010' })).toContain(
      'WAYBILL_SIMULATOR_PORT has the same port as WAYBILL_API_PORT',
    );
    expect(failure({ WAYBILL_TIMING_CALL_DEADLINE_MS: '15000' })).toContain(
      'WAYBILL_TIMING_CALL_DEADLINE_MS must be less than WAYBILL_TIMING_CALL_TIMEOUT_MS',
    );
    expect(failure({ WAYBILL_TIMING_POLL_EVERY_MS: '0' })).toContain('WAYBILL_TIMING_POLL_EVERY_MS must be at least 1');
  });
});
