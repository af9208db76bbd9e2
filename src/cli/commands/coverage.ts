import type { Command } from 'commander';
import { type CoverageGap, readCoverage, type SourceCoverage } from '../../assurance/coverage.js';
import { type PushedCoverage, readPushedCoverage } from '../../assurance/pushed-coverage.js';
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
    .description(
      'show which creation intervals were listed to their end, what pushed channels may lack, and what is missing',
    )
    .option('--source <name>', 'this source only')
    .option('--as-of <instant>', 'as it was known at this instant (ISO, with zone)', instant)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nExit codes: 0 every part of the horizon was listed and every pushed channel is proved;\n1 a frame or a pushed channel is unknown, or has gaps; 2, 3, 4 as for every command.',
    )
    .action(async ({ source, asOf, json }: CoverageOptions) => {
      const at = asOf ?? systemClock.now();
      const config = processConfig();
      const { sources, pushed } = await withLedger(config, async (db) => {
        const known = config.forms.some((form) => form.source === source);
        if (!known) await chooseSources(db, source, 'every');
        const asked = { source: source ?? null, at, timing: config.timing };
        return {
          sources: await readCoverage(db, asked),
          pushed: await readPushedCoverage(db, { ...asked, forms: config.forms }),
        };
      });
      if (json) print(toJson({ at, sources, pushed }));
      else if (sources.length + pushed.length === 0) print(asOf ? 'No such source had been bound by then.' : NO_SOURCE);
      else {
        for (const one of sources) printCoverage(one);
        for (const one of pushed) printPushed(one);
      }
      const isKnown =
        sources.length + pushed.length > 0 &&
        sources.every((one) => one.frame === 'listed') &&
        pushed.every((one) => one.verdict === 'complete' || one.verdict === 'sampled');
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

const WHAT = { form: 'submissions', phone: 'calls and their statuses' } as const;
const COLOURS = { complete: 'green', sampled: 'yellow', gaps: 'red', unknown: 'red' } as const;

function printPushed({ source, channel, verdict, until, missing, because }: PushedCoverage): void {
  const held = until === null ? '' : ` until ${until.toISOString()}`;
  const lost = missing === null ? 'what is missing nobody can know' : `${missing} missing`;
  print(`${source}: pushed ${WHAT[channel]} ${paint(COLOURS[verdict], verdict)}${held}; ${lost}: ${because}`);
}

const intervalText = ({ from, to }: { from: string; to: string }): string => `${from} to ${to}`;
const reasonText = ({ since, because }: CoverageGap): string =>
  `: ${because}${since === null ? '' : `, since ${since}`}`;
