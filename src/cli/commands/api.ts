import { once } from 'node:events';
import type { Command } from 'commander';
import { startApi } from '../../api/server.js';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { openDatabase } from '../../ledger/database.js';
import { createLogger } from '../../telemetry/logger.js';
import { accessDatabase } from '../installation.js';
import { stopSignal } from '../stop-signal.js';

export function addApi(program: Command): void {
  program
    .command('api')
    .description('serve the HTTP API until stopped')
    .action(async () => {
      const config = processConfig();
      const stop = stopSignal();
      const access = await accessDatabase(config, { create: false });
      const db = openDatabase({ url: access.url });
      const log = createLogger({ subsystem: 'api', level: config.log.level, format: config.log.format });
      try {
        const api = await startApi({ config, db, clock: systemClock, log });
        if (!stop.aborted) await once(stop, 'abort');
        await api.close();
      } finally {
        await db.close();
        await access.release();
      }
    });
}
