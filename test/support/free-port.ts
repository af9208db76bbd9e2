import { createServer } from 'node:net';

/** A TCP port of 127.0.0.1 that was free when asked. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      if (address === null || typeof address === 'string') {
        reject(new Error('a TCP server has an address with a port'));
        return;
      }
      probe.close(() => resolve(address.port));
    });
  });
