import type { Command } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { resumeSource } from '../../ledger/stopped-sources.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { commandActor } from '../operator.js';
import { wholeNumber } from '../option-values.js';
import { print, toJson } from '../output.js';

const MINUTE = 60_000;
const LONGEST_MINUTES = 7 * 24 * 60;

export function addSource(program: Command): void {
  const group = program.command('source').description('a source that was stopped');
  group
    .command('resume')
    .description('start a source again that mass parking has stopped; its alarm is quenched')
    .requiredOption('--source <name>', 'which one')
    .option(
      '--park-for <minutes>',
      'for so long, park whatever cannot be read, however much it is',
      wholeNumber(1, LONGEST_MINUTES),
    )
    .option('--by <name>', 'who starts it; the user of this machine unless given')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 started again; 1 it was not stopped; 2, 3, 4 as for every command.')
    .action(async ({ source, parkFor, by, json }: ResumeOptions) => {
      const now = systemClock.now();
      const parkFreelyUntil = parkFor === undefined ? null : new Date(now.getTime() + parkFor * MINUTE);
      const request = { source, by: commandActor(by), parkFreelyUntil, now };
      const stopped = await withLedger(processConfig(), (db) => resumeSource(db, request));
      if (stopped === null) process.exitCode = EXIT.finding;
      if (json) print(toJson({ source, stopped, parkFreelyUntil: stopped ? parkFreelyUntil : null }));
      else if (stopped === null) print(`The source "${source}" is not stopped.`);
      else print(`The source "${source}" takes calls again. It had stopped at ${stopped.stoppedAt.toISOString()}.`);
    });
}

interface ResumeOptions {
  source: string;
  parkFor?: number;
  by?: string;
  json?: boolean;
}
