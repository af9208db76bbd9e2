import type { Command } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { CALL_STATES, CALL_WITNESSES, PHONE_STATUSES } from '../../domain/calls.js';
import { WaybillError } from '../../domain/failures.js';
import { countCallWitnesses } from '../../ledger/call-comparison.js';
import { findCall, listCalls } from '../../ledger/call-desk.js';
import { withLedger } from '../installation.js';
import { ownId } from '../option-values.js';
import { columns, print, toJson } from '../output.js';

const CODES = '2, 3, 4 as for every command.';
const PROVIDER = 'phone';
const LISTED = 200;

export function addCalls(program: Command): void {
  const group = program.command('calls').description('telephone calls that messages asked for');
  group
    .command('list')
    .description('calls, the newest first')
    .option('--open', 'only those that have no end yet')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 listed, also where there is none; ${CODES}`)
    .action(async ({ open, json }: { open?: boolean; json?: boolean }) => {
      const calls = await withLedger(processConfig(), (db) =>
        listCalls(db, { onlyOpen: open === true, limit: LISTED }),
      );
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
    .command('show')
    .description('one call with its attempts and what was told of each')
    .argument('<id>', 'our id of the call, or of its message', ownId)
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 shown; ${CODES}`)
    .action(async (id: string, { json }: { json?: boolean }) => {
      const call = await withLedger(processConfig(), (db) => findCall(db, id));
      if (!call) throw new WaybillError('UsageWrong', `There is no call of the id ${id}.`, { retryable: false });
      if (json) print(toJson({ call }));
      else print(inFull(call));
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

function inFull(call: NonNullable<Awaited<ReturnType<typeof findCall>>>): string {
  const { id, messageId, shownAs, state, reason, slotAt, windowEnd, requestedAt, attempts } = call;
  const rows: [string, string][] = [
    ['call', `${id} for the message ${messageId}`],
    ['number', shownAs],
    ['state', `${state}${reason === null ? '' : ` (${reason})`}: ${CALL_STATES[state]}`],
    ['requested', requestedAt.toISOString()],
    ['hour', `${slotAt.toISOString()}, and none is begun from ${windowEnd.toISOString()} on`],
  ];
  for (const { attempt, placingAt, sid, status, reports } of attempts) {
    const heard = status === null ? 'nothing was heard of it' : `${status}: ${PHONE_STATUSES[status]}`;
    rows.push([`attempt ${attempt}`, `${placingAt.toISOString()}  ${sid ?? 'no id known'}  ${heard}`]);
    for (const report of reports) rows.push(['', `${report.at.toISOString()}  ${report.status} by ${report.via}`]);
  }
  return columns(rows);
}
