import { type Command, Option } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { PARK_REASONS } from '../../domain/reasons.js';
import type { ParkState } from '../../domain/states.js';
import {
  findParkInFull,
  listParks,
  type ParkInFull,
  type ParkRow,
  resolvePark,
  retryParks,
} from '../../ledger/park-book.js';
import { remapSubmissions } from '../../ledger/remap-submissions.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { commandActor } from '../operator.js';
import { columns, paint, print, toJson, visible } from '../output.js';
import { chooseSources } from '../sources.js';

const CODES = '2, 3, 4 as for every command.';
/** What stands parked at intake; a message parked in its lifecycle is shown by `trace`. */
const REASONS = Object.keys(PARK_REASONS).filter((reason) => reason !== 'decision_failed');

export function addPark(program: Command): void {
  const group = program.command('park').description('what intake set aside: look at it, ask for it again, settle it');
  group
    .command('list')
    .description('what is set aside, oldest first')
    .option('--source <name>', 'of this source only')
    .addOption(new Option('--reason <reason>', 'for this reason only').choices(REASONS))
    .addOption(new Option('--state <state>', 'in this state').choices(['parked', 'resolved', 'all']).default('parked'))
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 listed, also where nothing is set aside; ${CODES}`)
    .action(async (options: { source?: string; reason?: string; state: ParkState | 'all'; json?: boolean }) => {
      const { source = null, reason = null } = options;
      const state = options.state === 'all' ? null : options.state;
      const parks = await withLedger(processConfig(), async (db) => {
        await chooseSources(db, options.source, 'every');
        return listParks(db, { source, reason, state });
      });
      if (options.json) print(toJson({ parks }));
      else if (parks.length === 0) print('Nothing is set aside.');
      else for (const park of parks) print(line(park));
    });

  group
    .command('show')
    .description('one of them in full, with what the provider sent: that may quote a customer')
    .argument('<id>', "our id of it, or the provider's")
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 found; 1 nothing of that id is set aside; ${CODES}`)
    .action(async (id: string, { json }: { json?: boolean }) => {
      const park = await withLedger(processConfig(), (db) => findParkInFull(db, id));
      if (!park) process.exitCode = EXIT.finding;
      if (json) print(toJson({ id, park }));
      else print(park ? visible(inFull(park)) : `Nothing with the id ${id} was ever set aside.`);
    });

  group
    .command('retry')
    .description('have it asked for again by the next round of visits; a submission is read again at once')
    .argument('[id]', "our id of it, or the provider's")
    .option('--all', 'everything that can be asked for again')
    .option('--source <name>', 'with --all: of this source only')
    .option('--by <name>', 'who asks; the user of this machine unless given')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 asked; 1 nothing of that kind can be asked for again; ${CODES}`)
    .action(async (id: string | undefined, options: RetryOptions) => {
      if ((id === undefined) === (options.all !== true)) throw usage('Name one id, or --all.');
      if (id !== undefined && options.source !== undefined) throw usage('--source goes with --all.');
      const { source = null } = options;
      const request = { id: id ?? null, source, by: commandActor(options.by), now: systemClock.now() };
      const { forms, timing } = processConfig();
      const ids = await withLedger(processConfig(), async (db) => {
        await chooseSources(db, options.source, 'every');
        const asked = await retryParks(db, request);
        // Nobody has to be asked for a submission: its bytes lie here, and are read as its form is configured now.
        await remapSubmissions(db, { forms, which: asked, now: request.now, timing });
        return asked;
      });
      if (ids.length === 0) process.exitCode = EXIT.finding;
      if (options.json) print(toJson({ retried: ids }));
      else print(ids.length === 0 ? 'Nothing can be asked for again.' : `Asked for again at once: ${ids.join(', ')}`);
    });

  group
    .command('resolve')
    .description('settle it by hand: it is not asked for again as long as the same comes')
    .argument('<id>', "our id of it, or the provider's")
    .requiredOption('--by <name>', 'who settles it')
    .requiredOption('--note <text>', 'why')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 settled; 1 nothing of that id stands parked; ${CODES}`)
    .action(async (id: string, { by, note, json }: { by: string; note: string; json?: boolean }) => {
      const request = { id, by: commandActor(by), note, now: systemClock.now() };
      const resolved = await withLedger(processConfig(), (db) => resolvePark(db, request));
      if (resolved === null) process.exitCode = EXIT.finding;
      if (json) print(toJson({ resolved }));
      else print(resolved === null ? `Nothing with the id ${id} stands parked.` : `Settled: ${resolved}`);
    });
}

interface RetryOptions {
  all?: boolean;
  source?: string;
  by?: string;
  json?: boolean;
}

const usage = (detail: string): WaybillError => new WaybillError('UsageWrong', detail, { retryable: false });

const nextOf = ({ state, retryAt, resolvedBy }: ParkRow): string =>
  state === 'resolved'
    ? `settled by ${resolvedBy ?? 'a good answer'}`
    : retryAt === null
      ? 'for a person'
      : `asked for again ${retryAt.toISOString()}`;

const line = (park: ParkRow): string =>
  `${park.id}  ${park.parkedAt.toISOString()}  ${park.source}  ${park.kind} ${visible(park.item)}  ${paint('bold', park.reason)}: ${visible(park.problem)}; ` +
  `${park.attempts} attempts, ${nextOf(park)}`;

const inFull = (park: ParkInFull): string =>
  [
    columns([
      ['park', park.id],
      ['what', `${park.kind} ${park.item} of ${park.source}`],
      ['why', `${park.reason}: ${park.problem}`],
      ['state', `${park.state}, ${nextOf(park)}`],
      ['parked', park.parkedAt.toISOString()],
      ['last seen', park.lastSeenAt.toISOString()],
      ['attempts', String(park.attempts)],
      ['call', park.callId],
      ...park.actions.map(
        (one) =>
          [one.action, `${one.at.toISOString()} by ${one.by}${one.note === null ? '' : `: ${one.note}`}`] as const,
      ),
    ]),
    'as it came:',
    park.raw,
  ].join('\n');
