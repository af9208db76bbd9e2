import type { Command } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { configuredSources } from '../../workers/configured-sources.js';
import { schedulesWanted } from '../../workers/schedules-wanted.js';
import { EXIT } from '../exit-codes.js';
import { print, toJson } from '../output.js';
import { withTemporal } from '../temporal-client.js';

export function addTemporal(program: Command): void {
  const group = program.command('temporal').description('what Waybill needs of a Temporal namespace');
  group
    .command('setup')
    .description('make the search attributes and Schedules that are missing; a second run changes nothing')
    .option('--json', 'one JSON object')
    .action(async ({ json }: { json?: boolean }) => {
      const config = processConfig();
      const { ensureSearchAttributes, ensureSchedules } = await import('../../workers/temporal-setup.js');
      const made = await withTemporal(config, async (client) => ({
        searchAttributes: await ensureSearchAttributes(client),
        schedules: await ensureSchedules(
          client,
          configuredSources(config).map((source) => source.name),
          config.timing,
          schedulesWanted(config),
        ),
      }));
      if (json) print(toJson(made));
      else {
        const names = made.searchAttributes;
        print(
          names.length === 0 ? 'All search attributes are there.' : `Made the search attributes ${names.join(', ')}.`,
        );
        print(`Schedules in place: ${made.schedules.join(', ')}.`);
      }
    });
  group
    .command('check')
    .description('say what is missing, change nothing')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 nothing is missing; 1 something is; 2, 3, 4 as for every command.')
    .action(async ({ json }: { json?: boolean }) => {
      const { missingSearchAttributes } = await import('../../workers/temporal-setup.js');
      const missing = await withTemporal(processConfig(), missingSearchAttributes);
      if (json) print(toJson({ ok: missing.length === 0, missing }));
      else
        print(
          missing.length === 0
            ? 'Nothing is missing.'
            : `Missing search attributes: ${missing.join(', ')}. Run \`waybill temporal setup\`.`,
        );
      process.exitCode = missing.length === 0 ? EXIT.ok : EXIT.finding;
    });
}
