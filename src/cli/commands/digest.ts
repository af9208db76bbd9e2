import type { Command } from 'commander';
import { type Digest, readDigest } from '../../assurance/digest.js';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { columns, print, toJson } from '../output.js';

const HOUR_MS = 3_600_000;

export function addDigest(program: Command): void {
  program
    .command('digest')
    .description(
      'what is open, overdue and held, and how long things took: the same that the receiver of alarms gets daily',
    )
    .option('--hours <n>', 'how far back, 24 unless given')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing is overdue; 1 a case or a hand-off is; 2, 3, 4 as for every command.',
    )
    .action(async ({ hours = '24', json }: { hours?: string; json?: boolean }) => {
      const back = Number(hours);
      if (!(back >= 1 && back <= 8_784))
        throw new WaybillError('UsageWrong', `--hours takes a number from 1 to 8784, not "${hours}".`, {
          retryable: false,
        });
      const until = systemClock.now();
      const since = new Date(until.getTime() - back * HOUR_MS);
      const digest = await withLedger(processConfig(), (db) => readDigest(db, { since, until }, until));
      print(json ? toJson(digest) : inFull(digest));
      if (digest.cases.overdue > 0 || digest.handOffs.overdueIds.length > 0) process.exitCode = EXIT.finding;
    });
}

const counts = (of: Record<string, number>): string =>
  Object.entries(of)
    .map(([name, n]) => `${name} ${n}`)
    .join(', ') || 'none';

const minutes = (ms: number): string => `${Math.round(ms / 60_000)} min`;

const inFull = ({ since, until, cases, messages, handOffs, alarms }: Digest): string =>
  columns([
    ['from', since.toISOString()],
    ['to', until.toISOString()],
    ['cases opened', `${cases.opened}, resolved ${cases.resolved} (${counts(cases.resolutions)})`],
    [
      'cases took',
      cases.tookMs ? `median ${minutes(cases.tookMs.median)}, p95 ${minutes(cases.tookMs.p95)}` : 'none was resolved',
    ],
    ['cases open', `${cases.open}, without owner ${cases.unassigned}, overdue ${cases.overdue}`],
    ['oldest case', cases.oldestOpenedAt?.toISOString() ?? 'none'],
    ['overdue cases', cases.overdueIds.join(', ') || 'none'],
    ['recorded', String(messages.recorded)],
    ['ended', counts(messages.ended)],
    ['waiting', counts(messages.waiting)],
    ['parked', counts(messages.parked)],
    ['hand-offs', `${counts(handOffs.states)}; taken in this time ${handOffs.acknowledged}`],
    ['never finished', handOffs.overdueIds.join(', ') || 'none'],
    ['alarms open', String(alarms.open)],
  ]);
