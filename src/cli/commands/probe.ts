import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { askForMail, awaitMail } from '../../assurance/probes/manual-mail.js';
import type { Config } from '../../config/config.js';
import { processConfig } from '../../config/process-config.js';
import { isPushed } from '../../domain/claims.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { activeProbeWorkflowId, INTAKE_QUEUE } from '../../domain/identity.js';
import { type ClaimRow, kindOf, type Reliance, readClaims, relianceOn } from '../../ledger/claims.js';
import type { Database } from '../../ledger/database.js';
import type { ProbeAccount, ProbeInput } from '../../workflows/probe.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { columns, note, paint, print, toJson } from '../output.js';
import { chooseSources, NO_SOURCE } from '../sources.js';
import { stopSignal } from '../stop-signal.js';
import { queuesWithoutWorker, withTemporal } from '../temporal-client.js';

interface ProbeFlags {
  source?: string;
  active?: boolean;
  run: boolean;
  json?: boolean;
}

interface ProbedSource {
  source: string;
  /** Null where nothing was run. */
  account: ProbeAccount | null;
  claims: ClaimRow[];
  /** What a dashboard may be relied on for; null for a source that pushes. */
  reliance: Reliance | null;
}

const PROGRESS_MS = 1_000;

export function addProbe(program: Command): void {
  program
    .command('probe')
    .description('test what is claimed about a source, and show claimed, observed, verdict, evidence and since when')
    .option('--source <name>', 'this source only; all by default')
    .option('--active', 'make requests, write mail and, in live, reply on it: about twelve minutes')
    .option('--no-run', 'show the verdicts in force and run nothing')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nWithout --active the ledger alone is asked: no request is made. Exit codes: 0 no claim is refuted; 1 at least one is; 130 interrupted;\n2, 3, 4 as for every command.',
    )
    .action(async ({ source, active = false, run, json }: ProbeFlags) => {
      if (active && !run) throw new WaybillError('UsageWrong', 'Give --active or --no-run, not both.');
      const config = processConfig();
      const stop = stopSignal();
      const work = () =>
        withLedger(config, async (db): Promise<ProbedSource[]> => {
          const results: ProbedSource[] = [];
          for (const { name, kind } of await probedSources(db, source)) {
            // What is pushed cannot be made to come by asking: the ledger alone tells of it.
            const asks = active && !isPushed(kind);
            const account = run ? await runProbe(config, name, asks, stop) : null;
            if (account && asks && !account.canWrite && !stop.aborted) await useManualMail(db, config, name, stop);
            const now = systemClock.now();
            const claims = await readClaims(db, name, now);
            const reliance = isPushed(kind) ? null : await relianceOn(db, name, config.timing);
            results.push({ source: name, account, claims, reliance });
          }
          return results;
        });
      const probed = await work().finally(() => {
        if (process.connected) process.disconnect(); // the channel, listened to, would keep a command alive that has ended
      });
      if (json) print(toJson({ sources: probed }));
      else if (probed.length === 0) print(NO_SOURCE);
      else for (const one of probed) print(describe(one));
      const isRefuted = probed.some(({ claims }) => claims.some((one) => one.verdict === 'refuted'));
      process.exitCode = stop.aborted ? EXIT.interrupted : isRefuted ? EXIT.finding : EXIT.ok;
    });
}

/** The dashboards, the forms and the phone provider of the ledger, or the one that is named. */
async function probedSources(db: Database, wanted: string | undefined): Promise<{ name: string; kind: string }[]> {
  const names = await chooseSources(db, wanted, 'every');
  const sources = await Promise.all(names.map(async (name) => ({ name, kind: await kindOf(db, name) })));
  return sources.filter(({ kind }) => kind === 'dashboard' || isPushed(kind));
}

/** Runs the probe where a worker takes it, or joins one that runs, and says on standard error what it is at. */
async function runProbe(
  config: Config,
  source: string,
  active: boolean,
  stop: AbortSignal,
): Promise<ProbeAccount | null> {
  return withTemporal(config, async (client) => {
    const idle = (await queuesWithoutWorker(client, source)).filter((queue) => active || queue === INTAKE_QUEUE);
    if (idle.length > 0) {
      throw new WaybillError(
        'PrerequisiteMissing',
        `No worker takes tasks of ${idle.join(' and ')}: start one (\`waybill up\` or \`waybill worker\`), or give --no-run.`,
      );
    }
    const handle = await client.workflow.start<(input: ProbeInput) => Promise<ProbeAccount>>('probe', {
      workflowId: activeProbeWorkflowId(source),
      taskQueue: INTAKE_QUEUE,
      args: [{ source, active, timing: config.timing }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `Tests what is claimed about ${source}`,
    });
    let said = '';
    const result = handle.result();
    result.catch(() => undefined); // raced below
    for (;;) {
      const rest = pause(PROGRESS_MS, 'waiting' as const, { signal: stop }).catch(() => 'stopped' as const);
      const next = await Promise.race([result, rest]);
      if (next === 'stopped') return null;
      if (next !== 'waiting') return next;
      const details = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata').catch(() => null);
      const line = details?.currentDetails ?? '';
      if (line !== said && line !== '') note(line.replaceAll('**', ''));
      said = line;
    }
  });
}

/** Where nobody writes as a customer for us, a person has to: the exact mail, and a wait for it. */
async function useManualMail(db: Database, config: Config, source: string, stop: AbortSignal): Promise<void> {
  const mail = await askForMail(db, source, systemClock.now(), config.timing);
  note(
    `No inbound sender is configured for ${source}. Send this mail from outside, then wait; Ctrl-C leaves its claims untested:\n`,
  );
  note(columns([...mail.headers, ['text', mail.text]]));
  note(`\nIt is waited for until ${mail.dueAt.toISOString()}.`);
  const came = await awaitMail(db, mail.canaryId, systemClock, () =>
    pause(PROGRESS_MS, true, { signal: stop }).catch(() => false),
  );
  note(
    came === null
      ? 'It has not come back.'
      : `It came back ${Math.round(came.delayMs / 1_000)} seconds after it was asked for.`,
  );
}

const ORDER = ['refuted', 'untested', 'verified'] as const;
const COLOURS = { refuted: 'red', untested: 'yellow', verified: 'green' } as const;

function describe({ source, account, claims, reliance }: ProbedSource): string {
  const count = (verdict: ClaimRow['verdict']) => claims.filter((one) => one.verdict === verdict).length;
  const parts = [
    paint(
      'bold',
      `${source}: ${count('refuted')} claims refuted, ${count('untested')} untested, ${count('verified')} verified`,
    ),
  ];
  if (account && account.leftOut.length > 0)
    parts.push(`Left out, as the provider could not be asked: ${account.leftOut.join(', ')}.`);
  for (const verdict of ORDER) {
    for (const one of claims.filter((row) => row.verdict === verdict)) {
      const since = verdict === 'untested' ? '' : `, since ${one.since.toISOString()}`;
      parts.push(
        `${paint(COLOURS[verdict], verdict)}  ${one.claim}${since}`,
        columns([
          ['   claimed', one.claimed],
          ['   observed', one.observed],
          ...(Object.keys(one.evidence).length > 0 ? ([['   evidence', evidenceOf(one.evidence)]] as const) : []),
        ]),
      );
    }
  }
  return [...parts, ...(reliance ? relianceLines(reliance) : [])].join('\n');
}

const evidenceOf = (evidence: Record<string, unknown>): string =>
  Object.entries(evidence)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : toJson(value)}`)
    .join(' ');

const relianceLines = ({ coveringWidthMs, receiptUsed, resendAllowed, listReplacesVisits }: Reliance): string[] => [
  paint('bold', 'In force, by these verdicts:'),
  `a listing counts as coverage from ${(coveringWidthMs / 3_600_000).toFixed(1)} hours of width on`,
  receiptUsed ? 'received_at counts as the receipt' : 'received_at is taken for the stamp of the origin alone',
  resendAllowed
    ? 'a reply in doubt may be sent again under its Idempotency-Key'
    : 'a reply in doubt is never sent again by itself',
  listReplacesVisits
    ? 'the list may stand for visits'
    : 'every thread is visited: the list does not show where something happened',
];
