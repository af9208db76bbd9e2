import type { Command } from 'commander';
import { type CoverageGap, readCoverage, type SourceCoverage } from '../../assurance/coverage.js';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { instant } from '../option-values.js';
import { paint, print, toJson } from '../output.js';
import { chooseSources, NO_SOURCE } from '../sources.js';

interface CoverageOptions {
  source?: string;
  asOf?: Date;
  json?: boolean;
}

export function addCoverage(program: Command): void {
  program
    .command('coverage')
    .description('show which creation intervals of the horizon were listed to their end, and what is missing')
    .option('--source <name>', 'this source only')
    .option('--as-of <instant>', 'as it was known at this instant (ISO, with zone)', instant)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nExit codes: 0 every part of the horizon was listed; 1 the frame is unknown; 2, 3, 4 as for every command.',
    )
    .action(async ({ source, asOf, json }: CoverageOptions) => {
      const at = asOf ?? systemClock.now();
      const config = processConfig();
      const sources = await withLedger(config, async (db) => {
        await chooseSources(db, source);
        return readCoverage(db, { source: source ?? null, at, timing: config.timing });
      });
      if (json) print(toJson({ at, sources }));
      else if (sources.length === 0) print(asOf ? 'No such source had been bound by then.' : NO_SOURCE);
      else for (const one of sources) printCoverage(one);
      const isKnown = sources.length > 0 && sources.every((one) => one.frame === 'listed');
      process.exitCode = isKnown ? EXIT.ok : EXIT.finding;
    });
}

function printCoverage(one: SourceCoverage): void {
  const share = (Math.floor(one.share * 100_000) / 1_000).toFixed(3);
  const frame = one.frame === 'listed' ? paint('green', 'listed') : paint('red', 'unknown');
  print(
    `${one.source}: frame ${frame}; ${share} % of the threads' creation times from ${one.horizon.from} to ${one.horizon.to}`,
  );
  for (const gap of one.gaps) print(`  never listed   ${intervalText(gap)}${reasonText(gap)}`);
  for (const gap of one.notReadAgain) print(`  not read again ${intervalText(gap)}${reasonText(gap)}`);
  for (const due of one.dueAgain) print(`  due again      ${intervalText(due)}`);
  if (one.edge) print(`  edge           ${intervalText(one.edge)}, listed narrowly so far`);
}

const intervalText = ({ from, to }: { from: string; to: string }): string => `${from} to ${to}`;
const reasonText = ({ since, because }: CoverageGap): string =>
  `: ${because}${since === null ? '' : `, since ${since}`}`;
