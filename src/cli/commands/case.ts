import type { Command } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { caseWorkflowId } from '../../domain/identity.js';
import { ESCALATE_REASONS } from '../../domain/reasons.js';
import type { CaseState } from '../../domain/states.js';
import {
  assignCase,
  caseEvents,
  caseMessages,
  type DeskCase,
  findCase,
  listCases,
  reopenCase,
  resolveByPerson,
  type StoredCaseEvent,
} from '../../ledger/case-desk.js';
import type { Database } from '../../ledger/database.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { commandActor } from '../operator.js';
import { columns, paint, print, toJson } from '../output.js';
import { wakeWorkflow } from '../temporal-client.js';

const CODES = '2, 3, 4 as for every command.';

interface ListOptions {
  state?: string;
  owner?: string;
  source?: string;
  overdue?: boolean;
  json?: boolean;
}

interface VerbOptions {
  by?: string;
  json?: boolean;
}

export function addCase(program: Command): void {
  const group = program.command('case').description('what people have to do: cases, with owner and deadline');
  group
    .command('list', { isDefault: true })
    .description('cases, the nearest deadline first')
    .option('--state <state>', 'open (unless given), resolved or all')
    .option('--owner <name>', 'of this owner only')
    .option('--source <name>', 'of this source only')
    .option('--overdue', 'past their deadline only')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 none of those listed is overdue; 1 one is; ${CODES}`)
    .action(async ({ state = 'open', owner, source, overdue, json }: ListOptions) => {
      const now = systemClock.now();
      const filter = {
        state: readState(state),
        owner: owner ?? null,
        source: source ?? null,
        overdueAt: overdue ? now : null,
        limit: 10_000,
      };
      const cases = await withLedger(processConfig(), (db) => listCases(db, filter));
      if (json) print(toJson({ cases }));
      else if (cases.length === 0) print('There is no such case.');
      else for (const one of cases) print(inOneLine(one, now));
      if (cases.some((one) => isOverdue(one, now))) process.exitCode = EXIT.finding;
    });
  group
    .command('show')
    .description('one case with what was done, and our ids of its messages')
    .argument('<id>', 'id of the case')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 found; 1 unknown; ${CODES}`)
    .action(async (id: string, { json }: { json?: boolean }) => {
      const shown = await withLedger(processConfig(), async (db) => ({
        case: await findCase(db, id),
        events: await caseEvents(db, id),
        messageIds: await caseMessages(db, id),
      }));
      if (!shown.case) process.exitCode = EXIT.finding;
      if (json) print(toJson(shown));
      else
        print(
          shown.case ? inFull(shown.case, shown.events, shown.messageIds) : `There is no case ${id} in this ledger.`,
        );
    });
  verb(group, 'assign', 'give an open case to somebody')
    .requiredOption('--to <name>', 'whose it is from now on')
    .action((id: string, { to, ...options }: VerbOptions & { to: string }) =>
      act(id, options, (db, acting) => assignCase(db, { ...acting, to })),
    );
  verb(group, 'resolve', 'say that an open case is over; a reply of a person in its thread says so by itself')
    .option('--note <text>', 'what was done')
    .action((id: string, { note, ...options }: VerbOptions & { note?: string }) =>
      act(id, options, (db, acting) => resolveByPerson(db, { ...acting, note: note ?? null })),
    );
  verb(group, 'reopen', 'open a resolved case again, with a new deadline').action((id: string, options: VerbOptions) =>
    act(id, options, reopenCase),
  );
}

function readState(given: string): CaseState | null {
  if (given === 'all') return null;
  if (given === 'open' || given === 'resolved') return given;
  throw new WaybillError('UsageWrong', `--state takes open, resolved or all, not "${given}".`, { retryable: false });
}

const verb = (group: Command, name: string, description: string): Command =>
  group
    .command(name)
    .description(description)
    .argument('<id>', 'id of the case')
    .option('--by <name>', 'who says so; the user of this machine unless given')
    .option('--json', 'the case as it is now')
    .addHelpText('after', `\nExit codes: 0 done; 1 the case is unknown, or in no state for it; ${CODES}`);

type Move = (db: Database, acting: { id: string; by: string; now: Date }) => Promise<boolean>;

/** The ledger first; its workflow hears of it where Temporal can be reached, and finds it by itself otherwise. */
async function act(id: string, { by, json }: VerbOptions, move: Move): Promise<void> {
  const config = processConfig();
  const acting = { id, by: commandActor(by), now: systemClock.now() };
  const { moved, found } = await withLedger(config, async (db) => ({
    moved: await move(db, acting),
    found: await findCase(db, id),
  }));
  if (moved) await wakeWorkflow(config, caseWorkflowId(id));
  else process.exitCode = EXIT.finding;
  if (json) print(toJson({ case: found }));
  else if (!found) print(`There is no case ${id} in this ledger.`);
  else print(moved ? inOneLine(found, acting.now) : `The case is ${found.state}, and does not allow that.`);
}

const isOverdue = ({ state, dueAt }: DeskCase, now: Date): boolean =>
  state === 'open' && dueAt !== null && dueAt <= now;

const inOneLine = (one: DeskCase, now: Date): string => {
  const due = one.state === 'resolved' ? `${one.resolution} by ${one.resolvedBy}` : `due ${instant(one.dueAt)}`;
  const colour = one.state === 'resolved' ? 'green' : isOverdue(one, now) ? 'red' : 'yellow';
  return `${one.id}  ${paint(colour, one.state.padEnd(8))}  ${one.source}  ${paint('bold', one.reason)}  ${one.owner ?? 'nobody'}  opened ${one.openedAt.toISOString()}  ${due}`;
};

const instant = (at: Date | null): string => at?.toISOString() ?? 'not yet set';

const inFull = (one: DeskCase, events: readonly StoredCaseEvent[], messageIds: readonly string[]): string =>
  columns([
    ['case', one.id],
    ['why', `${one.reason}: ${ESCALATE_REASONS[one.reason]}`],
    ['source', one.source],
    ['thread', one.threadId],
    ['messages', messageIds.join(', ')],
    ['state', one.state],
    ['owner', one.owner ?? 'nobody'],
    ['opened', one.openedAt.toISOString()],
    ['due', instant(one.dueAt)],
    ...(one.tookMs === null ? [] : [['took', `${Math.round(one.tookMs / 1_000)} s`] as const]),
    ...events.map(
      ({ at, kind, actor, detail }) => [kind, `${at.toISOString()} by ${actor} ${toJson(detail)}`] as const,
    ),
  ]);
