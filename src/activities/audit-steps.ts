import { activityInfo, heartbeat } from '@temporalio/activity';
import { AuditInput, AuditThreadInput, CloseAuditThreadInput, OpenAuditInput } from '../contracts/audit-steps.js';
import { closeAuditThread } from '../ledger/audit-finds.js';
import { closeAudit } from '../ledger/audit-results.js';
import { endAuditThread, openAudit, openAuditThreads, readAudit } from '../ledger/audits.js';
import { only } from '../ledger/database.js';
import { askWitnesses, capturesOf, watchFrame } from '../ledger/frame-witnesses.js';
import { noteReferences } from '../ledger/references.js';
import { sourceNames } from '../ledger/sources.js';
import type { ActivityDeps } from './deps.js';

const EVENT_BATCH = 1_000;
const THREAD_BATCH = 50;

export interface AuditAccount {
  auditId: string;
  threads: number;
  missed: number;
  late: number;
  /** Upper end of the interval of figure (a). */
  upper: number;
  frame: 'unknown' | 'bounded';
  holes: number;
}

/** Steps of the audit that only touch the ledger. */
export const createAuditSteps = ({ db, clock, timing, log }: ActivityDeps) => ({
  /** Draws the threads, once per run. */
  async openAudit(payload: OpenAuditInput): Promise<{ id: string; threads: number }> {
    const { source, threads: wanted, seed } = OpenAuditInput.parse(payload);
    const runId = activityInfo().workflowExecution?.runId ?? activityInfo().activityId;
    return openAudit(db, { source, runId, wanted, seed, now: clock.now() });
  },

  /** Our ids of the next threads that were drawn and have no outcome yet. */
  async auditBatch(payload: AuditInput): Promise<{ threads: string[] }> {
    const { auditId } = AuditInput.parse(payload);
    return { threads: await openAuditThreads(db, auditId, THREAD_BATCH) };
  },

  /** Judges what a whole reading of a thread stored. Gives how many messages were missed. */
  async closeAuditThread(payload: CloseAuditThreadInput): Promise<{ found: number }> {
    const input = CloseAuditThreadInput.parse(payload);
    const finds = await closeAuditThread(db, { ...input, graceMs: timing.visitEveryMs + timing.runBudgetMs });
    for (const { messageId, verdict, cause } of finds)
      log.intake.warn({ event: 'message.found', messageId, auditId: input.auditId, verdict, cause });
    return { found: finds.length };
  },

  /** The thread could not be read: it counts as missing as a whole for the upper bound. */
  async skipAuditThread(payload: AuditThreadInput): Promise<void> {
    const { auditId, threadId } = AuditThreadInput.parse(payload);
    await endAuditThread(db, auditId, threadId, 'unread');
  },

  /** Asks the witnesses, draws both figures and closes the audit. */
  async closeAudit(payload: AuditInput): Promise<AuditAccount> {
    const { auditId } = AuditInput.parse(payload);
    const now = clock.now();
    const open = only(
      [await readAudit(db, auditId)].filter((one) => one !== null),
      `audit ${auditId}`,
    );
    const question = { source: open.source, now, timing };
    const witnessed = await askWitnesses(db, question, await capturesOf(db, question));
    const { source, loss, frame } = await closeAudit(db, auditId, witnessed, now);
    const account: AuditAccount = {
      auditId,
      threads: loss?.threads.read ?? 0,
      missed: loss?.missed ?? 0,
      late: loss?.late ?? 0,
      upper: loss?.upper ?? 1,
      frame: frame?.state ?? 'unknown',
      holes: frame?.holes ?? 0,
    };
    const { threads: read, missed, late, upper, holes } = account;
    log.intake.info({ event: 'audit.closed', source, auditId, read, missed, late, upper, frame: account.frame, holes });
    return account;
  },

  /** Notes what newly recorded messages name, and tells of what points at nothing we hold. */
  async witness(): Promise<{ events: number; holes: number }> {
    let events = 0;
    for (let batch = EVENT_BATCH; batch >= EVENT_BATCH; events += batch) {
      heartbeat();
      batch = (await noteReferences(db, EVENT_BATCH, clock.now())).events;
    }
    let holes = 0;
    for (const source of await sourceNames(db)) {
      heartbeat();
      holes += (await watchFrame(db, { source, now: clock.now(), timing })).holes;
    }
    return { events, holes };
  },
});

export type AuditSteps = ReturnType<typeof createAuditSteps>;
