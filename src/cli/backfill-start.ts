import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { DateTime, IANAZone } from 'luxon';
import { estimateBackfill } from '../assurance/backfill/estimate.js';
import { processConfig } from '../config/process-config.js';
import {
  BACKFILL_MODES,
  type BackfillHours,
  type BackfillMode,
  type BackfillPolicy,
  COURTEOUS_PACE,
  DEFAULT_BACKFILL_DAYS,
  LONGEST_BACKFILL_DAYS,
  QUIET_POLICY,
} from '../domain/backfill.js';
import { PACE_LIMITS } from '../domain/backfill-orders.js';
import { systemClock } from '../domain/clock.js';
import { WaybillError } from '../domain/failures.js';
import { backfillWorkflowId, INTAKE_QUEUE } from '../domain/identity.js';
import { floorToSecond } from '../domain/interval.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import { createBackfill, endBackfill, type NewBackfill, openBackfillOf } from '../ledger/backfills.js';
import { recordChange } from '../ledger/changes.js';
import { relianceOn } from '../ledger/claims.js';
import { backfillSchedule } from '../workers/temporal-setup.js';
import { backfillEstimate } from './backfill-tables.js';
import { EXIT } from './exit-codes.js';
import { withLedger } from './installation.js';
import { commandActor } from './operator.js';
import { instant, realNumber, wholeNumber } from './option-values.js';
import { note, print, toJson } from './output.js';
import { chooseOneSource } from './sources.js';
import { queuesWithoutWorker, withTemporal } from './temporal-client.js';

const DAY_MS = 86_400_000;
export const NO_HOURS = 'all';

/** Hours of the day on the command line. */
export function hoursOfDay(text: string): BackfillHours | typeof NO_HOURS {
  if (text === NO_HOURS) return NO_HOURS;
  const [, fromHour, fromMinute, toHour, toMinute, zone = ''] = /^(\d\d):(\d\d)-(\d\d):(\d\d) (\S+)$/.exec(text) ?? [];
  const [from, to] = [Number(fromHour) * 60 + Number(fromMinute), Number(toHour) * 60 + Number(toMinute)];
  if (!(from <= 1_440 && to <= 1_440) || from === to || !IANAZone.isValidZone(zone))
    throw new InvalidArgumentError('It must be hours and a zone, as "22:00-06:00 Europe/Berlin", or "all".');
  return { from, to, zone };
}

export const rateOption = (text: string): number | 'budget' =>
  text === 'budget' ? text : realNumber(...PACE_LIMITS.perSecond)(text);

function modeOption(text: string): BackfillMode {
  if (text in BACKFILL_MODES) return text as BackfillMode;
  throw new InvalidArgumentError(`It must be ${Object.keys(BACKFILL_MODES).join(', ')}.`);
}

function repliesOption(text: string): BackfillPolicy['replies'] {
  if (text === 'never' || text === 'draft' || text === 'answer') return text;
  throw new InvalidArgumentError('It must be never, draft or answer.');
}

export interface StartOptions {
  source?: string;
  name?: string;
  days?: number;
  from?: Date;
  to?: Date;
  mode: BackfillMode;
  oldestFirst?: boolean;
  rate: number | 'budget';
  batch: number;
  batchPause: number;
  hours?: BackfillHours | typeof NO_HOURS;
  ownQueue?: boolean;
  maxAge?: number;
  replies?: BackfillPolicy['replies'];
  youngerThan?: number;
  every?: number;
  dryRun?: boolean;
  by?: string;
  json?: boolean;
}

export const startOptions = (command: Command): Command =>
  command
    .description('begin a backfill of a source; it runs in Temporal, wherever this command is by then')
    .option('--source <name>', 'the source; the configured one, or the only one, unless given')
    .option('--name <name>', 'its name; today, unless given')
    .option(
      '--days <number>',
      `threads created in the last so many days; ${DEFAULT_BACKFILL_DAYS} unless given`,
      wholeNumber(1, LONGEST_BACKFILL_DAYS - 1),
    )
    .option('--from <instant>', 'or created from this instant on', instant)
    .option('--to <instant>', 'up to this instant; now unless given', instant)
    .option(
      '--mode <mode>',
      'report: compare alone; record: take in what was missing; automate: and have it carried',
      modeOption,
      'record',
    )
    .option('--oldest-first', 'walk from the beginning of the interval on')
    .option(
      '--rate <calls>',
      'calls per second at most; "budget" leaves it to the budget of the source',
      rateOption,
      COURTEOUS_PACE.perSecond ?? 1,
    )
    .option(
      '--batch <threads>',
      'threads between two pauses',
      wholeNumber(...PACE_LIMITS.batchThreads),
      COURTEOUS_PACE.batchThreads,
    )
    .option(
      '--batch-pause <ms>',
      'pause between two batches',
      wholeNumber(...PACE_LIMITS.batchPauseMs),
      COURTEOUS_PACE.batchPauseMs,
    )
    .option('--hours <hours>', 'only in these hours of the day, as "22:00-06:00 Europe/Berlin"', hoursOfDay)
    .option(
      '--own-queue',
      'its calls are made by `waybill worker --roles backfill:<source>`, on another machine for instance',
    )
    .option('--max-age <days>', 'automate: older messages are recorded and nothing else', wholeNumber(0, 36_500))
    .option(
      '--replies <policy>',
      'automate: never (to a person), draft (for approval), answer (as the mode in force allows)',
      repliesOption,
    )
    .option(
      '--younger-than <days>',
      'with --replies answer: older ones are treated as with never',
      wholeNumber(1, 3_650),
    )
    .option(
      '--every <hours>',
      'a sweep of the last days each so many hours, with the same report',
      wholeNumber(1, 8_760),
    )
    .option('--dry-run', 'call and begin nothing: how many calls it will take, and how long')
    .option('--by <name>', 'who asks; the user of this machine unless given')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nExit codes: 0 begun; 3 begun, and no worker takes its calls yet; 2, 4 as for every command.',
    );

/** Begins a backfill, or the Schedule of a sweep. */
export async function startBackfill(options: StartOptions): Promise<void> {
  const config = processConfig();
  const now = systemClock.now();
  const policy = policyOf(options);
  await withLedger(config, async (db) => {
    const source = await chooseOneSource(config, db, options.source);
    const name = options.name ?? DateTime.fromJSDate(now).toUTC().toFormat('yyyy-MM-dd-HHmmss');
    if (!/^[\w.-]{1,60}$/.test(name))
      throw wrong('--name takes 1 to 60 letters, digits, dots, dashes and underscores.');
    const interval = intervalOf(options, now);
    const { coveringWidthMs } = await relianceOn(db, source, config.timing);
    const wanted: NewBackfill = {
      source,
      name,
      workflowId: backfillWorkflowId(source, name),
      mode: options.mode,
      policy,
      direction: options.oldestFirst ? 'oldest_first' : 'newest_first',
      ...interval,
      pace: {
        perSecond: options.rate === 'budget' ? null : options.rate,
        batchThreads: options.batch,
        batchPauseMs: options.batchPause,
      },
      ownQueue: options.ownQueue ?? false,
      hours: options.hours === undefined || options.hours === NO_HOURS ? null : options.hours,
      widthMs: coveringWidthMs,
      askedBy: commandActor(options.by),
      now,
    };
    if (options.dryRun) {
      const estimate = await estimateBackfill(db, { source, ...interval, pace: wanted.pace, now });
      print(options.json ? toJson({ source, ...interval, estimate }) : backfillEstimate(estimate));
      return;
    }
    await withTemporal(config, async (client) => {
      const idle = await queuesWithoutWorker(client, source, { ownQueue: wanted.ownQueue });
      if (options.every !== undefined) {
        if (options.from ?? options.to) throw wrong('--every sweeps the last --days: name no --from or --to with it.');
        const scheduleId = await backfillSchedule(client, {
          ...wanted,
          everyMs: options.every * 3_600_000,
          timing: config.timing,
        });
        if (options.json) print(toJson({ scheduleId, waitsFor: idle }));
        else
          print(
            `The sweep ${scheduleId} begins now and each ${options.every} hours: \`temporal schedule describe --schedule-id ${scheduleId}\`.`,
          );
      } else {
        const backfill = await createBackfill(db, wanted);
        if (!backfill) {
          const other = await openBackfillOf(db, source);
          throw wrong(
            `The backfill ${source}/${other?.name ?? ''} is walking: wait for it, or end it with \`waybill backfill cancel\`. Two of one source would share threads and budget.`,
          );
        }
        const subject = `backfill/${source}/${name}`;
        const { mode, from, to } = backfill;
        await recordChange(db, {
          actor: wanted.askedBy,
          action: 'backfill.start',
          subject,
          detail: { id: backfill.id, mode, from, to },
          now,
        });
        try {
          await client.workflow.start('backfill', {
            workflowId: backfill.workflowId,
            taskQueue: INTAKE_QUEUE,
            args: [{ backfillId: backfill.id, source, timing: config.timing }],
            typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.source, value: source }],
            staticSummary: `Walks the past of ${source}: ${BACKFILL_MODES[mode]}`,
          });
        } catch (error) {
          // Nobody walks it: its row must not refuse the next one. Where the start arrived after all, its workflow finds it ended.
          await endBackfill(db, backfill.id, { state: 'failed', now: systemClock.now() });
          throw error;
        }
        if (options.json) print(toJson({ backfill, waitsFor: idle }));
        else
          print(
            `Begun as ${backfill.id}. \`waybill backfill watch\` shows how far it is, \`waybill backfill pause\` stops its calls.`,
          );
      }
      if (idle.length > 0) {
        note(`It waits: no worker takes tasks of ${idle.join(' and ')}.`);
        process.exitCode = EXIT.prerequisite;
      }
    });
  });
}

const wrong = (sentence: string): WaybillError => new WaybillError('UsageWrong', sentence, { retryable: false });

function intervalOf({ days, from, to }: StartOptions, now: Date): { from: Date; to: Date } {
  if (days !== undefined && from !== undefined)
    throw wrong('--days and --from both say where it begins: give one of them.');
  const end = new Date(floorToSecond((to ?? now).getTime()));
  const begin = from ?? new Date(end.getTime() - (days ?? DEFAULT_BACKFILL_DAYS) * DAY_MS);
  const whole = { from: new Date(floorToSecond(begin.getTime())), to: end };
  if (whole.to > now) throw wrong('--to lies in the future: what is created until then is for the live intake.');
  if (whole.from.getTime() < now.getTime() - LONGEST_BACKFILL_DAYS * DAY_MS)
    throw wrong(`--from lies more than ${LONGEST_BACKFILL_DAYS} days back.`);
  if (whole.from >= whole.to) throw wrong('The interval is empty: --from has to lie before --to.');
  return whole;
}

function policyOf({ mode, maxAge, replies, youngerThan }: StartOptions): BackfillPolicy | null {
  const named = maxAge ?? replies ?? youngerThan;
  if (mode !== 'automate') {
    if (named !== undefined) throw wrong('--max-age, --replies and --younger-than belong to --mode automate.');
    return null;
  }
  if ((replies === 'answer') !== (youngerThan !== undefined))
    throw wrong(
      '--replies answer needs --younger-than, and --younger-than belongs to it: old mail is never answered by accident.',
    );
  return {
    maxAgeDays: maxAge ?? QUIET_POLICY.maxAgeDays,
    replies: replies ?? QUIET_POLICY.replies,
    answerYoungerThanDays: youngerThan ?? null,
  };
}
