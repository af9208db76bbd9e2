import type { Command } from 'commander';
import { type Pacing, readPacing } from '../../assurance/pacing.js';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { BREAKER_STATES, PACE_REASONS } from '../../domain/pacing.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { columns, paint, print, toJson } from '../output.js';
import { chooseSources, NO_SOURCE } from '../sources.js';

export function addPacer(program: Command): void {
  program
    .command('pacer')
    .description('how fast each source may be called now, and why')
    .option('--source <name>', 'this source only')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 every breaker is closed; 1 one is not; 2, 3, 4 as for every command.')
    .action(async ({ source, json }: { source?: string; json?: boolean }) => {
      const sources = await withLedger(processConfig(), async (db) => {
        await chooseSources(db, source, 'every');
        return readPacing(db, source ?? null, systemClock.now());
      });
      if (json) print(toJson({ sources }));
      else if (sources.length === 0) print(NO_SOURCE);
      else for (const one of sources) print(describe(one));
      if (sources.some((one) => one.breaker !== 'closed')) process.exitCode = EXIT.finding;
    });
}

const round = (rate: number): string => String(Math.round(rate * 100) / 100);

const describe = (one: Pacing): string =>
  columns([
    ['source', paint('bold', one.source)],
    ['rate', `${round(one.rate)} of at most ${round(one.ceiling)} calls per second: ${PACE_REASONS[one.reason]}`],
    ['since', one.since?.toISOString() ?? 'its pacer has not looked yet'],
    ['queue', `releases ${round(one.queueRate)} per second`],
    ['breaker', paint(one.breaker === 'closed' ? 'green' : 'red', `${one.breaker}: ${BREAKER_STATES[one.breaker]}`)],
    ['paused', one.blockedUntil === null ? 'no' : `until ${one.blockedUntil.toISOString()}`],
    ['last hour', `${one.callsLastHour} calls, ${one.refusedLastHour} of them answered 429`],
  ]);
