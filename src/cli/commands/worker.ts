import type { Command } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { accessDatabase } from '../installation.js';
import { stopSignal } from '../stop-signal.js';

export function addWorker(program: Command): void {
  program
    .command('worker')
    .description('take tasks until stopped; drains on SIGTERM')
    .option('--roles <roles>', 'intake, lifecycle, source:<name>, separated by commas; all by default')
    .option('--trigger', 'run every Schedule once at start')
    .action(async ({ roles, trigger }: { roles?: string; trigger?: boolean }) => {
      const config = processConfig();
      const stop = stopSignal();
      const access = await accessDatabase(config, { create: false });
      try {
        const { runWorker } = await import('../../workers/run-worker.js');
        await runWorker({
          config,
          databaseUrl: access.url,
          roles: roles?.split(',').map((role) => role.trim()) ?? null,
          trigger: trigger === true,
          stop,
          onReady: () => process.send?.({ event: 'ready' }),
        });
      } finally {
        await access.release();
        if (process.connected) process.disconnect();
      }
    });
}
