import type { Status } from '../../assurance/status.js';
import { sayGuarantee } from '../../domain/schedule/guarantee.js';
import type { Timing } from '../../domain/timing.js';
import { columns, paint, print, toJson } from '../output.js';

export interface StatusLine extends Status {
  at: string;
  source: string;
  mode: string;
  /** Only a truth ledger knows, and it is asked when a run has ended. */
  held: number | null;
  missing: number | null;
}

const named = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, n]) => `${n} ${name}`)
    .join(', ') || 'none';

const guaranteed = ({ guarantee }: StatusLine, timing: Timing): string =>
  guarantee === null ? 'not planned yet' : sayGuarantee(guarantee.share, guarantee.wantedShare, timing);

const waitsForPeople = ({ forPeople: { stops, held, drafts } }: StatusLine): string =>
  `${drafts} drafts to approve, ${held} held${stops > 0 ? ` by ${stops} stops: waybill stop-sending --list` : ''}`;

/** The live status: a panel redrawn in place on a terminal, one JSON line per interval otherwise. */
export function createPanel(
  addresses: readonly (readonly [string, string])[],
  { json, timing }: { json: boolean; timing: Timing },
) {
  const live = process.stdout.isTTY === true && !json;
  let drawn = 0;
  return {
    show(line: StatusLine): void {
      if (!live) {
        print(toJson(line));
        return;
      }
      const text = columns([
        ['source', `${line.source}, ${line.mode}`],
        ['held by provider', line.held === null ? 'not known while running' : String(line.held)],
        [
          'stored',
          `${line.stored} messages, ${line.inbound} inbound, in ${line.threads.known} threads (${line.threads.gone} gone)`,
        ],
        ['ended', named(line.ended)],
        ['waiting', named(line.waiting)],
        ['parked', `${line.parked.intake} at intake, ${line.parked.lifecycle} in lifecycle`],
        ['in flight', String(line.inFlight)],
        ['threads due', String(line.threads.due)],
        ['guarantee', guaranteed(line, timing)],
        ['missing', line.missing === null ? 'not known while running' : String(line.missing)],
        ['calls', `${line.calls.made} made, ${line.calls.failed} failed, ${line.calls.unfinished} unfinished`],
        ['for people', waitsForPeople(line)],
        [
          'alarms',
          line.alarms.open === 0 ? 'none open' : paint('red', `${line.alarms.open} open: waybill alarms list`),
        ],
        ...addresses,
      ]);
      const rows = `${paint('bold', 'Waybill')}  ${line.at}  Ctrl-C stops everything\n${text}`.split('\n');
      const width = process.stdout.columns ?? 80;
      const fitted = rows.map((row) =>
        row.length > width && !row.includes('\u001b') ? `${row.slice(0, width - 1)}…` : row,
      );
      if (drawn > 0) process.stdout.write(`\u001b[${drawn}A\u001b[J`);
      process.stdout.write(`${fitted.join('\n')}\n`);
      drawn = fitted.length;
    },
  };
}
