import type { Client } from '@temporalio/client';
import { type PushedAudit, readPushedAudits } from '../../assurance/audit/pushed.js';
import { pushedInWords } from '../../assurance/audit/words.js';
import type { Config } from '../../config/config.js';
import { isPushed } from '../../domain/claims.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { auditWorkflowId, INTAKE_QUEUE } from '../../domain/identity.js';
import { kindOf } from '../../ledger/claims.js';
import type { Database } from '../../ledger/database.js';
import type { reconcileCalls } from '../../workflows/reconcile-calls.js';
import type { reconcileForm } from '../../workflows/reconcile-form.js';
import { EXIT } from '../exit-codes.js';
import { note, paint, print, toJson } from '../output.js';
import { queuesWithoutWorker, withTemporal } from '../temporal-client.js';

/** Whether a name is that of a form or of the phone provider, by the configuration or by the ledger. */
export async function isPushedSource(config: Config, db: Database, name: string | undefined): Promise<boolean> {
  if (name === undefined) return false;
  return config.forms.some((form) => form.source === name) || isPushed(await kindOf(db, name));
}

/** The figures of every pushed channel, or of one, as they stand. */
export const pushedAudits = (config: Config, db: Database, source: string | undefined): Promise<PushedAudit[]> =>
  readPushedAudits(db, {
    ...{ forms: config.forms, source: source ?? null, at: systemClock.now(), timing: config.timing },
  });

/**
 * Compares a pushed channel with what proves it, now, and gives its figures; null where no worker takes its tasks.
 * @throws WaybillError UsageWrong for a form that is configured no more
 */
export async function runPushedAudit(
  config: Config,
  db: Database,
  source: string,
): Promise<{ pushed: PushedAudit | null; trouble: string | null } | null> {
  const isForm = config.forms.some((form) => form.source === source);
  if (!isForm && (await kindOf(db, source)) === 'forms')
    throw new WaybillError('UsageWrong', `No form of the source ${source} is configured, so nothing can be compared.`, {
      retryable: false,
    });
  return withTemporal(config, async (client) => {
    const idle = await queuesWithoutWorker(client, source);
    if (idle.length > 0) {
      note(`No worker takes tasks of ${idle.join(' and ')}: start one (\`waybill up\` or \`waybill worker\`).`);
      process.exitCode = EXIT.prerequisite;
      return null;
    }
    const trouble = await compare(client, config, source, isForm);
    const [pushed = null] = await pushedAudits(config, db, source);
    return { pushed, trouble };
  });
}

/** Runs the comparison, or joins one that runs, and gives what kept it from its end. */
async function compare(client: Client, { timing }: Config, source: string, isForm: boolean): Promise<string | null> {
  const shared = {
    workflowId: auditWorkflowId(source),
    taskQueue: INTAKE_QUEUE,
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `Compares ${source} with what proves that all of it came`,
  } as const;
  if (isForm) {
    const args: Parameters<typeof reconcileForm> = [{ source, timing, audit: true }];
    return (await client.workflow.execute<typeof reconcileForm>('reconcileForm', { ...shared, args })).trouble;
  }
  const args: Parameters<typeof reconcileCalls> = [{ source, timing }];
  const found = await client.workflow.execute<typeof reconcileCalls>('reconcileCalls', { ...shared, args });
  return found === null ? 'there are more calls than one comparison reads' : null;
}

/** Prints one, and says by the exit code whether anything was missed or the comparison did not reach its end. */
export function tellPushed(pushed: PushedAudit | null, trouble: string | null, json: boolean): void {
  if (json) print(toJson({ pushed, trouble }));
  else if (pushed === null) print('Nothing is known of this source yet.');
  else {
    print(`${paint('bold', pushed.source)}${since(pushed)}`);
    print(pushedInWords(pushed));
    const { late, parked, recovered } = pushed.aside;
    print(`beside that: ${late} late, ${parked} parked, ${recovered} statuses that only the list told`);
    if (pushed.ids.length > 0) print(`missed: ${pushed.ids.join(', ')}`);
    if (trouble !== null)
      print(`The comparison did not come to its end (${trouble}): these are the figures before it.`);
  }
  if (pushed === null || trouble !== null || (pushed.loss?.missed ?? 0) > 0 || pushed.frame.holes > 0)
    process.exitCode = EXIT.finding;
}

export const pushedLine = (one: PushedAudit): string => `${one.source}${since(one)}: ${pushedInWords(one)}`;

const since = ({ begunAt }: PushedAudit): string => (begunAt === null ? '' : `, ${begunAt.toISOString()}`);
