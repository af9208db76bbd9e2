import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { formWorkflowId } from '../domain/forms.js';
import {
  ALARMS_WORKFLOW_ID,
  attachmentsWorkflowId,
  auditWorkflowId,
  backfillWorkflowId,
  CASES_WORKFLOW_ID,
  callListWorkflowId,
  canaryWorkflowId,
  DIGEST_WORKFLOW_ID,
  DISPATCH_WORKFLOW_ID,
  INTAKE_QUEUE,
  MAINTAIN_WORKFLOW_ID,
  pacerWorkflowId,
  pollWorkflowId,
  probeWorkflowId,
  visitWorkflowId,
  WITNESS_WORKFLOW_ID,
} from '../domain/identity.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import type { Timing } from '../domain/timing.js';
import type { NewBackfill } from '../ledger/backfills.js';
import type { PacerInput } from '../workflows/pacer.js';

const KEYWORD = 2;

const attributeNames = (): string[] => Object.values(SEARCH_ATTRIBUTES).map((attribute) => attribute.name);

/** Names of our search attributes that the namespace lacks. */
export async function missingSearchAttributes(client: Client): Promise<string[]> {
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({
    namespace: client.options.namespace,
  });
  return attributeNames().filter((name) => customAttributes?.[name] !== KEYWORD);
}

/** Makes what is missing; a second time it changes nothing. */
export async function ensureSearchAttributes(client: Client): Promise<string[]> {
  const missing = await missingSearchAttributes(client);
  if (missing.length > 0) {
    await client.connection.operatorService.addSearchAttributes({
      namespace: client.options.namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
    });
  }
  return missing;
}

interface Plan {
  scheduleId: string;
  workflowType: string;
  everyMs: number;
  args: unknown[];
  source?: string;
  summary: string;
}

const generalPlans = (timing: Timing): Plan[] => [
  {
    scheduleId: DISPATCH_WORKFLOW_ID,
    workflowType: 'dispatch',
    everyMs: timing.dispatchEveryMs,
    args: [],
    summary: 'Starts a lifecycle for every recorded message that has none',
  },
  {
    scheduleId: MAINTAIN_WORKFLOW_ID,
    workflowType: 'maintain',
    everyMs: timing.maintainEveryMs,
    args: [],
    summary: 'Makes the partitions of the coming months',
  },
  {
    scheduleId: WITNESS_WORKFLOW_ID,
    workflowType: 'witness',
    everyMs: timing.witnessEveryMs,
    args: [],
    summary: 'Looks for Message-IDs that point at nothing we hold',
  },
  {
    scheduleId: ALARMS_WORKFLOW_ID,
    workflowType: 'deliverAlarms',
    everyMs: timing.alarmEveryMs,
    args: [],
    summary: 'Starts a delivery for every alarm that people have to be told of',
  },
  {
    scheduleId: CASES_WORKFLOW_ID,
    workflowType: 'cases',
    everyMs: timing.caseEveryMs,
    args: [],
    summary: 'Starts the workflow of every open case that has none',
  },
];

/** What only tells: it begins with its first period, so that a start tells nobody anything. */
const tellingPlans = (timing: Timing): Plan[] => [
  {
    scheduleId: DIGEST_WORKFLOW_ID,
    workflowType: 'digest',
    everyMs: timing.digestEveryMs,
    args: [],
    summary: 'Tells people what is open, overdue and held, and how long things took',
  },
];

const sourcePlans = (source: string, timing: Timing): Plan[] => [
  {
    scheduleId: pollWorkflowId(source),
    workflowType: 'pollWindow',
    everyMs: timing.pollEveryMs,
    args: [{ source, timing }],
    source,
    summary: `Lists the threads of ${source} whose creation interval is owed`,
  },
  {
    scheduleId: visitWorkflowId(source),
    workflowType: 'visitRound',
    everyMs: timing.visitEveryMs,
    args: [{ source, timing }],
    source,
    summary: `Reads the threads of ${source} that are due`,
  },
  {
    scheduleId: auditWorkflowId(source),
    workflowType: 'audit',
    everyMs: timing.auditEveryMs,
    args: [{ source, timing }],
    source,
    summary: `Reads known threads of ${source} at random and counts what intake did not have`,
  },
  {
    scheduleId: attachmentsWorkflowId(source),
    workflowType: 'fetchAttachments',
    everyMs: timing.attachmentsEveryMs,
    args: [{ source, timing }],
    source,
    summary: `Fetches the attachments of ${source} that are due`,
  },
];

const formPlan = (source: string, timing: Timing): Plan => ({
  scheduleId: formWorkflowId(source),
  workflowType: 'reconcileForm',
  everyMs: timing.formsEveryMs,
  args: [{ source, timing }],
  source,
  summary: `Looks for submissions of ${source} that never reached us`,
});

const probePlan = (source: string, timing: Timing): Plan => ({
  scheduleId: probeWorkflowId(source),
  workflowType: 'probe',
  everyMs: timing.probeEveryMs,
  args: [{ source, active: false, timing }],
  source,
  summary: `Judges from the ledger what is claimed about ${source}`,
});

/** What watches a source instead of serving it: it begins with its first period, so that a start stays what it is. */
const watchPlans = (source: string, timing: Timing, { canary }: { canary: boolean }): Plan[] => [
  probePlan(source, timing),
  ...(canary
    ? [
        {
          scheduleId: canaryWorkflowId(source),
          workflowType: 'canary',
          everyMs: timing.canaryEveryMs,
          args: [{ source, timing }],
          source,
          summary: `Writes a mail to ${source} as a customer, and waits for it to come back`,
        },
      ]
    : []),
];

/** A form is watched like any source; its audit reads the whole list of its vendor. */
const formWatchPlans = (source: string, timing: Timing): Plan[] => [
  probePlan(source, timing),
  {
    scheduleId: auditWorkflowId(source),
    workflowType: 'reconcileForm',
    everyMs: timing.auditEveryMs,
    args: [{ source, timing, audit: true }],
    source,
    summary: `Reads what proves that all submissions of ${source} came, over its whole horizon`,
  },
];

const callPlan = (source: string, timing: Timing): Plan => ({
  scheduleId: callListWorkflowId(source),
  workflowType: 'reconcileCalls',
  everyMs: timing.callReconcileEveryMs,
  args: [{ source, timing }],
  source,
  summary: `Compares the calls of ${source} with ours`,
});

export interface SchedulesWanted {
  canary: boolean;
  calls?: readonly string[] | null;
  forms?: readonly string[];
}

function plansFor(sources: readonly string[], timing: Timing, watch: SchedulesWanted) {
  const serving = [...generalPlans(timing), ...sources.flatMap((source) => sourcePlans(source, timing))];
  serving.push(...(watch.forms ?? []).map((source) => formPlan(source, timing)));
  const watching = [
    ...tellingPlans(timing),
    ...sources.flatMap((source) => watchPlans(source, timing, watch)),
    ...(watch.forms ?? []).flatMap((source) => formWatchPlans(source, timing)),
    ...(watch.calls ?? []).flatMap((provider) => [callPlan(provider, timing), probePlan(provider, timing)]),
  ];
  return { serving, watching };
}

/** Ids of the Schedules that an installation ought to have. */
export function scheduleIds(sources: readonly string[], timing: Timing, watch: SchedulesWanted): string[] {
  const { serving, watching } = plansFor(sources, timing, watch);
  return [...serving, ...watching].map((plan) => plan.scheduleId);
}

/**
 * Makes or updates the Schedules of the installation and of its sources. A run that is still busy lets one more wait. Gives those
 * that serve: they may be run at once.
 */
export async function ensureSchedules(
  client: Client,
  sources: readonly string[],
  timing: Timing,
  watch: SchedulesWanted,
): Promise<string[]> {
  const { serving, watching } = plansFor(sources, timing, watch);
  await Promise.all([...serving, ...watching].map((plan) => ensureSchedule(client, plan)));
  if (watch.calls === null)
    await Promise.all([callListWorkflowId, probeWorkflowId].map((idOf) => removeSchedule(client, idOf('phone'))));
  // Where nobody writes mail any more, an old Schedule would only fail.
  if (!watch.canary) await Promise.all(sources.map((source) => removeSchedule(client, canaryWorkflowId(source))));
  return serving.map((plan) => plan.scheduleId);
}

async function ensureSchedule(client: Client, plan: Plan): Promise<void> {
  const options: ScheduleOptions = {
    scheduleId: plan.scheduleId,
    spec: { intervals: [{ every: plan.everyMs }] },
    action: {
      type: 'startWorkflow',
      workflowType: plan.workflowType,
      workflowId: plan.scheduleId,
      taskQueue: INTAKE_QUEUE,
      args: plan.args,
      staticSummary: plan.summary,
      ...(plan.source ? { typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.source, value: plan.source }] } : {}),
    },
    policies: { overlap: ScheduleOverlapPolicy.BUFFER_ONE, catchupWindow: '1 minute' },
  };
  try {
    await client.schedule.create(options);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(plan.scheduleId).update((known) => ({
      ...known,
      spec: options.spec,
      action: { ...options.action },
      policies: { ...known.policies, ...options.policies },
    }));
  }
}

/** A sweep of the last days of a source, begun now and each `everyMs`; a run that finds another backfill walking ends at once. */
export async function backfillSchedule(
  client: Client,
  { everyMs, timing, ...wanted }: NewBackfill & { everyMs: number; timing: Timing },
): Promise<string> {
  const { source, name, from, to, now: _, ...rest } = wanted;
  const scheduleId = backfillWorkflowId(source, name);
  const sweep = { ...rest, name, spanMs: to.getTime() - from.getTime() };
  await ensureSchedule(client, {
    scheduleId,
    workflowType: 'backfill',
    everyMs,
    args: [{ source, timing, sweep }],
    source,
    summary: `Sweeps the last days of ${source}`,
  });
  await triggerSchedules(client, [scheduleId]);
  return scheduleId;
}

async function removeSchedule(client: Client, scheduleId: string): Promise<void> {
  try {
    await client.schedule.getHandle(scheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

/** Runs every Schedule once, now, or after the run that is busy: the SDK's own default would run both side by side. */
export async function triggerSchedules(client: Client, scheduleIds: readonly string[]): Promise<void> {
  await Promise.all(scheduleIds.map((id) => client.schedule.getHandle(id).trigger(ScheduleOverlapPolicy.BUFFER_ONE)));
}

/** Makes the source's pacer look now, and starts it where it does not run. Harmless however often it is done. */
export async function wakePacer(
  client: Client,
  source: string,
  options: Omit<PacerInput, 'source'> = {},
): Promise<void> {
  await client.workflow.signalWithStart('pacer', {
    workflowId: pacerWorkflowId(source),
    taskQueue: INTAKE_QUEUE,
    args: [{ source, ...options } satisfies PacerInput],
    signal: 'lookNow',
    signalArgs: [],
    typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.source, value: source }],
    staticSummary: `Sets how fast ${source} is called`,
  });
}
