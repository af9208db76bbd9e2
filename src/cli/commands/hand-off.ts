import type { Command } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { WaybillError } from '../../domain/failures.js';
import { HAND_OFF_STATES, type HandOffState } from '../../domain/hand-offs.js';
import { type HandOff, listHandOffs, OPEN_HAND_OFFS } from '../../ledger/hand-offs.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { paint, print, toJson } from '../output.js';

export function addHandOff(program: Command): void {
  const group = program.command('hand-off').description('what outside platforms were asked to carry on');
  group
    .command('list', { isDefault: true })
    .description(
      'hand-offs for which somebody still owes something: not taken yet, no outcome yet, or no outcome in time',
    )
    .option('--platform <name>', 'of this platform only')
    .option('--state <states>', `${Object.keys(HAND_OFF_STATES).join(', ')}, separated by commas, or all`)
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 none of those listed is overdue; 1 one is; 2, 3, 4 as for every command.')
    .action(async ({ platform, state, json }: { platform?: string; state?: string; json?: boolean }) => {
      const filter = { platform: platform ?? null, states: readStates(state), limit: 10_000 };
      const handOffs = await withLedger(processConfig(), (db) => listHandOffs(db, filter));
      if (json) print(toJson({ handOffs }));
      else if (handOffs.length === 0) print('There is no such hand-off.');
      else for (const one of handOffs) print(line(one));
      if (handOffs.some(neverFinished)) process.exitCode = EXIT.finding;
    });
}

/** Taken by a platform, and nothing came back to this day. */
const neverFinished = ({ state, outcome }: HandOff): boolean => state === 'overdue' && outcome === null;

function readStates(given: string | undefined): readonly HandOffState[] {
  if (given === undefined) return OPEN_HAND_OFFS;
  if (given === 'all') return [];
  const states = given.split(',').map((one) => one.trim());
  const isKnown = (one: string): one is HandOffState => Object.hasOwn(HAND_OFF_STATES, one);
  if (states.every(isKnown)) return states;
  const known = Object.keys(HAND_OFF_STATES).join(', ');
  throw new WaybillError('UsageWrong', `--state takes ${known} or all, not "${given}".`, { retryable: false });
}

function line(one: HandOff): string {
  const { state, outcome, outcomeAt, endedAt, deadlineAt } = one;
  const end =
    endedAt === null
      ? `until ${deadlineAt.toISOString()}`
      : `${endedAt.toISOString()}${outcome && state === 'overdue' ? `, reported ${outcome.status} at ${outcomeAt?.toISOString()}` : ''}`;
  const colour = neverFinished(one) || state === 'refused' ? 'red' : state === 'done' ? 'green' : 'yellow';
  return `${one.messageId}  ${paint(colour, state.padEnd(12))}  ${one.source}  ${one.platform}  ${one.attempts} attempts  ${end}`;
}
