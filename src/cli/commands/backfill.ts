import type { Command } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { BACKFILL_HOLDS, type BackfillVerb } from '../../domain/backfill.js';
import { PACE_LIMITS } from '../../domain/backfill-orders.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { listBackfillOrders } from '../../ledger/backfill-orders.js';
import { type Backfill, listBackfills, openBackfillOf, readBackfill } from '../../ledger/backfills.js';
import type { Database } from '../../ledger/database.js';
import { readStanding, sayStanding, watchBackfill } from '../backfill-progress.js';
import { hoursOfDay, NO_HOURS, rateOption, startBackfill, startOptions } from '../backfill-start.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { commandActor } from '../operator.js';
import { instant, wholeNumber } from '../option-values.js';
import { print, toJson } from '../output.js';
import { chooseSources } from '../sources.js';
import { withTemporal } from '../temporal-client.js';
import { reportOptions } from './backfill-report.js';

const OTHERS = '2, 3, 4 as for every command.';
const LISTED = 50;

interface Named {
  source?: string;
  json?: boolean;
}

/** Walks of the past of a source, beside its live traffic. */
export function addBackfill(program: Command): void {
  const group = program
    .command('backfill')
    .description('walk the past of a source in polite steps: compare, take in what was missing, report');
  startOptions(group.command('start')).action(startBackfill);
  ofOne(group.command('list').description('the newest backfills')).action(list);
  ofOne(group.command('status').argument('[id]', WHICH).description('how far it is, at which rate, and what holds it'))
    .addHelpText(
      'after',
      `\nExit codes: 0 it walks or is done; 1 it is held, was cancelled, or there is none; ${OTHERS}`,
    )
    .action(status);
  ofOne(
    group
      .command('watch')
      .argument('[id]', WHICH)
      .description('the same until it ends: a bar on a terminal, JSON lines otherwise'),
  )
    .addHelpText(
      'after',
      `\nExit codes: 0 it is done; 1 it was cancelled or failed, or there is none; 130 stopped watching; ${OTHERS}`,
    )
    .action(async (id: string | undefined, options: Named) => {
      process.exitCode = await withLedger(processConfig(), async (db) =>
        watchBackfill(db, (await find(db, id, options)).id, options),
      );
    });
  reportOptions(ofOne(group.command('report').argument('[id]', WHICH)), find);
  order(group, 'pause', 'make no calls until it is resumed; what is queued is taken out').action(obeyed('pause'));
  order(group, 'resume', 'go on at the page where it stood').action(obeyed('resume'));
  order(group, 'cancel', 'end it; what it found stays').action(obeyed('cancel'));
  order(group, 'pace', 'another ceiling, pause, size or hours from now on')
    .option('--rate <calls>', 'calls per second at most; "budget" leaves it to the budget of the source', rateOption)
    .option('--batch <threads>', 'threads between two pauses', wholeNumber(...PACE_LIMITS.batchThreads))
    .option('--batch-pause <ms>', 'pause between two batches', wholeNumber(...PACE_LIMITS.batchPauseMs))
    .option('--hours <hours>', 'hours of the day, as "22:00-06:00 Europe/Berlin"; "all" for every hour', hoursOfDay)
    .action(async (id: string | undefined, { rate, batch, batchPause, hours, ...rest }: PaceOptions) => {
      const pace = {
        ...(rate === undefined ? {} : { perSecond: rate === 'budget' ? null : rate }),
        ...(batch === undefined ? {} : { batchThreads: batch }),
        ...(batchPause === undefined ? {} : { batchPauseMs: batchPause }),
        ...(hours === undefined ? {} : { hours: hours === NO_HOURS ? null : hours }),
      };
      await obey('pace', id, rest, pace);
    });
  order(group, 'extend', 'walk a wider interval')
    .option('--from <instant>', 'from this instant on', instant)
    .option('--to <instant>', 'up to this instant', instant)
    .action(async (id: string | undefined, { from, to, ...rest }: Named & { by?: string; from?: Date; to?: Date }) => {
      await obey('extend', id, rest, {
        ...(from ? { from: from.toISOString() } : {}),
        ...(to ? { to: to.toISOString() } : {}),
      });
    });
}

const WHICH = 'the one that is walking, else the newest, unless given';

interface PaceOptions extends Named {
  by?: string;
  rate?: number | 'budget';
  batch?: number;
  batchPause?: number;
  hours?: ReturnType<typeof hoursOfDay>;
}

const ofOne = (command: Command): Command =>
  command.option('--source <name>', 'of this source').option('--json', 'one JSON object');

const order = (group: Command, verb: BackfillVerb, description: string): Command =>
  ofOne(group.command(verb).argument('[id]', WHICH).description(description))
    .option('--by <name>', 'who asks; the user of this machine unless given')
    .addHelpText('after', `\nExit codes: 0 done; 1 there is no such backfill; ${OTHERS}`);

/** The one that is meant. @throws WaybillError UsageWrong where none is */
async function find(db: Database, id: string | undefined, { source }: Named): Promise<Backfill> {
  if (id !== undefined && /^[0-9a-f-]{36}$/i.test(id)) return readBackfill(db, id);
  const sources = await chooseSources(db, source);
  for (const name of sources) {
    const open = await openBackfillOf(db, name);
    if (open && (id === undefined || open.name === id)) return open;
  }
  const newest = (await listBackfills(db, source ?? null, LISTED)).find((one) => id === undefined || one.name === id);
  if (newest) return newest;
  const which = id === undefined ? '' : ` "${id}"`;
  throw new WaybillError('UsageWrong', `There is no backfill${which}: \`waybill backfill start\` begins one.`, {
    retryable: false,
  });
}

async function list({ source, json }: Named): Promise<void> {
  const backfills = await withLedger(processConfig(), async (db) => {
    await chooseSources(db, source);
    return listBackfills(db, source ?? null, LISTED);
  });
  if (json) print(toJson({ backfills }));
  else if (backfills.length === 0) print('There has been no backfill yet: `waybill backfill start` begins one.');
  else for (const one of backfills) print(line(one));
}

const line = ({ id, source, name, mode, state, hold, from, to, askedAt, askedBy }: Backfill): string =>
  `${id}  ${source}/${name}  ${mode}, ${hold === null ? state : `held: ${BACKFILL_HOLDS[hold]}`}  ` +
  `${from.toISOString().slice(0, 10)} to ${to.toISOString().slice(0, 10)}, asked ${askedAt.toISOString()} by ${askedBy}`;

async function status(id: string | undefined, options: Named): Promise<void> {
  const standing = await withLedger(processConfig(), async (db) => {
    const { id: found } = await find(db, id, options);
    return { ...(await readStanding(db, found, systemClock.now())), orders: await listBackfillOrders(db, found) };
  });
  print(options.json ? toJson(standing) : sayStanding(standing));
  const { state, hold } = standing.backfill;
  if (hold !== null || state === 'cancelled' || state === 'failed') process.exitCode = EXIT.finding;
}

const obeyed =
  (verb: BackfillVerb) =>
  (id: string | undefined, options: Named & { by?: string }): Promise<void> =>
    obey(verb, id, options, {});

/** The same as an update from Temporal's own tools: accepted, done and written down, or refused with why. */
async function obey(
  verb: BackfillVerb,
  id: string | undefined,
  options: Named & { by?: string },
  detail: Record<string, unknown>,
): Promise<void> {
  const config = processConfig();
  const backfill = await withLedger(config, async (db) => {
    const found = await find(db, id, options);
    if (found.endedAt !== null)
      throw new WaybillError(
        'UsageWrong',
        `The backfill ${found.source}/${found.name} has ended: it is ${found.state}.`,
        {
          retryable: false,
        },
      );
    await withTemporal(config, async (client) => {
      const { WorkflowNotFoundError, WorkflowUpdateFailedError } = await import('@temporalio/client');
      const handle = client.workflow.getHandle(found.workflowId);
      await handle
        .executeUpdate(verb, { args: [{ by: commandActor(options.by), ...detail }] })
        .catch((error: unknown) => {
          if (error instanceof WorkflowNotFoundError)
            throw new WaybillError(
              'UsageWrong',
              `The workflow ${found.workflowId} is over, and its backfill did not end with it: a running worker marks it failed within two minutes.`,
              { retryable: false },
            );
          if (!(error instanceof WorkflowUpdateFailedError)) throw error;
          throw new WaybillError(
            'UsageWrong',
            `The backfill refuses it: ${error.cause?.message ?? 'no reason given'}.`,
            {
              retryable: false,
            },
          );
        });
    });
    return readBackfill(db, found.id);
  });
  if (options.json) print(toJson({ backfill }));
  else print(line(backfill));
}
