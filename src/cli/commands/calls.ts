import type { Command } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { CALL_STATES, CALL_WITNESSES } from '../../domain/calls.js';
import { countCallWitnesses } from '../../ledger/call-comparison.js';
import { listCalls } from '../../ledger/call-desk.js';
import { withLedger } from '../installation.js';
import { print, toJson } from '../output.js';

const CODES = '2, 3, 4 as for every command.';
const PROVIDER = 'phone';

export function addCalls(program: Command): void {
  const group = program.command('calls').description('telephone calls that messages asked for');
  group
    .command('list')
    .description('calls, the newest first')
    .option('--open', 'only those that have no end yet')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 listed, also where there is none; ${CODES}`)
    .action(async ({ open, json }: { open?: boolean; json?: boolean }) => {
      const calls = await withLedger(processConfig(), (db) => listCalls(db, { onlyOpen: open === true }));
      if (json) print(toJson({ calls }));
      else if (calls.length === 0) print('There is no such call.');
      else
        for (const { messageId, shownAs, state, attempt, slotAt, reason } of calls)
          print(
            `${messageId}  ${shownAs}  ${state}${reason === null ? '' : ` (${reason})`}: ${CALL_STATES[state]}; ` +
              `attempt ${attempt}, hour ${slotAt.toISOString()}`,
          );
    });
  group
    .command('witnesses')
    .description('who first told of calls and of their endings: what callbacks do not tell, others have to')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 counted; ${CODES}`)
    .action(async ({ json }: { json?: boolean }) => {
      const witnesses = await withLedger(processConfig(), (db) => countCallWitnesses(db, PROVIDER));
      if (json) print(toJson({ witnesses }));
      else if (witnesses.length === 0) print('No call was placed yet.');
      else
        for (const { via, calls, endings } of witnesses)
          print(`${via.padEnd(8)}  first to tell of ${calls} calls and ${endings} endings: ${CALL_WITNESSES[via]}`);
    });
}
