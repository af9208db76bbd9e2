import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/config.js';
import { temporalConnection } from '../../../src/config/temporal-connection.js';

function profile(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'waybill-temporal-')), 'temporal.toml');
  writeFileSync(path, text);
  return path;
}

const TOML =
  '[profile.default]\naddress = "one.example.com:7233"\n[profile.prod]\naddress = "two.example.com:7233"\nnamespace = "letters"\n[profile.prod.tls]\nserver_name = "inside.example.com"\n';

describe('temporalConnection', () => {
  test('without address, profile and file the embedded server on its configured port is meant', async () => {
    const config = loadConfig({ WAYBILL_TEMPORAL_PORT: '7999' });
    expect(config.temporal.embedded).toBe(true);
    expect(await temporalConnection(config)).toEqual({
      connectionOptions: { address: '127.0.0.1:7999' },
      namespace: 'default',
    });
  });

  test('a profile of a configuration file gives address, namespace and TLS, and the environment overrides it', async () => {
    const env = { TEMPORAL_CONFIG_FILE: profile(TOML), TEMPORAL_PROFILE: 'prod' };
    const config = loadConfig(env);
    expect(config.temporal.embedded).toBe(false);
    const { connectionOptions, namespace } = await temporalConnection(config);
    expect(connectionOptions).toMatchObject({
      address: 'two.example.com:7233',
      tls: { serverNameOverride: 'inside.example.com' },
    });
    expect(namespace).toBe('letters');
    const overridden = await temporalConnection(
      loadConfig({ ...env, TEMPORAL_NAMESPACE: 'other', TEMPORAL_GRPC_META_X_TEAM: 'post' }),
    );
    expect(overridden.namespace).toBe('other');
    expect(overridden.connectionOptions.metadata).toEqual({ 'x-team': 'post' });
  });

  test('an API key turns TLS on and may come from a file or from .env', async () => {
    const key = profile('key-1\n');
    const envFile = profile('TEMPORAL_ADDRESS=cloud.example.com:7233\n');
    const config = loadConfig({ TEMPORAL_API_KEY_FILE: key }, { envFile });
    const { connectionOptions } = await temporalConnection(config);
    expect(connectionOptions).toMatchObject({ address: 'cloud.example.com:7233', apiKey: 'key-1', tls: true });
  });

  test('a key without a server, a file that is not there and an unknown profile are configuration errors', async () => {
    expect(() => loadConfig({ TEMPORAL_API_KEY: 'k' })).toThrow(
      /TEMPORAL_API_KEY is set, and neither TEMPORAL_ADDRESS/,
    );
    expect(() => loadConfig({ TEMPORAL_CONFIG_FILE: join(tmpdir(), 'waybill-absent.toml') })).toThrow(
      /TEMPORAL_CONFIG_FILE names a file/,
    );
    const unknown = loadConfig({ TEMPORAL_CONFIG_FILE: profile(TOML), TEMPORAL_PROFILE: 'absent' });
    await expect(temporalConnection(unknown)).rejects.toMatchObject({ type: 'ConfigurationInvalid' });
    const nowhere = loadConfig({ TEMPORAL_CONFIG_FILE: profile('[profile.default]\nnamespace = "x"\n') });
    await expect(temporalConnection(nowhere)).rejects.toThrow('names no address');
  });

  test('what it returns fits the connections of client and worker', () => {
    // Compiled, never run: the two SDK classes take these options as they are.
    const connect = async () => {
      const { connectionOptions } = await temporalConnection(loadConfig({}));
      return [await Connection.connect(connectionOptions), await NativeConnection.connect(connectionOptions)];
    };
    expect(connect).toBeTypeOf('function');
  });
});
