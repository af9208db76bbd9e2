import type { Command } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { DISPATCH_WORKFLOW_ID } from '../../domain/identity.js';
import {
  type HeldStop,
  readStops,
  resumeSending,
  type SendingStop,
  sayScope,
  stopSending,
} from '../../ledger/sending-stops.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { commandActor } from '../operator.js';
import { paint, print, note as say, toJson } from '../output.js';
import { type ScopeOptions, scopeOf, withScope } from '../scope.js';
import { withTemporal } from '../temporal-client.js';

export function addStopSending(program: Command): void {
  withScope(program.command('stop-sending').option('--source <name>', 'of this source only'))
    .description('hold replies, calls and hand-offs on all workers within two seconds, until resume-sending')
    .option('--note <text>', 'why, for whoever asks')
    .option('--list', 'show what is stopped and how many messages are held, and stop nothing')
    .option('--by <name>', 'who stops it; the user of this machine unless given')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 stopped; 1 with --list: something is stopped; 2, 3, 4 as for every command.')
    .action(async ({ note, list, by, json, ...scope }: ScopeOptions & StopOptions) => {
      if (list) {
        const stops = await withLedger(processConfig(), readStops);
        if (json) print(toJson({ stops }));
        else if (stops.length === 0) print('Nothing is stopped.');
        else for (const stop of stops) print(line(stop));
        if (stops.length > 0) process.exitCode = EXIT.finding;
        return;
      }
      const asked = { ...scopeOf(scope), note: note ?? null, actor: commandActor(by), now: systemClock.now() };
      const { stop, isNew } = await withLedger(processConfig(), (db) => stopSending(db, asked));
      if (json) print(toJson({ stop, isNew }));
      else if (isNew) print(`Sending is stopped for ${sayScope(stop)}. waybill resume-sending lifts it.`);
      else
        print(`Sending is stopped for ${sayScope(stop)} since ${stop.stoppedAt.toISOString()}, by ${stop.stoppedBy}.`);
    });

  withScope(program.command('resume-sending').option('--source <name>', 'the stop of this source'))
    .description('lift a stop of sending: what it held goes on, oldest first')
    .option('--all', 'every stop')
    .option('--by <name>', 'who lifts it; the user of this machine unless given')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 lifted; 1 nothing of that scope is stopped; 2, 3, 4 as for every command.')
    .action(async ({ all = false, by, json, ...options }: ScopeOptions & StopOptions) => {
      const scope = scopeOf(options);
      if (all && (scope.source ?? scope.route ?? scope.playbook) !== null)
        throw new WaybillError('UsageWrong', '--all lifts every stop: name no source, route or playbook with it.', {
          retryable: false,
        });
      const config = processConfig();
      const asked = { ...scope, all, actor: commandActor(by), now: systemClock.now() };
      const lifted = await withLedger(config, (db) => resumeSending(db, asked));
      if (lifted.length === 0) process.exitCode = EXIT.finding;
      else await wake(config);
      if (json) print(toJson({ lifted }));
      else if (lifted.length === 0) print(`Nothing is stopped for ${sayScope(scope)}.`);
      else for (const stop of lifted) print(`Sending goes on for ${sayScope(stop)}.`);
    });
}

interface StopOptions {
  note?: string;
  list?: boolean;
  all?: boolean;
  by?: string;
  json?: boolean;
}

/** Dispatch wakes what was held; where it cannot be asked now it does so by itself. */
async function wake(config: ReturnType<typeof processConfig>): Promise<void> {
  await withTemporal(config, (client) => client.schedule.getHandle(DISPATCH_WORKFLOW_ID).trigger('BUFFER_ONE')).catch(
    () => say('Temporal was not asked; held messages go on as soon as a worker dispatches.'),
  );
}

const line = (stop: HeldStop | (SendingStop & { held: number })): string =>
  `${stop.id}  ${paint('bold', sayScope(stop))}  since ${stop.stoppedAt.toISOString()} by ${stop.stoppedBy}; ${stop.held} held` +
  (stop.note === null ? '' : `; ${stop.note}`);
