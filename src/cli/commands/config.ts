import type { Command } from 'commander';
import { describeConfig } from '../../config/describe-config.js';
import { processConfig } from '../../config/process-config.js';
import { columns, print, toJson } from '../output.js';

export function addConfig(program: Command): void {
  const group = program.command('config').description('the configuration in force');
  group
    .command('check')
    .description(
      'read environment and .env, report every problem at once, show the effective values with secrets masked',
    )
    .option('--json', 'one JSON object')
    .action(({ json }: { json?: boolean }) => {
      const settings = describeConfig(processConfig());
      if (json) print(toJson({ ok: true, settings }));
      else print(columns(settings.map(({ name, value, origin }) => [name, `${value ?? 'unset'} (${origin})`])));
    });
}
