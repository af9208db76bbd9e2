import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { startApi } from '../../../src/api/server.js';
import { loadConfig } from '../../../src/config/config.js';
import { createLogger } from '../../../src/telemetry/logger.js';
import { newSigningSecret } from '../../support/forms.js';
import { freePort } from '../../support/free-port.js';
import { testLedger } from '../../support/ledger.js';

it('a delivery whose body never comes to its end is given up, and its connection closed', async () => {
  const { db, clock } = await testLedger();
  const port = await freePort();
  const env = { WAYBILL_API_PORT: String(port), WAYBILL_DASHBOARD_WEBHOOK_SECRET: newSigningSecret() };
  const log = createLogger({ subsystem: 'api', level: 'silent' });
  const api = await startApi({ config: loadConfig(env), db, clock, log }, { slowestRequestMs: 500 });
  onTestFinished(() => api.close());
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let said = '';
    const giveUp = setTimeout(() => reject(new Error('the connection was held')), 5_000);
    onTestFinished(() => {
      clearTimeout(giveUp);
      socket.destroy();
    });
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      said += text;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(said));
    socket.write('POST /webhooks/dashboard/dashboard HTTP/1.1\r\nHost: waybill\r\nContent-Length: 100\r\n\r\n{"type"');
  });
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
});
