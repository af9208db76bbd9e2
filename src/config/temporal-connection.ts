import type { ClientConnectConfig } from '@temporalio/envconfig';
import { WaybillError } from '../domain/failures.js';
import type { Config } from './config.js';

export interface TemporalConnection {
  connectionOptions: ClientConnectConfig['connectionOptions'] & { address: string };
  namespace: string;
}

/**
 * How to connect to Temporal: the embedded server, or what TEMPORAL_* and the profile say. Imports @temporalio/envconfig only
 * when called, since it costs a command that needs no Temporal about 200 ms.
 * @throws WaybillError ConfigurationInvalid where the profile cannot be read or names no address
 */
export async function temporalConnection(config: Pick<Config, 'temporal'>): Promise<TemporalConnection> {
  const { embedded, port, namespace, environment } = config.temporal;
  if (embedded) return { connectionOptions: { address: `127.0.0.1:${port}` }, namespace: namespace ?? 'default' };
  const { loadClientConnectConfig } = await import('@temporalio/envconfig');
  const found = readProfile(() => loadClientConnectConfig({ overrideEnvVars: { ...environment } }));
  const { address, ...rest } = found.connectionOptions;
  if (address === undefined || address === '')
    throw invalid('the Temporal profile names no address; set TEMPORAL_ADDRESS');
  // A key that is there with the value undefined is not the same as one that is absent to every reader of these options.
  const options = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { connectionOptions: { ...options, address }, namespace: found.namespace ?? 'default' };
}

function readProfile(read: () => ClientConnectConfig): ClientConnectConfig {
  try {
    return read();
  } catch (error) {
    // A parser's message may quote the file, and with it a key: only the first line, without what follows.
    const detail = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
    throw invalid(`the Temporal profile cannot be read: ${detail}`, error);
  }
}

const invalid = (detail: string, cause?: unknown): WaybillError =>
  new WaybillError('ConfigurationInvalid', detail, { retryable: false, cause });
