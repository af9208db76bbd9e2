import type { Command } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { ALARM_KINDS, ALARM_STATES, type AlarmState } from '../../domain/alarms.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { acknowledgeAlarm, type DeskAlarm, findAlarm, listAlarms, resolveAlarm } from '../../ledger/alarm-desk.js';
import type { Database } from '../../ledger/database.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { commandActor } from '../operator.js';
import { columns, paint, print, toJson } from '../output.js';

interface Taken {
  by: string;
  json?: boolean;
}

export function addAlarms(program: Command): void {
  const group = program.command('alarms').description('what people have to know, and who has taken it up');
  group
    .command('list', { isDefault: true })
    .description('alarms, the newest first')
    .option('--state <states>', 'open, acknowledged, quenched, resolved, separated by commas, or all')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 none of those listed is open; 1 one is; 2, 3, 4 as for every command.')
    .action(async ({ state, json }: { state?: string; json?: boolean }) => {
      const states = readStates(state);
      const alarms = await withLedger(processConfig(), (db) => listAlarms(db, states));
      if (json) print(toJson({ alarms }));
      else if (alarms.length === 0) print('There is no such alarm.');
      else for (const alarm of alarms) print(inOneLine(alarm));
      if (alarms.some((alarm) => alarm.state === 'open')) process.exitCode = EXIT.finding;
    });
  group
    .command('show')
    .description('one alarm with its evidence')
    .argument('<id>', 'id of the alarm')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 found; 1 unknown; 2, 3, 4 as for every command.')
    .action(async (id: string, { json }: { json?: boolean }) => {
      const alarm = await withLedger(processConfig(), (db) => findAlarm(db, id));
      show(id, alarm, json);
    });
  group
    .command('ack')
    .description('say that you know: the alarm stays until its condition is over')
    .argument('<id>', 'id of the alarm')
    .requiredOption('--by <name>', 'who knows')
    .option('--json', 'the alarm as it is now')
    .addHelpText('after', '\nExit codes: 0 done; 1 the alarm is unknown or not open; 2, 3, 4 as for every command.')
    .action((id: string, taken: Taken) => take(id, taken, acknowledgeAlarm));
  group
    .command('resolve')
    .description('say that it is over: the same condition raises another alarm')
    .argument('<id>', 'id of the alarm')
    .requiredOption('--by <name>', 'who says so')
    .option('--json', 'the alarm as it is now')
    .addHelpText(
      'after',
      '\nExit codes: 0 done; 1 the alarm is unknown or resolved already; 2, 3, 4 as for every command.',
    )
    .action((id: string, taken: Taken) => take(id, taken, resolveAlarm));
}

type Move = (db: Database, id: string, by: string, now: Date) => Promise<boolean>;

async function take(id: string, { by, json }: Taken, move: Move): Promise<void> {
  const { moved, alarm } = await withLedger(processConfig(), async (db) => ({
    moved: await move(db, id, commandActor(by), systemClock.now()),
    alarm: await findAlarm(db, id),
  }));
  show(id, alarm, json);
  if (!moved) process.exitCode = EXIT.finding;
}

function show(id: string, alarm: DeskAlarm | null, json: boolean | undefined): void {
  if (!alarm) process.exitCode = EXIT.finding;
  if (json) print(toJson(alarm));
  else print(alarm ? inFull(alarm) : `There is no alarm ${id} in this ledger.`);
}

function readStates(given: string | undefined): AlarmState[] {
  if (given === 'all') return [];
  const states = given?.split(',').map((one) => one.trim()) ?? ['open', 'acknowledged', 'quenched'];
  const known = Object.keys(ALARM_STATES);
  const unknown = states.filter((one) => !known.includes(one));
  if (unknown.length > 0 || states.length === 0)
    throw new WaybillError('UsageWrong', `--state takes ${known.join(', ')} or all, not "${given}".`, {
      retryable: false,
    });
  return states as AlarmState[];
}

const COLOURS = { open: 'red', acknowledged: 'yellow', quenched: 'dim', resolved: 'green' } as const;

const inOneLine = ({ id, kind, source, subject, state, lastRaisedAt, raises }: DeskAlarm): string =>
  `${id}  ${paint(COLOURS[state], state.padEnd(12))}  ${lastRaisedAt.toISOString()}  ${kind}  ${source ?? 'all sources'}  ${subject}  seen ${raises} time${raises === 1 ? '' : 's'}`;

const instant = (at: Date | null): string => at?.toISOString() ?? 'not yet';

const inFull = (alarm: DeskAlarm): string =>
  columns([
    ['alarm', alarm.id],
    ['kind', `${alarm.kind}: ${ALARM_KINDS[alarm.kind]}`],
    ['source', alarm.source ?? 'all'],
    ['subject', alarm.subject],
    ['state', `${alarm.state}: ${ALARM_STATES[alarm.state]}`],
    ['evidence', toJson(alarm.evidence)],
    [
      'raised',
      `${alarm.raisedAt.toISOString()}, seen ${alarm.raises} times, last at ${alarm.lastRaisedAt.toISOString()}`,
    ],
    ['delivered', instant(alarm.notifiedAt)],
    ['acknowledged', by(alarm.acknowledgedAt, alarm.acknowledgedBy)],
    ['condition over', instant(alarm.quenchedAt)],
    ['resolved', by(alarm.resolvedAt, alarm.resolvedBy)],
    ['what to do', `docs/reference/alarms.md, ${alarm.kind}`],
  ]);

const by = (at: Date | null, who: string | null): string => (at === null ? 'not yet' : `${at.toISOString()} by ${who}`);
