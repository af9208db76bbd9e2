import type { Command } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { listChanges, type RecordedChange } from '../../ledger/changes.js';
import { withLedger } from '../installation.js';
import { instant, wholeNumber } from '../option-values.js';
import { print, toJson } from '../output.js';

/** So many are shown where the command line does not say. */
const SHOWN = 100;

export function addChanges(program: Command): void {
  program
    .command('changes')
    .description('who changed what and when, the newest first')
    .option('--since <instant>', 'changes of this instant and later (ISO, with zone)', instant)
    .option('--limit <n>', 'at most so many', wholeNumber(1, 100_000), SHOWN)
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 listed, also where there is none; 2, 3, 4 as for every command.')
    .action(async ({ since, limit, json }: { since?: Date; limit: number; json?: boolean }) => {
      const changes = await withLedger(processConfig(), (db) => listChanges(db, { since: since ?? null, limit }));
      if (json) print(toJson({ changes }));
      else if (changes.length === 0) print('No change is recorded.');
      else for (const change of changes) print(line(change));
    });
}

const line = ({ at, actor, action, subject, detail }: RecordedChange): string =>
  `${at.toISOString()}  ${actor}  ${action}  ${subject}  ${toJson(detail)}`;
