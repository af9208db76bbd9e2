import type { Client } from '@temporalio/client';
import type { Config } from '../config/config.js';
import { temporalConnection } from '../config/temporal-connection.js';
import { WaybillError } from '../domain/failures.js';

/** A client of the configured Temporal; the SDK is loaded only by commands that need it. */
export async function withTemporal<T>(config: Config, work: (client: Client) => Promise<T>): Promise<T> {
  const { Client, Connection } = await import('@temporalio/client');
  const { connectionOptions, namespace } = await temporalConnection(config);
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5 seconds' }).catch(
    (cause: unknown) => {
      throw new WaybillError(
        'PrerequisiteMissing',
        `Temporal at ${connectionOptions.address} cannot be reached: start it, or set TEMPORAL_ADDRESS.`,
        { cause },
      );
    },
  );
  try {
    return await work(new Client({ connection, namespace }));
  } finally {
    await connection.close();
  }
}
