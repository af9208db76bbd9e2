import { once } from 'node:events';
import { type Command, Option } from 'commander';
import type { Environment } from '../../config/layers.js';
import { processConfig } from '../../config/process-config.js';
import { accessDatabase } from '../installation.js';
import { stopSignal } from '../stop-signal.js';

export function addWorker(program: Command): void {
  program
    .command('worker')
    .description('take tasks until stopped; drains on SIGTERM')
    .option('--roles <roles>', 'intake, lifecycle, source:<name>, providers, separated by commas; all by default')
    .option('--trigger', 'run every Schedule once at start')
    .addOption(
      new Option('--await-settings', 'load everything, then wait for the process that started this one').hideHelp(),
    )
    .action(
      async ({ roles, trigger, awaitSettings }: { roles?: string; trigger?: boolean; awaitSettings?: boolean }) => {
        const stop = stopSignal();
        try {
          const given = awaitSettings ? once(process, 'message', { signal: stop }).catch(() => [{}]) : [{}];
          const { runWorker } = await import('../../workers/run-worker.js');
          const [settings] = (await given) as [Environment];
          if (stop.aborted) return;
          const config = processConfig(settings);
          const access = await accessDatabase(config, { create: false });
          try {
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
          }
        } finally {
          if (process.connected) process.disconnect(); // the channel, listened to, would keep a refused start alive
        }
      },
    );
}
