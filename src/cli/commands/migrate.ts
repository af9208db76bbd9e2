import type { Command } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { applyMigrations } from '../../ledger/migrate.js';
import { accessDatabase } from '../installation.js';
import { print, toJson } from '../output.js';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('bring the database to the schema of this version and make the partitions of the coming months')
    .option('--json', 'one JSON object')
    .action(async ({ json }: { json?: boolean }) => {
      const access = await accessDatabase(processConfig(), { create: true });
      try {
        const { applied } = await applyMigrations({ url: access.url });
        if (json) print(toJson({ applied }));
        else print(applied.length === 0 ? 'The database is up to date.' : `Applied: ${applied.join(', ')}.`);
      } finally {
        await access.release();
      }
    });
}
