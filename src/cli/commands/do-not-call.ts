import type { Command } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { normaliseNumber } from '../../delivery/calling/number.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { addDoNotCall, listDoNotCall, removeDoNotCall } from '../../ledger/do-not-call.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { commandActor } from '../operator.js';
import { print, toJson } from '../output.js';

const CODES = '2, 3, 4 as for every command.';

interface Options {
  by?: string;
  note?: string;
  json?: boolean;
}

export function addDoNotCallCommands(program: Command): void {
  const group = program.command('do-not-call').description('telephone numbers that are never called');
  group
    .command('add')
    .description('never call this number: calls that wait for their hour go to a person')
    .argument('<number>', 'with its country code, or of the configured region')
    .option('--by <name>', 'who says so; the user of this machine unless given')
    .option('--note <text>', 'why')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 it is on the list now, also where it was before; ${CODES}`)
    .action(async (text: string, { by, note = '', json }: Options) => {
      const number = readNumber(text);
      const entry = { number, by: commandActor(by), note: note === '' ? null : note, now: systemClock.now() };
      const added = await withLedger(processConfig(), (db) => addDoNotCall(db, entry));
      if (json) print(toJson({ added }));
      else print(added ? 'It is not called any more.' : 'It was on the list already.');
    });
  group
    .command('remove')
    .description('take a number off the list')
    .argument('<number>', 'with its country code, or of the configured region')
    .option('--by <name>', 'who says so; the user of this machine unless given')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 removed; 1 it is not on the list; ${CODES}`)
    .action(async (text: string, { by, json }: Options) => {
      const entry = { number: readNumber(text), by: commandActor(by), now: systemClock.now() };
      const removed = await withLedger(processConfig(), (db) => removeDoNotCall(db, entry));
      if (!removed) process.exitCode = EXIT.finding;
      if (json) print(toJson({ removed }));
      else print(removed ? 'It may be called again.' : 'It is not on the list.');
    });
  group
    .command('list')
    .description('what is on the list; the numbers themselves are not kept')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 listed, also where the list is empty; ${CODES}`)
    .action(async ({ json }: Options) => {
      const entries = await withLedger(processConfig(), listDoNotCall);
      if (json) print(toJson({ entries }));
      else if (entries.length === 0) print('Every number may be called.');
      else
        for (const { shownAs, addedAt, addedBy, note } of entries)
          print(`${shownAs}  since ${addedAt.toISOString()} by ${addedBy}${note === null ? '' : `: ${note}`}`);
    });
}

/** A number that cannot be read would be on the list and called all the same. */
function readNumber(text: string): string {
  const number = normaliseNumber(text, processConfig().phone?.region ?? null);
  if (number !== null) return number;
  throw new WaybillError(
    'UsageWrong',
    `"${text}" is no valid telephone number: write it with its country code, as +44 20 7946 0000, or set WAYBILL_PHONE_REGION.`,
    { retryable: false },
  );
}
