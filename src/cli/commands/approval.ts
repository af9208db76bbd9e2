import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { settleAndTell } from '../../api/settle-approval.js';
import type { Config } from '../../config/config.js';
import { processConfig } from '../../config/process-config.js';
import { type PersonsVerdict, UNSETTLED, type Unsettled } from '../../domain/approvals.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { type AskedApproval, editDraft, listApprovals, readApproval } from '../../ledger/approvals.js';
import type { Database } from '../../ledger/database.js';
import { type Draft, readDrafts } from '../../ledger/drafts.js';
import { readContent } from '../../ledger/lifecycles.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { commandActor } from '../operator.js';
import { columns, paint, print, toJson } from '../output.js';
import { withTemporal } from '../temporal-client.js';

const LONGEST_TEXT = 100_000;
const ID = 'our id of the message';

export function addApproval(program: Command): void {
  const group = program.command('approval').description('drafts that wait for a person: look, edit, approve, reject');
  group
    .command('list')
    .description('drafts that wait, the one that is due first before the others')
    .option('--all', 'those that were decided as well')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 listed, also where nothing waits; 2, 3, 4 as for every command.')
    .action(async ({ all, json }: { all?: boolean; json?: boolean }) => {
      const approvals = await withLedger(processConfig(), (db) => listApprovals(db, { open: !all }));
      if (json) print(toJson({ approvals }));
      else if (approvals.length === 0) print('No draft waits for a person.');
      else for (const one of approvals) print(line(one));
    });

  group
    .command('show')
    .description('one of them with every version of its draft and the message itself: that quotes a customer')
    .argument('<id>', ID)
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 found; 1 nobody was asked about that message; 2, 3, 4 as for every command.')
    .action(async (id: string, { json }: { json?: boolean }) => {
      const found = await withLedger(processConfig(), async (db) => {
        const approval = await readApproval(db, asId(id));
        if (!approval) return null;
        const { subject, text, html } = await readContent(db, id);
        return { approval, drafts: await readDrafts(db, id), message: { subject, text: text ?? html } };
      });
      if (!found) process.exitCode = EXIT.finding;
      if (json) print(toJson({ id, ...found }));
      else if (!found) print(`Nobody was asked about the message ${id}.`);
      else {
        const { approval, drafts, message } = found;
        const stands = approval.verdict ?? `open until ${approval.dueAt.toISOString()}`;
        const by = approval.settledBy === null ? [] : [['by', approval.settledBy] as const];
        print(columns([['message', id], ['state', stands], ...by, ['subject', message.subject ?? '']]));
        print(`\n${message.text ?? ''}\n`);
        for (const draft of drafts) print(inFull(draft));
      }
    });

  for (const [verb, verdict] of Object.entries(VERBS)) {
    group
      .command(verb)
      .description(
        verdict === 'approved' ? 'let the draft go as it is' : 'give the message to a person: nothing is sent',
      )
      .argument('<id>', ID)
      .option('--draft <version>', 'the version that was read; the newest unless given', Number)
      .option('--note <text>', 'why')
      .option('--by <name>', 'who decides; the user of this machine unless given')
      .option('--json', 'one JSON object')
      .addHelpText('after', '\nExit codes: 0 decided; 1 it cannot be decided any more; 2, 3, 4 as for every command.')
      .action((id: string, options: SettleOptions) => settle(id, verdict, options));
  }

  group
    .command('edit')
    .description('write other words as the next version of the draft')
    .argument('<id>', ID)
    .requiredOption('--file <path>', 'a file with the new text; - reads standard input')
    .option('--approve', 'and let it go')
    .option('--by <name>', 'who edits; the user of this machine unless given')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 written; 1 no draft of that message waits; 2, 3, 4 as for every command.')
    .action(async (id: string, { file, approve, by, json }: SettleOptions & { file: string; approve?: boolean }) => {
      const text = readText(file);
      const edit = { messageId: asId(id), text, actor: commandActor(by), now: systemClock.now() };
      const written = await withLedger(processConfig(), (db) => editDraft(db, edit));
      if ('because' in written) return refused(id, written.because, json);
      if (approve)
        return settle(id, 'approved', { draft: written.version, ...(by ? { by } : {}), ...(json ? { json } : {}) });
      print(json ? toJson({ id, version: written.version }) : `Version ${written.version} of the draft is written.`);
    });
}

const VERBS = { approve: 'approved', reject: 'rejected' } as const satisfies Record<string, PersonsVerdict>;

interface SettleOptions {
  draft?: number;
  note?: string;
  by?: string;
  json?: boolean;
}

async function settle(id: string, verdict: PersonsVerdict, { draft, note, by, json }: SettleOptions): Promise<void> {
  const config = processConfig();
  const result = await withLedger(config, async (db) => {
    const draftVersion = draft ?? (await readDrafts(db, asId(id))).at(-1)?.version;
    if (draftVersion === undefined) return { settled: false as const, because: 'not_asked' as const, told: false };
    if (!Number.isInteger(draftVersion)) throw wrong('--draft takes the number of a version.');
    const decision = { messageId: id, draftVersion, verdict, actor: commandActor(by), note: note ?? null };
    return tell(config, db, decision);
  });
  if (!result.settled) return refused(id, result.because, json);
  if (json) print(toJson({ id, ...result }));
  else print(`${verdict}${result.told ? '' : '; its lifecycle hears of it as soon as a worker dispatches'}.`);
}

type Decision = Parameters<typeof settleAndTell>[1];

/** One connection for the decision; without Temporal the ledger has it all the same. */
async function tell(config: Config, db: Database, decision: Decision): ReturnType<typeof settleAndTell> {
  const settling = { db, clock: systemClock };
  try {
    return await withTemporal(config, (client) =>
      settleAndTell({ ...settling, temporal: () => Promise.resolve(client) }, decision),
    );
  } catch (error) {
    if (!(error instanceof WaybillError) || error.type !== 'PrerequisiteMissing') throw error;
    return settleAndTell({ ...settling, temporal: () => Promise.reject(error) }, decision);
  }
}

function refused(id: string, because: Unsettled, json: boolean | undefined): void {
  process.exitCode = EXIT.finding;
  print(json ? toJson({ id, settled: false, because }) : `Not done: ${UNSETTLED[because]}.`);
}

function readText(file: string): string {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8').trim();
  } catch {
    throw wrong(`The file ${file} cannot be read.`);
  }
  if (text === '' || text.length > LONGEST_TEXT)
    throw wrong(`A reply has from 1 to ${LONGEST_TEXT} characters; the file has ${text.length}.`);
  return text;
}

function asId(text: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text))
    throw wrong(`"${text}" is no id of a message: waybill approval list shows them.`);
  return text;
}

const wrong = (detail: string): WaybillError => new WaybillError('UsageWrong', detail, { retryable: false });

const line = (one: AskedApproval): string =>
  `${one.messageId}  ${one.source}  ${paint('bold', one.playbook ?? 'no playbook')}: ${one.action}, version ${one.newestVersion}; ` +
  (one.verdict === null
    ? `due ${one.dueAt.toISOString()}`
    : `${one.verdict} ${one.settledAt?.toISOString() ?? ''}${one.settledBy === null ? '' : ` by ${one.settledBy}`}`);

const inFull = ({ version, writtenBy, writtenAt, action }: Draft): string =>
  `${paint('bold', `version ${version}`)} by ${writtenBy} at ${writtenAt.toISOString()}: ${action.do}` +
  (action.do === 'reply' ? `\n${action.text}\n` : '');
