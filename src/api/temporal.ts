import type { Client } from '@temporalio/client';
import type { Config } from '../config/config.js';
import { temporalConnection } from '../config/temporal-connection.js';
import { WaybillError } from '../domain/failures.js';

export interface LazyTemporal {
  client(): Promise<Client>;
  close(): Promise<void>;
}

/** The SDK is loaded by the first who needs it: a process that nobody asks is spared 200 ms and 40 MB. */
export function createTemporal(config: Pick<Config, 'temporal'>): LazyTemporal {
  let connected: Promise<Client> | null = null;

  async function connect(): Promise<Client> {
    const { Client: TemporalClient, Connection } = await import('@temporalio/client');
    const { connectionOptions, namespace } = await temporalConnection(config);
    try {
      const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5 seconds' });
      return new TemporalClient({ connection, namespace });
    } catch (cause) {
      connected = null; // the next who asks tries anew
      throw new WaybillError('PrerequisiteMissing', 'Temporal cannot be reached.', { cause });
    }
  }

  return {
    client: () => (connected ??= connect()),
    async close() {
      await connected?.then(({ connection }) => connection.close()).catch(() => undefined);
    },
  };
}
