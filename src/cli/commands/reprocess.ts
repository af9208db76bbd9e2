import type { Command } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { type MessagesReprocessed, type Reprocessing, reprocessMessages } from '../../ledger/reprocess.js';
import { type ParksReprocessed, reprocessParks } from '../../ledger/reprocess-parks.js';
import { dashboardRereader } from '../../sources/dashboard/reread.js';
import { withLedger } from '../installation.js';
import { commandActor } from '../operator.js';
import { instant } from '../option-values.js';
import { columns, note, print, toJson } from '../output.js';
import { chooseSources } from '../sources.js';

/** Nobody should wonder for longer whether anything happens. */
const SILENT_MS = 2_000;

export function addReprocess(program: Command): void {
  program
    .command('reprocess')
    .description('read stored answers again with the adapter of this version; nothing is answered again')
    .requiredOption('--source <name>', 'of this source')
    .requiredOption('--since <instant>', 'answers recorded from this instant on (ISO, with zone)', instant)
    .option('--dry-run', 'say what would change, change nothing')
    .option('--by <name>', 'who does it; the user of this machine unless given')
    .option('--json', 'one JSON object on the last line')
    .addHelpText('after', '\nExit codes: 0 done, also where nothing changed; 2, 3, 4 as for every command.')
    .action(async ({ source, since, dryRun = false, by, json }: ReprocessOptions) => {
      const { timing } = processConfig();
      const begun = performance.now();
      let toldAt = begun;
      const progress = (done: number, of: number) => {
        if (performance.now() - toldAt < SILENT_MS) return;
        toldAt = performance.now();
        const rate = Math.round((done * 1_000) / (toldAt - begun));
        note(`read again: ${done} of ${of}, ${rate} per second`);
      };
      const report = await withLedger(processConfig(), async (db) => {
        await chooseSources(db, source);
        const run: Reprocessing = {
          source,
          since,
          dryRun,
          by: commandActor(by),
          adapter: dashboardRereader,
          clock: systemClock,
          timing,
          progress,
        };
        return { messages: await reprocessMessages(db, run), parks: await reprocessParks(db, run) };
      });
      const facts = { source, since, dryRun, adapter: dashboardRereader.version, ...report };
      print(json ? toJson(facts) : describe(report, dryRun));
    });
}

interface ReprocessOptions {
  source: string;
  since: Date;
  dryRun?: boolean;
  by?: string;
  json?: boolean;
}

function describe(report: { messages: MessagesReprocessed; parks: ParksReprocessed }, dryRun: boolean): string {
  const { messages, parks } = report;
  const fields = Object.entries(messages.fields).map(([name, count]) => `${name} ${count}`);
  return columns([
    ['read again', String(messages.examined)],
    [dryRun ? 'would change' : 'changed', `${messages.changed}${fields.length > 0 ? ` (${fields.join(', ')})` : ''}`],
    ['unchanged', String(messages.unchanged)],
    [
      'left as they are',
      `${messages.refusedIds.length} that read as another message${messages.refusedIds.length > 0 ? `: ${messages.refusedIds.join(', ')}` : ''}`,
    ],
    ['not readable now', String(messages.unreadable)],
    ['row was not kept', String(messages.notKept)],
    [dryRun ? 'parks to take in' : 'parks taken in', `${parks.takenIn} of ${parks.examined}`],
  ]);
}
