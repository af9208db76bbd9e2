import type { Command } from 'commander';
import { playIncident } from '../../demo/incident.js';
import { withLedgerOfItsOwn } from '../../demo/show-postgres.js';
import { systemClock } from '../../domain/clock.js';
import { liveStage, plainStage, SILENT } from '../demo/stage.js';
import { EXIT } from '../exit-codes.js';
import { wholeNumber } from '../option-values.js';
import { note, print, toJson } from '../output.js';
import { stopSignal } from '../stop-signal.js';

interface Flags {
  threads: number;
  seed: number;
  speed: number;
  json?: boolean;
}

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('shows of what Waybill is for, over the simulated dashboard alone')
    .command('incident')
    .description(
      'a year of a naive intake beside Waybill, the first witness, its trace, and the backfill of what was missed',
    )
    .option('--threads <n>', 'threads of the year', wholeNumber(50, 100_000), 2_000)
    .option('--seed <n>', 'another seed is another year', wholeNumber(0, Number.MAX_SAFE_INTEGER), 1)
    .option('--speed <n>', 'how much faster the panel of a terminal goes on', wholeNumber(1, 1_000), 1)
    .option('--json', 'one JSON object at the end')
    .addHelpText(
      'after',
      '\nIt makes a Postgres of its own in a temporary folder and removes it; it reads and changes no installation.\n' +
        'Exit codes: 0 shown, and its figures equal the truth of the simulator; 1 they do not; 130 interrupted; 2, 3, 4 as for every command.',
    )
    .action(async ({ threads, seed, speed, json }: Flags) => {
      const signal = stopSignal();
      const live = process.stdout.isTTY === true;
      const audience = json ? SILENT : live ? liveStage({ speed, signal }) : plainStage();
      const begun = performance.now();
      try {
        const account = await playIncident(
          { threads, seed, now: systemClock.now(), signal, withLedger: (work) => withLedgerOfItsOwn(note, work) },
          audience,
        );
        const seconds = Math.round((performance.now() - begun) / 100) / 10;
        print(json ? toJson({ ...account, seconds }) : `All of this took ${seconds} s.`);
        if (account.contradictions.length > 0) process.exitCode = EXIT.finding;
      } catch (error) {
        if (!signal.aborted) throw error;
        note('Interrupted; the ledger of the show is removed.');
        process.exitCode = EXIT.interrupted;
      }
    });
}
