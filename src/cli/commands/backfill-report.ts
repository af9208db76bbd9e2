import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { backfillHtml } from '../../assurance/backfill/html.js';
import { reportBackfill } from '../../assurance/backfill/report.js';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import type { Database } from '../../ledger/database.js';
import { backfillTables } from '../backfill-tables.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { note, print, toJson } from '../output.js';

interface ReportOptions {
  source?: string;
  html?: string;
  json?: boolean;
}

/** The report of one backfill, which `find` picks, whether it still walks or not. */
export function reportOptions(
  command: Command,
  find: (db: Database, id: string | undefined, options: ReportOptions) => Promise<{ id: string }>,
): Command {
  return command
    .description('what it found: by month, cause, route and age of the thread; coverage before and after; calls')
    .option('--html <file>', 'write it as one page that can be handed on')
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing was missed; 1 messages were missed; 2, 3, 4 as for every command. See docs/reference/backfill.md.',
    )
    .action(async (id: string | undefined, options: ReportOptions) => {
      const config = processConfig();
      const report = await withLedger(config, async (db) => {
        const { id: found } = await find(db, id, options);
        return reportBackfill(db, found, systemClock.now(), config.timing);
      });
      if (options.html !== undefined) await write(options.html, backfillHtml(report));
      if (options.json) print(toJson(report));
      else if (options.html === undefined) print(backfillTables(report));
      process.exitCode = report.messages.missed > 0 ? EXIT.finding : EXIT.ok;
    });
}

async function write(file: string, page: string): Promise<void> {
  try {
    await writeFile(file, page);
  } catch (cause) {
    throw new WaybillError('UsageWrong', `${file} cannot be written.`, { cause, retryable: false });
  }
  note(`Written to ${file}.`);
}
