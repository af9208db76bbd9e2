import { once } from 'node:events';
import { type Command, Option } from 'commander';
import { exportMessages } from '../../assurance/export-messages.js';
import { processConfig } from '../../config/process-config.js';
import { withLedger } from '../installation.js';
import { chooseSources } from '../sources.js';

export function addExport(program: Command): void {
  const group = program.command('export').description('write out what the ledger holds');
  group
    .command('messages')
    .description('one line per stored message: ids, clocks, state and ending; no content')
    .addOption(new Option('--format <format>', 'format of the output').choices(['ndjson']).default('ndjson'))
    .option('--source <name>', 'messages of this source only')
    .option('--json', 'the same as --format ndjson')
    .action(async ({ source }: { source?: string }) => {
      await withLedger(processConfig(), async (db) => {
        await chooseSources(db, source, 'every');
        for await (const message of exportMessages(db, source ?? null)) {
          if (process.stdout.destroyed) return; // its reader has gone
          if (!process.stdout.write(`${JSON.stringify(message)}\n`))
            await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]).catch(() => undefined);
        }
      });
    });
}
