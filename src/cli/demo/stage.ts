import { setTimeout } from 'node:timers/promises';
import { count, duration } from '../../assurance/backfill/words.js';
import type { Audience } from '../../demo/incident.js';
import { paint, print } from '../output.js';
import { bar } from './charts.js';
import { endLines, opening, panel, witnessLines } from './script.js';

/** How long the year and each act stand on a terminal, ms, at speed 1. */
const YEAR_MS = 20_000;
const ACT_MS = 6_000;
/** With what stands beside it no wider than 80 characters: a line that folds cannot be redrawn. */
const BAR = 30;

/** Nobody watches: the account at the end is all. */
export const SILENT: Audience = {
  begin: async () => {},
  week: async () => {},
  storing: () => {},
  witness: async () => {},
  walking: () => {},
  end: async () => {},
};

/** Plain lines, as into a file or a pipe: each quarter of the year, and each act when it is known. */
export function plainStage(): Audience {
  let told = 0;
  return {
    ...SILENT,
    begin: async (story) => show([...opening(story), '']),
    week: async (weeks, of) => {
      if (weeks.length % 13 !== 0 && weeks.length !== of) return;
      show([paint('bold', `WEEK ${weeks.length} OF ${of}`), ...panel(weeks), '']);
    },
    witness: async (act) => show([...witnessLines(act), '', paint('bold', 'THE BACKFILL')]),
    walking: (progress) => {
      const quarter = Math.floor(progress.share * 4);
      if (quarter === told) return;
      told = quarter;
      print(walkLines(progress).join('; '));
    },
    end: async (account) => show(['', ...endLines(account)]),
  };
}

/** A panel that is redrawn in place. `speed` divides the time in which there is only something to look at. */
export function liveStage({ speed, signal }: { speed: number; signal: AbortSignal }): Audience {
  let drawn = 0;
  const redraw = (lines: readonly string[]): void => {
    if (drawn > 0) process.stdout.write(`\u001b[${drawn}A\u001b[J`);
    show(lines);
    drawn = lines.length;
  };
  const keep = (): void => {
    drawn = 0;
  };
  const wait = (ms: number) => setTimeout(ms / speed, undefined, { signal });
  return {
    begin: async (story) => {
      show([...opening(story), '']);
      await wait(ACT_MS);
    },
    week: async (weeks, of) => {
      redraw([paint('bold', `WEEK ${weeks.length} OF ${of}`), ...panel(weeks)]);
      await wait(YEAR_MS / of);
      if (weeks.length === of) {
        keep();
        await wait(ACT_MS);
      }
    },
    storing: (done, of) => redraw(['', `the ledger of that intake  ${bar(done / of, BAR)} ${count(done)} rows`]),
    witness: async (act) => {
      redraw(['', ...witnessLines(act), '', paint('bold', 'THE BACKFILL')]);
      keep();
      await wait(2 * ACT_MS);
    },
    walking: (progress) => redraw(walkLines(progress)),
    end: async (account) => {
      keep();
      show(['', ...endLines(account)]);
    },
  };
}

const show = (lines: readonly string[]): void => print(lines.join('\n'));

function walkLines({ share, threads, messages, virtualMs, calls }: Parameters<Audience['walking']>[0]): string[] {
  const left = share > 0 ? (virtualMs * (1 - share)) / share : 0;
  const said = `${count(threads.read)} threads, ${count(calls)} calls, ${paint('red', `${count(messages.missed)} missed`)}`;
  return [`${bar(share, BAR)} ${said}`, `${duration(virtualMs)} of its own time, ${duration(left)} to go`];
}
