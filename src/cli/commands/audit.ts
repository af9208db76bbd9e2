import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { channelMisses } from '../../assurance/audit/channels.js';
import { pushedChannelMisses } from '../../assurance/audit/pushed-channels.js';
import { type AuditReport, auditProgress, reportAudit } from '../../assurance/audit/report.js';
import { countsInWords, inWords } from '../../assurance/audit/words.js';
import { processConfig } from '../../config/process-config.js';
import { FIND_CAUSES } from '../../domain/audit/finds.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { auditWorkflowId, INTAKE_QUEUE } from '../../domain/identity.js';
import { listAudits } from '../../ledger/audits.js';
import type { Database } from '../../ledger/database.js';
import type { AuditWorkflowInput } from '../../workflows/audit.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { wholeNumber } from '../option-values.js';
import { note, paint, print, toJson } from '../output.js';
import { chooseOneSource, chooseSources } from '../sources.js';
import { queuesWithoutWorker, withTemporal } from '../temporal-client.js';
import { isPushedSource, pushedAudits, pushedLine, runPushedAudit, tellPushed } from './audit-pushed.js';

const OTHERS = '2, 3, 4 as for every command.';
const PROGRESS_MS = 1_000;
const LISTED = 50;

interface RunOptions {
  source?: string;
  threads?: number;
  seed?: number;
  json?: boolean;
}

export function addAudit(program: Command): void {
  const group = program
    .command('audit')
    .description('how much may be missing: read known threads at random, ask witnesses, compare what is pushed');
  group
    .command('run')
    .description('start an audit now and wait for its two figures')
    .option('--source <name>', 'the source to audit; the configured one, or the only one, unless given')
    .option('--threads <number>', 'how many threads to draw', wholeNumber(1, 100_000))
    .option('--seed <number>', 'repeat the draw of another audit', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `\nExit codes: 0 nothing was missed; 1 messages were missed; 3 no worker is running yet; ${OTHERS}`,
    )
    .action(runAudit);
  group
    .command('list')
    .description('the newest audits with their figures')
    .option('--source <name>', 'of this source only')
    .option('--json', 'one JSON object')
    .action(async ({ source, json }: { source?: string; json?: boolean }) => {
      const config = processConfig();
      const { audits, pushed } = await withLedger(config, async (db) => {
        if (!(await isPushedSource(config, db, source))) await chooseSources(db, source);
        return { audits: await listAudits(db, source ?? null, LISTED), pushed: await pushedAudits(config, db, source) };
      });
      if (json) print(toJson({ audits, pushed }));
      else if (audits.length + pushed.length === 0)
        print('There has been no audit yet: `waybill audit run` starts one.');
      else for (const one of audits) print(`${one.id}  ${one.begunAt.toISOString()}  ${one.source}: ${inWords(one)}`);
      if (!json) for (const one of pushed) print(pushedLine(one));
    });
  group
    .command('show')
    .description('one audit: both figures, what they were counted from, what was found')
    .argument('[id]', 'the newest unless given')
    .option('--source <name>', 'the newest of this source')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `\nExit codes: 0 nothing was missed; 1 messages were missed, or there is no such audit; ${OTHERS}`,
    )
    .action(async (id: string | undefined, { source, json }: { source?: string; json?: boolean }) => {
      const config = processConfig();
      const report = await withLedger(config, async (db) => {
        if (id === undefined && (await isPushedSource(config, db, source)))
          return { pushed: (await pushedAudits(config, db, source))[0] ?? null };
        await chooseSources(db, source);
        const wanted = id ?? (await listAudits(db, source ?? null, 1))[0]?.id;
        return wanted && isUuid(wanted) ? reportAudit(db, wanted) : null;
      });
      if (report && 'pushed' in report) tellPushed(report.pushed, null, json === true);
      else if (report) tell(report, json === true);
      else {
        process.exitCode = EXIT.finding;
        print(json ? toJson({ audit: null }) : id ? `There is no audit ${id}.` : 'There has been no audit yet.');
      }
    });
  group
    .command('channels')
    .description("each channel's own miss rate, by who saw what first")
    .option('--source <name>', 'of this source only')
    .option('--json', 'one JSON object')
    .action(async ({ source, json }: { source?: string; json?: boolean }) => {
      const config = processConfig();
      const at = systemClock.now();
      const { channels, pushed } = await withLedger(config, async (db) => {
        const isPushed = await isPushedSource(config, db, source);
        if (!isPushed) await chooseSources(db, source);
        return {
          channels: isPushed ? [] : await channelMisses(db, source ?? null, at),
          pushed: await pushedChannelMisses(db, { source: source ?? null, at, timing: config.timing }),
        };
      });
      if (json) print(toJson({ channels, pushed }));
      else
        for (const one of [...channels, ...pushed]) {
          const { channel, first, chances, missed, interval, how } = one;
          const of = 'source' in one ? `${one.source}: ` : '';
          const rate = interval
            ? `${missed} of ${chances} missed, at most ${(interval.upper * 100).toPrecision(2)} % (95 %)`
            : 'misses unknown';
          print(`${of}${channel.padEnd(8)}  first to see ${first}; ${rate}: ${how}`);
        }
    });
}

const isUuid = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);

async function runAudit({ source: named, threads, seed, json }: RunOptions): Promise<void> {
  const config = processConfig();
  const draw = { ...(threads === undefined ? {} : { threads }), ...(seed === undefined ? {} : { seed }) };
  const report = await withLedger(config, async (db) => {
    if (named !== undefined && (await isPushedSource(config, db, named))) {
      const found = await runPushedAudit(config, db, named);
      if (found) tellPushed(found.pushed, found.trouble, json === true);
      return null;
    }
    const source = await chooseOneSource(config, db, named);
    return withTemporal(config, async (client) => {
      const { workflowId, runId } = await startAudit(client, { source, timing: config.timing, ...draw });
      const idle = await queuesWithoutWorker(client, source);
      if (idle.length > 0) {
        const sentence = `The audit is started as ${workflowId} and waits: no worker takes tasks of ${idle.join(' and ')}. It runs as soon as one does (\`waybill up\` or \`waybill worker\`).`;
        if (json) print(toJson({ audit: null, workflowId, runId, waitsFor: idle }));
        note(sentence);
        process.exitCode = EXIT.prerequisite;
        return null;
      }
      await waitForEnd(client, db, workflowId, runId);
      const progress = await auditProgress(db, runId);
      return progress ? reportAudit(db, progress.id) : null;
    });
  });
  if (report) tell(report, json === true);
}

async function startAudit(client: Client, input: AuditWorkflowInput) {
  const { WorkflowExecutionAlreadyStartedError } = await import('@temporalio/client');
  const workflowId = auditWorkflowId(input.source);
  try {
    const handle = await client.workflow.start('audit', { workflowId, taskQueue: INTAKE_QUEUE, args: [input] });
    return { workflowId, runId: handle.firstExecutionRunId };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new WaybillError(
      'LedgerConflict',
      `An audit of ${input.source} is running: wait for it, or see \`waybill audit list\`.`,
    );
  }
}

/** Waits for the run and its continuations, and says on standard error how far it is. */
async function waitForEnd(client: Client, db: Database, workflowId: string, runId: string): Promise<void> {
  const over = new AbortController();
  const result = client.workflow
    .getHandle(workflowId, runId, { firstExecutionRunId: runId })
    .result()
    .finally(() => over.abort());
  let said = -1;
  while (!over.signal.aborted) {
    const progress = await auditProgress(db, runId);
    if (progress && progress.done !== said) {
      said = progress.done;
      note(`${said} of ${progress.drawn} threads read`);
    }
    await Promise.race([pause(PROGRESS_MS), result.catch(() => undefined)]);
  }
  await result;
}

function tell(report: AuditReport, json: boolean): void {
  const { audit, finds, tightening } = report;
  if (json) print(toJson(report));
  else {
    print(`${paint('bold', audit.source)}, ${audit.begunAt.toISOString()}, audit ${audit.id}`);
    print(inWords(audit));
    if (audit.loss) print(countsInWords(audit, audit.loss));
    for (const { witness, checked, holes, closed } of audit.frame?.pointers ?? [])
      print(`witness ${witness}: ${checked} looked at, ${holes} point at something we lack, ${closed} did before`);
    for (const one of finds) print(`${one.verdict.padEnd(6)}  ${one.messageId}  ${FIND_CAUSES[one.cause]}`);
    for (const [name, factor] of Object.entries(tightening))
      print(`threads of the class ${name} are visited at ${factor} of their share of the silence`);
  }
  if ((audit.loss?.missed ?? 0) > 0) process.exitCode = EXIT.finding;
}
