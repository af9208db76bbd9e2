import type { Client } from '@temporalio/client';
import { supportsQueueRate } from '../../activities/queue-rate.js';
import { systemClock } from '../../domain/clock.js';
import { DEPLOYMENT, INTAKE_QUEUE, LIFECYCLE_QUEUE, sourceQueue } from '../../domain/identity.js';
import type { Timing } from '../../domain/timing.js';
import { missingSearchAttributes, type SchedulesWanted, scheduleIds } from '../../workers/temporal-setup.js';
import { type Check, fine, problem, unknown, warning } from './findings.js';

const GRPC_NOT_FOUND = 5;
const WORKFLOW_QUEUE = 1;
const ACTIVITY_QUEUE = 2;
const LEAST_SERVER = '1.29.0';
/** A Schedule that has not fired for so many of its periods does not run. */
const PERIODS = 4;
const SLACK_MS = 60_000;
const POLLED_MS = 120_000;

export interface TemporalWanted {
  timing: Timing;
  /** Dashboards, which have Schedules of their own. */
  sources: readonly string[];
  schedules: SchedulesWanted;
  /** Whatever is called on a queue of its own. */
  called: readonly string[];
}

export const temporalChecks = (client: Client, wanted: TemporalWanted): Check[] => [
  { name: 'temporal', look: () => lookAtServer(client) },
  { name: 'search attributes', look: () => lookAtAttributes(client) },
  { name: 'schedules', look: () => lookAtSchedules(client, wanted) },
  { name: 'queue rate', look: () => lookAtQueueRate(client) },
  { name: 'workers', look: () => lookAtWorkers(client, wanted.called) },
  { name: 'versions', look: () => lookAtVersions(client) },
];

async function lookAtServer(client: Client) {
  const { serverVersion } = await client.connection.workflowService.getSystemInfo({});
  await client.connection.workflowService.describeNamespace({ namespace: client.options.namespace });
  const said = `Temporal ${serverVersion}, namespace ${client.options.namespace}`;
  return (serverVersion ?? '').localeCompare(LEAST_SERVER, undefined, { numeric: true }) < 0
    ? warning(`${said}: Waybill was measured on ${LEAST_SERVER} and newer.`, 'Upgrade the server.')
    : fine(`${said}.`);
}

async function lookAtAttributes(client: Client) {
  const missing = await missingSearchAttributes(client);
  return missing.length === 0
    ? fine('All search attributes are there.')
    : problem(
        `The search attributes ${missing.join(', ')} are missing: no workflow can start.`,
        'Run `waybill temporal setup`.',
      );
}

async function lookAtSchedules(client: Client, { timing, sources, schedules }: TemporalWanted) {
  const wanted = new Set(scheduleIds(sources, timing, schedules));
  const paused: string[] = [];
  const silent: string[] = [];
  const now = systemClock.now().getTime();
  for await (const { scheduleId, state, spec, info } of client.schedule.list()) {
    if (!wanted.delete(scheduleId)) continue;
    const everyMs = Number(spec?.intervals?.[0]?.every ?? Number.POSITIVE_INFINITY);
    const last = info.recentActions.at(-1)?.takenAt.getTime() ?? null;
    if (state.paused) paused.push(scheduleId);
    else if (last !== null && now - last > PERIODS * everyMs + SLACK_MS) silent.push(scheduleId);
  }
  const found = [];
  if (wanted.size > 0)
    found.push(
      problem(
        `The Schedules ${[...wanted].join(', ')} are missing: what they start does not happen.`,
        'Start a worker of the role intake, which makes them, or run `waybill temporal setup`.',
      ),
    );
  if (paused.length > 0)
    found.push(problem(`The Schedules ${paused.join(', ')} are paused.`, 'Unpause them in the Temporal UI.'));
  if (silent.length > 0)
    found.push(
      problem(
        `The Schedules ${silent.join(', ')} have started nothing for more than ${PERIODS} of their periods.`,
        'Look at their last run in the Temporal UI: one that never ends holds back the next.',
      ),
    );
  return found.length > 0 ? found : fine('Every Schedule is there and runs.');
}

async function lookAtQueueRate(client: Client) {
  return (await supportsQueueRate(client))
    ? fine('The server itself holds the rate of a queue.')
    : warning(
        'This server cannot hold the rate of a queue: each worker limits itself, and several are several times as fast.',
        'Upgrade the server and set matching.useNewMatcher, as deploy/temporal/dynamic-config.yaml does; until then run one worker per source.',
      );
}

async function pollersOf(client: Client, name: string, taskQueueType: number) {
  const { pollers } = await client.connection.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name },
    taskQueueType,
  });
  // The server keeps one for five minutes after it has gone; a long poll lasts one.
  const since = systemClock.now().getTime() - POLLED_MS;
  return (pollers ?? []).filter(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000 > since);
}

async function lookAtWorkers(client: Client, called: readonly string[]) {
  const queues = [
    [INTAKE_QUEUE, WORKFLOW_QUEUE],
    [LIFECYCLE_QUEUE, WORKFLOW_QUEUE],
    ...called.map((source) => [sourceQueue(source), ACTIVITY_QUEUE] as const),
  ] as const;
  const idle: string[] = [];
  for (const [name, type] of queues) if ((await pollersOf(client, name, type)).length === 0) idle.push(name);
  return idle.length === 0
    ? fine(`A worker polls every queue (${queues.map(([name]) => name).join(', ')}).`)
    : problem(
        `No worker polls ${idle.join(', ')}: what is queued there waits.`,
        'Start `waybill worker`, with the roles of these queues if you give roles.',
      );
}

/** Open runs that are pinned to a build of which no worker is left stand still, and nothing else says so. */
async function lookAtVersions(client: Client) {
  const { workflowService } = client.connection;
  const { namespace } = client.options;
  const described = await workflowService
    .describeWorkerDeployment({ namespace, deploymentName: DEPLOYMENT })
    .catch((error: unknown) => {
      // Only that there is none may read as none: what else fails is a finding of its own.
      if (error instanceof Error && 'code' in error && error.code === GRPC_NOT_FOUND) return null;
      throw error;
    });
  const known = described?.workerDeploymentInfo?.versionSummaries ?? [];
  if (known.length === 0) return unknown('No worker has told the server of its version yet.', 'Start a worker.');
  const polled = new Set(
    (await Promise.all([INTAKE_QUEUE, LIFECYCLE_QUEUE].map((name) => pollersOf(client, name, WORKFLOW_QUEUE))))
      .flat()
      .map(({ deploymentOptions }) => deploymentOptions?.buildId),
  );
  const stuck: string[] = [];
  for (const { deploymentVersion } of known) {
    const buildId = deploymentVersion?.buildId ?? '';
    if (buildId === '' || polled.has(buildId)) continue;
    const { count } = await client.workflow.count(
      `TemporalWorkerDeploymentVersion = '${DEPLOYMENT}:${buildId}' AND ExecutionStatus = 'Running' AND TemporalWorkflowVersioningBehavior = 'Pinned'`,
    );
    if (count > 0) stuck.push(`${count} of build ${buildId}`);
  }
  return stuck.length === 0
    ? fine('No open workflow waits for a build of which no worker is left.')
    : problem(
        `Open workflows wait for a build of which no worker is left: ${stuck.join(', ')}.`,
        'Start a worker of that build, or move them with `temporal workflow update-options --versioning-override-behavior auto_upgrade`.',
      );
}
