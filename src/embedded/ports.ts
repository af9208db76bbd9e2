import { createServer } from 'node:net';
import { WaybillError } from '../domain/failures.js';

const problemWith = (port: number): Promise<string | null> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(null)));
  });

/**
 * @param variable the setting that chooses the port, named in the error
 * @throws ConfigurationInvalid when something else listens on the port, or it may not be used
 */
export const assertPortIsFree = async (port: number, what: string, variable: string): Promise<void> => {
  const problem = await problemWith(port);
  if (problem === null) return;
  const why = problem === 'EADDRINUSE' ? 'is in use by another process' : `cannot be used (${problem})`;
  throw new WaybillError(
    'ConfigurationInvalid',
    `port ${port}, meant for ${what}, ${why}: stop that process, or set ${variable} to a free port`,
  );
};

/** A TCP port of 127.0.0.1 that the system gives to nobody else for now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
