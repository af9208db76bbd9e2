import type { Command } from 'commander';
import { findMessages, findPark, type Trace, traceMessage } from '../../assurance/trace.js';
import { processConfig } from '../../config/process-config.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { columns, paint, print, toJson } from '../output.js';

export function addTrace(program: Command): void {
  program
    .command('trace')
    .description('where one message is, and its way so far')
    .argument('<id>', "our id of the message, the id of its workflow, or the provider's")
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 found; 1 unknown to this ledger; 2, 3, 4 as for every command.')
    .action(async (id: string, { json }: { json?: boolean }) => {
      const traces = await withLedger(processConfig(), async (db): Promise<Trace[]> => {
        const found = await Promise.all((await findMessages(db, id)).map((message) => traceMessage(db, message)));
        if (found.length > 0) return found;
        const park = await findPark(db, id);
        return park ? [park] : [];
      });
      if (traces.length === 0) process.exitCode = EXIT.finding;
      if (json) print(toJson({ id, verdict: traces[0]?.verdict ?? 'unknown to us', traces }));
      else if (traces.length === 0)
        print(`Nothing in this ledger has the id ${id}: no provider answer has named it so far.`);
      else for (const trace of traces) print(describe(trace));
    });
}

function describe({ verdict, sentence, message, events, calls, failures, workflowId }: Trace): string {
  const parts = [`${paint('bold', verdict)}: ${sentence}`];
  if (message) {
    parts.push(
      columns([
        ['message', message.id],
        ['source', `${message.source}, thread ${message.providerThreadId}, id ${message.providerMessageId}`],
        ['direction', message.direction],
        ['written (claimed)', message.originAt?.toISOString() ?? 'unreadable'],
        [
          'received (verified)',
          message.receivedAt?.toISOString() ?? 'not known: the provider passes on the stamp of the origin',
        ],
        ['first seen', `${message.firstSeenAt.toISOString()} by ${message.firstSeenBy}`],
        ...(workflowId ? ([['workflow', workflowId]] as const) : []),
      ]),
    );
  }
  parts.push(...events.map((event) => `${event.at.toISOString()}  ${event.kind.padEnd(15)} ${detailOf(event.detail)}`));
  parts.push(
    ...calls.map(
      (call) =>
        `${call.openedAt.toISOString()}  call ${call.operation.padEnd(12)} ${call.failure ?? call.status ?? 'unfinished'}, attempt ${call.attempt}, ${call.id}`,
    ),
  );
  parts.push(
    ...failures.map((one) => `${one.at.toISOString()}  failure ${one.type} in ${one.activity}, attempt ${one.attempt}`),
  );
  return parts.join('\n');
}

const detailOf = (detail: Record<string, unknown>): string =>
  Object.entries(detail)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
